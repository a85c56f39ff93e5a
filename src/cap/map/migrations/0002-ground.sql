-- The ground under the map: streets, water, green, from an OpenStreetMap extract. An edition is one import; at most one is in force, and it is put in force as
-- a whole when all of it is there. digest: of the file and of the rules it was read by. places: the version of place_clock its roads were assigned by.
CREATE TABLE map_ground (
	id BIGINT PRIMARY KEY,
	digest TEXT NOT NULL,
	in_force BOOLEAN NOT NULL,
	file TEXT NOT NULL,
	source TEXT NOT NULL,
	parts BIGINT NOT NULL,
	features BIGINT NOT NULL,
	points BIGINT NOT NULL,
	roads BIGINT NOT NULL,
	places BIGINT NOT NULL,
	updated BIGINT NOT NULL
) {{STRICT}};

-- body: features as src/geo/ground.h writes them, some 128 KiB, in the order of the number.
CREATE TABLE map_ground_part (
	edition BIGINT NOT NULL,
	number BIGINT NOT NULL,
	body {{BLOB}} NOT NULL,
	PRIMARY KEY (edition, number)
) {{CLUSTERED}};

-- A named road in a community it runs through: a point of it near the middle of that stretch, and how far (metres) the stretch reaches from there.
CREATE TABLE map_road (
	edition BIGINT NOT NULL,
	number BIGINT NOT NULL,
	place TEXT NOT NULL,
	name TEXT NOT NULL,
	lon DOUBLE PRECISION NOT NULL,
	lat DOUBLE PRECISION NOT NULL,
	reach DOUBLE PRECISION NOT NULL,
	PRIMARY KEY (edition, number)
) {{CLUSTERED}};
