-- The store's own book: which migrations were applied. Made by db_migrate before anything else.

-- name: db_schema_make exec ()
CREATE TABLE IF NOT EXISTS schema_migration (
	module TEXT NOT NULL,
	number BIGINT NOT NULL,
	name TEXT NOT NULL,
	checksum TEXT NOT NULL,
	applied BIGINT NOT NULL,
	PRIMARY KEY (module, number)
);

-- name: db_schema_list() -> module str, number i64, name str, checksum str, applied i64
-- may scan: a few dozen rows, read at start
SELECT module, number, name, checksum, applied FROM schema_migration ORDER BY module, number;

-- name: db_schema_add exec (module str, number i64, name str, checksum str, applied i64)
INSERT INTO schema_migration (module, number, name, checksum, applied) VALUES ($module, $number, $name, $checksum, $applied);

-- name: db_schema_remove exec (module str)
DELETE FROM schema_migration WHERE module = $module;
