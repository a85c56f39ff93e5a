-- The same points, as a careful user of PostGIS would keep them: a geometry in Web Mercator, clustered along it, indexes for each of the queries.
CREATE EXTENSION postgis;
CREATE UNLOGGED TABLE raw (id bigint, x bigint, y bigint, t integer, category smallint, state smallint, town integer);
COPY raw FROM :'points' (FORMAT csv);
CREATE TABLE point AS
	SELECT id, x, y, t, category, state, town,
		ST_SetSRID(ST_MakePoint((x + 0.5) / 4294967296.0 * 40075016.685578488 - 20037508.342789244,
			20037508.342789244 - (y + 0.5) / 4294967296.0 * 40075016.685578488), 3857) AS geom
	FROM raw;
DROP TABLE raw;
CREATE INDEX point_geom ON point USING gist (geom);
CLUSTER point USING point_geom;
CREATE INDEX point_category ON point (category, t);
CREATE INDEX point_t ON point (t);
CREATE TABLE tile (i integer, z integer, x bigint, y bigint, n bigint);
COPY tile FROM :'tiles' (FORMAT csv);
VACUUM ANALYZE point;
