-- Areas. One row an area a place has or had: until 0 is in force. area: bytes of geo/shape.h; west.. its box, in steps of 1e-7 degrees.
-- dated: the day the source stands for, as told ("2023-12-31"). rough: 示意, good enough to look at, not to decide by. version: see place_clock.
CREATE TABLE place_area (
	id BIGINT PRIMARY KEY,
	place TEXT NOT NULL,
	level BIGINT NOT NULL,
	since BIGINT NOT NULL,
	until BIGINT NOT NULL,
	source TEXT NOT NULL,
	dated TEXT NOT NULL,
	rough BOOLEAN NOT NULL,
	reason TEXT NOT NULL,
	who BIGINT NOT NULL,
	west BIGINT NOT NULL,
	south BIGINT NOT NULL,
	east BIGINT NOT NULL,
	north BIGINT NOT NULL,
	area {{BLOB}} NOT NULL,
	version BIGINT NOT NULL
){{STRICT}};
CREATE INDEX place_area_place ON place_area (place, since);
CREATE INDEX place_area_level ON place_area (level, until, place);
CREATE INDEX place_area_version ON place_area (version);

-- One row: counts every change of where places lie, so that what is kept in memory knows when to look again. origin tells stores apart.
CREATE TABLE place_clock (
	id BIGINT PRIMARY KEY,
	origin BIGINT NOT NULL,
	version BIGINT NOT NULL
){{STRICT}};
INSERT INTO place_clock (id, origin, version) VALUES (1, 0, 0);
