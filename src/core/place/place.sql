-- name: place_get one (key str) -> key str, parent str, level i64, code str?, name str, hidden bool, since i64, until i64, lon f64?, lat f64?
SELECT key, parent, level, code, name, hidden, since, until, lon, lat FROM place WHERE key = $key;

-- name: place_many(keys str[]) -> key str, parent str, level i64, code str?, name str, hidden bool, since i64, until i64, lon f64?, lat f64?
SELECT key, parent, level, code, name, hidden, since, until, lon, lat FROM place WHERE key IN ($keys[]);

-- name: place_of_code(code str) -> key str, parent str, level i64, code str?, name str, hidden bool, since i64, until i64, lon f64?, lat f64?
SELECT key, parent, level, code, name, hidden, since, until, lon, lat FROM place WHERE code = $code;

-- name: place_of_past_code(code str) -> key str, since i64, until i64
SELECT key, since, until FROM place_past_code WHERE code = $code ORDER BY until DESC;

-- name: place_kids(parent str) -> key str, parent str, level i64, code str?, name str, hidden bool, since i64, until i64, lon f64?, lat f64?
SELECT key, parent, level, code, name, hidden, since, until, lon, lat FROM place
WHERE parent = $parent AND until = 0 ORDER BY key;

-- name: place_all_kids(parent str) -> key str
-- Those that have ended too.
SELECT key FROM place WHERE parent = $parent ORDER BY key;

-- name: place_each each (key_from str, key_to str) -> key str, parent str, level i64, code str?, name str, hidden bool, since i64, until i64, lon f64?, lat f64?, point_source str?
SELECT key, parent, level, code, name, hidden, since, until, lon, lat, point_source FROM place
WHERE key > $key_from AND key < $key_to ORDER BY key;

-- name: place_in_cells(level i64, cell_from i64, cell_to i64) -> key str, parent str, level i64, code str?, name str, hidden bool, since i64, until i64, lon f64?, lat f64?
SELECT key, parent, level, code, name, hidden, since, until, lon, lat FROM place
WHERE level = $level AND cell >= $cell_from AND cell <= $cell_to AND until = 0;

-- name: place_moved(keys str[]) -> key_old str, key_new str, at i64
SELECT key_old, key_new, at FROM place_history WHERE key_old IN ($keys[]) AND kind IN ('move', 'merge');

-- name: place_history_of(key str) -> id i64, kind str, key_old str, key_new str, value_old str, value_new str, at i64, who i64, reason str
-- Newest first.
SELECT id, kind, key_old, key_new, value_old, value_new, at, who, reason FROM place_history
WHERE key_new = $key ORDER BY at DESC;

-- name: place_count one (level i64) -> n i64
-- may scan: a count for the doctor, the demo and the tests
SELECT count(*) AS n FROM place WHERE level = $level AND until = 0;

-- name: place_insert exec (key str, parent str, level i64, code str?, name str, hidden bool, since i64, until i64, lon f64?, lat f64?, point_source str?, cell i64?)
INSERT INTO place (key, parent, level, code, name, hidden, since, until, lon, lat, point_source, cell, next)
VALUES ($key, $parent, $level, $code, $name, $hidden, $since, $until, $lon, $lat, $point_source, $cell, 0)
ON CONFLICT (key) DO NOTHING;

-- name: place_next one (key str) -> n i64
-- Takes the next number for a child that gets its key from no code.
UPDATE place SET next = next + 1 WHERE key = $key RETURNING next - 1;

-- name: place_set_name exec (key str, name str)
UPDATE place SET name = $name WHERE key = $key;

-- name: place_set_code exec (key str, code str?, since i64)
UPDATE place SET code = $code, since = $since WHERE key = $key;

-- name: place_set_point exec (key str, lon f64, lat f64, point_source str, cell i64)
UPDATE place SET lon = $lon, lat = $lat, point_source = $point_source, cell = $cell WHERE key = $key;

-- name: place_end exec (key str, until i64)
UPDATE place SET until = $until WHERE key = $key;

-- name: place_past_add exec (code str, key str, since i64, until i64)
INSERT INTO place_past_code (code, key, since, until) VALUES ($code, $key, $since, $until)
ON CONFLICT (code, until, key) DO NOTHING;

-- name: place_past_rekey exec (key_from str, key_to str, key_new str, behind i64)
UPDATE place_past_code SET key = $key_new || substr(key, CAST($behind AS INTEGER))
WHERE key >= $key_from AND key < $key_to;

-- name: place_rekey exec (key_from str, key_to str, key_new str, behind i64, parent_new str)
-- A whole subtree; the parent of its top is set, of the others rewritten.
UPDATE place SET key = $key_new || substr(key, CAST($behind AS INTEGER)),
	parent = CASE WHEN key = $key_from THEN $parent_new ELSE $key_new || substr(parent, CAST($behind AS INTEGER)) END
WHERE key >= $key_from AND key < $key_to;

-- name: place_history_add exec (id i64, kind str, key_old str, key_new str, value_old str, value_new str, at i64, who i64, reason str)
INSERT INTO place_history (id, kind, key_old, key_new, value_old, value_new, at, who, reason)
VALUES ($id, $kind, $key_old, $key_new, $value_old, $value_new, $at, $who, $reason);

-- name: place_known(codes str[]) -> code str, key str, name str, lon f64?, lat f64?, point_source str?
SELECT code, key, name, lon, lat, point_source FROM place WHERE code IN ($codes[]) AND until = 0;

-- name: place_import_get(digest str) -> done_rows i64
SELECT done_rows FROM place_import WHERE digest = $digest;

-- name: place_import_set exec (digest str, done_rows i64, at i64)
INSERT INTO place_import (digest, done_rows, at) VALUES ($digest, $done_rows, $at)
ON CONFLICT (digest) DO UPDATE SET done_rows = excluded.done_rows, at = excluded.at;

-- name: place_history_rekey exec (key_from str, key_to str, key_new str, behind i64)
-- Past events follow the place to its new key.
UPDATE place_history SET key_new = $key_new || substr(key_new, CAST($behind AS INTEGER))
WHERE key_new >= $key_from AND key_new < $key_to;

-- name: place_key_used(key str) -> at i64
-- Keys are never used twice.
SELECT at FROM place_history WHERE key_old = $key AND kind IN ('move', 'merge');

-- name: place_moving(key str) -> key_new str
-- A large move that has begun and not ended.
SELECT key_new FROM place_history WHERE key_old = $key AND kind = 'moving' ORDER BY at DESC;

-- name: place_history_drop exec (key str, kind str)
DELETE FROM place_history WHERE key_old = $key AND kind = $kind;

-- name: place_delete exec (key str)
-- Only the empty shell that a large move leaves behind.
DELETE FROM place WHERE key = $key;
