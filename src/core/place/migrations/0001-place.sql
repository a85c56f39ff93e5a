-- Places. key: docs in place.h. hidden: a node that exists in the codes only (市辖区, 县). next: number of the next child key
-- that does not come from a code. cell: the square of 0.02 degrees the point lies in, for "what is near".
CREATE TABLE place (
	key TEXT PRIMARY KEY,
	parent TEXT NOT NULL,
	level BIGINT NOT NULL,
	code TEXT,
	name TEXT NOT NULL,
	hidden BOOLEAN NOT NULL,
	since BIGINT NOT NULL,
	until BIGINT NOT NULL,
	lon DOUBLE PRECISION,
	lat DOUBLE PRECISION,
	point_source TEXT,
	cell BIGINT,
	next BIGINT NOT NULL
){{STRICT}};
CREATE INDEX place_parent ON place (parent, key);
CREATE INDEX place_code ON place (code);
CREATE INDEX place_cell ON place (level, cell);

-- Codes that a place had before the one it has.
CREATE TABLE place_past_code (
	code TEXT NOT NULL,
	key TEXT NOT NULL,
	since BIGINT NOT NULL,
	until BIGINT NOT NULL,
	PRIMARY KEY (code, until, key)
){{STRICT}};
CREATE INDEX place_past_code_key ON place_past_code (key);

-- What happened to places. kind: move, merge (key_new is where things are now), name, code, end.
CREATE TABLE place_history (
	id BIGINT PRIMARY KEY,
	kind TEXT NOT NULL,
	key_old TEXT NOT NULL,
	key_new TEXT NOT NULL,
	value_old TEXT NOT NULL,
	value_new TEXT NOT NULL,
	at BIGINT NOT NULL,
	who BIGINT NOT NULL,
	reason TEXT NOT NULL
){{STRICT}};
CREATE INDEX place_history_old ON place_history (key_old, at);
CREATE INDEX place_history_new ON place_history (key_new, at);

-- How far the import of a file has come, by the SHA-256 of the file: an interrupted one goes on from there.
CREATE TABLE place_import (
	digest TEXT PRIMARY KEY,
	done_rows BIGINT NOT NULL,
	at BIGINT NOT NULL
){{STRICT}};

INSERT INTO place (key, parent, level, name, hidden, since, until, next) VALUES ('', '-', 0, '', true, 0, 0, 0);
