-- name: importer_done one (digest str) -> done i64
SELECT done FROM importer_run WHERE digest = $digest;

-- name: importer_note exec (digest str, done i64, updated i64)
INSERT INTO importer_run (digest, done, updated) VALUES ($digest, $done, $updated)
ON CONFLICT (digest) DO UPDATE SET done = excluded.done, updated = excluded.updated;
