-- name: matter_regrid_open(town str, place_from str, place_to str) -> id i64, place str, title str, lon f64?, lat f64?
-- Open matters of a village or grid, oldest first.
SELECT id, place, title, lon, lat FROM matter
WHERE town = $town AND desk IS NOT NULL AND place >= $place_from AND place < $place_to ORDER BY created, id;

-- name: matter_regrid_place exec (id i64, place str, town str)
UPDATE matter SET place = $place, town = $town WHERE id = $id;

-- name: matter_regrid_values exec (id i64, place str)
UPDATE matter_value SET place = $place WHERE matter = $id;

-- name: matter_regrid_steps exec (id i64, place str)
UPDATE matter_step SET place = $place WHERE matter = $id;

-- name: matter_regrid_files exec (id i64, place str)
UPDATE matter_file SET place = $place WHERE matter = $id;
