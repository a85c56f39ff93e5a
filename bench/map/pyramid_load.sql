-- All cells of all zooms of the tiles, made beforehand: what a view that is refreshed at night would hold. It cannot be filtered.
CREATE TABLE cell (z smallint, tx integer, ty integer, n bigint, id bigint, geom geometry(Point, 3857));
INSERT INTO cell
	SELECT z, (x >> (32 - z))::integer, (y >> (32 - z))::integer, count(*), min(id), ST_SetSRID(ST_MakePoint(avg(ST_X(geom)), avg(ST_Y(geom))), 3857)
	FROM point, (SELECT DISTINCT z FROM tile) AS zooms
	GROUP BY z, x >> (32 - z), y >> (32 - z), x >> (26 - z), y >> (26 - z);
CREATE INDEX cell_tile ON cell (z, tx, ty);
CLUSTER cell USING cell_tile;
VACUUM ANALYZE cell;
