-- name: map_grounds() -> id i64, digest str, in_force bool, file str, source str, parts i64, features i64, points i64, roads i64, places i64, updated i64
-- may scan: one edition in force, and what an interrupted import has left
SELECT id, digest, in_force, file, source, parts, features, points, roads, places, updated FROM map_ground ORDER BY id;

-- name: map_ground_new exec (id i64, digest str, file str, source str, updated i64)
INSERT INTO map_ground (id, digest, in_force, file, source, parts, features, points, roads, places, updated)
VALUES ($id, $digest, FALSE, $file, $source, 0, 0, 0, 0, 0, $updated);

-- name: map_ground_retire exec ()
-- may scan: a handful of rows
UPDATE map_ground SET in_force = FALSE WHERE in_force;

-- name: map_ground_enforce exec (id i64, file str, source str, parts i64, features i64, points i64, roads i64, places i64, updated i64)
UPDATE map_ground SET in_force = TRUE, file = $file, source = $source, parts = $parts, features = $features, points = $points, roads = $roads,
	places = $places, updated = $updated
WHERE id = $id;

-- Negative: somebody is at it, and nobody else writes roads of this edition (ground_renew.c).
-- name: map_ground_places exec (id i64, places i64)
UPDATE map_ground SET places = $places WHERE id = $id;

-- name: map_ground_renewed exec (id i64, places i64, roads i64)
UPDATE map_ground SET places = $places, roads = $roads WHERE id = $id;

-- name: map_ground_forget exec (id i64)
DELETE FROM map_ground WHERE id = $id AND NOT in_force;

-- name: map_ground_part_put exec (edition i64, number i64, body blob)
INSERT INTO map_ground_part (edition, number, body) VALUES ($edition, $number, $body) ON CONFLICT DO NOTHING;

-- name: map_ground_parts_count one (edition i64) -> n i64
SELECT count(*) AS n FROM map_ground_part WHERE edition = $edition;

-- name: map_ground_parts_page(edition i64, after i64, n i64) -> number i64, body blob
SELECT number, body FROM map_ground_part WHERE edition = $edition AND number > $after ORDER BY number LIMIT $n;

-- name: map_ground_parts_drop exec (edition i64, below i64)
DELETE FROM map_ground_part WHERE edition = $edition AND number < $below;

-- name: map_road_put exec (edition i64, number i64, place str, name str, lon f64, lat f64, reach f64)
INSERT INTO map_road (edition, number, place, name, lon, lat, reach) VALUES ($edition, $number, $place, $name, $lon, $lat, $reach) ON CONFLICT DO NOTHING;

-- name: map_roads_count one (edition i64) -> n i64
SELECT count(*) AS n FROM map_road WHERE edition = $edition;

-- name: map_roads_drop exec (edition i64, below i64)
DELETE FROM map_road WHERE edition = $edition AND number < $below;

-- name: map_roads_page(edition i64, after i64, n i64) -> number i64, place str, name str, lon f64, lat f64, reach f64
SELECT number, place, name, lon, lat, reach FROM map_road WHERE edition = $edition AND number > $after ORDER BY number LIMIT $n;

-- name: map_road_drop exec (edition i64, number i64)
DELETE FROM map_road WHERE edition = $edition AND number = $number;
