-- name: place_clock one () -> origin i64, version i64
SELECT origin, version FROM place_clock WHERE id = 1;

-- name: place_clock_tick one (origin i64) -> version i64
UPDATE place_clock SET version = version + 1, origin = CASE WHEN origin = 0 THEN $origin ELSE origin END
WHERE id = 1 RETURNING version;

-- name: place_area_now(place str) -> id i64, since i64, source str, dated str, rough bool, reason str, who i64, area blob
SELECT id, since, source, dated, rough, reason, who, area FROM place_area WHERE place = $place AND until = 0;

-- name: place_area_all(place str) -> id i64, since i64, until i64, source str, dated str, rough bool, reason str, who i64, area blob
-- Newest first.
SELECT id, since, until, source, dated, rough, reason, who, area FROM place_area WHERE place = $place ORDER BY since DESC, id DESC;

-- name: place_area_add exec (id i64, place str, level i64, since i64, source str, dated str, rough bool, reason str, who i64,
--   west i64, south i64, east i64, north i64, area blob, version i64)
INSERT INTO place_area (id, place, level, since, until, source, dated, rough, reason, who, west, south, east, north, area, version)
VALUES ($id, $place, $level, $since, 0, $source, $dated, $rough, $reason, $who, $west, $south, $east, $north, $area, $version);

-- name: place_area_end exec (place str, until i64, version i64)
UPDATE place_area SET until = $until, version = $version WHERE place = $place AND until = 0;

-- name: place_area_relabel exec (id i64, source str, dated str, rough bool, version i64)
UPDATE place_area SET source = $source, dated = $dated, rough = $rough, version = $version WHERE id = $id;

-- name: place_area_rekey exec (key_from str, key_to str, key_new str, behind i64, version i64)
UPDATE place_area SET place = $key_new || substr(place, CAST($behind AS INTEGER)), version = $version
WHERE place >= $key_from AND place < $key_to;

-- name: place_areas each (level i64, key_from str, key_to str) -> place str, since i64, source str, dated str, rough bool, area blob
SELECT place, since, source, dated, rough, area FROM place_area
WHERE level = $level AND until = 0 AND place >= $key_from AND place < $key_to ORDER BY place;

-- name: place_areas_since each (version i64) -> place str, level i64, until i64, rough bool, area blob, id i64, version i64
SELECT place, level, until, rough, area, id, version FROM place_area WHERE version > $version ORDER BY version;

-- name: place_area_count one (level i64) -> n i64
SELECT count(*) AS n FROM place_area WHERE level = $level AND until = 0;
