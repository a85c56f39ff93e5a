-- ---- layers ----

-- name: map_layers() -> id i64, name str, title str, permission str, source str, version i64, updated i64
-- may scan: a few dozen layers
SELECT id, name, title, permission, source, version, updated FROM map_layer ORDER BY name;

-- name: map_layer_get(name str) -> id i64, title str, permission str, source str, version i64
SELECT id, title, permission, source, version FROM map_layer WHERE name = $name;

-- name: map_layer_put exec (id i64, name str, title str, permission str, source str, version i64, updated i64)
INSERT INTO map_layer (id, name, title, permission, source, version, updated)
VALUES ($id, $name, $title, $permission, $source, $version, $updated)
ON CONFLICT (name) DO UPDATE SET title = excluded.title, permission = excluded.permission, source = excluded.source,
	version = excluded.version, updated = excluded.updated;

-- name: map_layer_drop exec (name str)
DELETE FROM map_layer WHERE name = $name;

-- name: map_features_page(layer str, after i64, n i64) -> id i64, fid str, place str, name str, kind str, lon f64, lat f64
SELECT id, fid, place, name, kind, lon, lat FROM map_feature WHERE layer = $layer AND id > $after ORDER BY id LIMIT $n;

-- name: map_features_props(ids i64[]) -> id i64, props str
SELECT id, props FROM map_feature WHERE id IN ($ids[]);

-- Nothing is written when nothing differs but the run.
-- name: map_feature_put one (id i64, layer str, fid str, place str, name str, kind str, lon f64, lat f64, props str, run i64) -> id i64
INSERT INTO map_feature (id, layer, fid, place, name, kind, lon, lat, props, run)
VALUES ($id, $layer, $fid, $place, $name, $kind, $lon, $lat, $props, $run)
ON CONFLICT (layer, fid) DO UPDATE SET place = excluded.place, name = excluded.name, kind = excluded.kind, lon = excluded.lon,
	lat = excluded.lat, props = excluded.props, run = excluded.run
RETURNING id;

-- name: map_features_old exec (layer str, run i64)
DELETE FROM map_feature WHERE layer = $layer AND run <> $run;

-- name: map_features_count one (layer str) -> n i64
SELECT count(*) AS n FROM map_feature WHERE layer = $layer;

-- ---- matters, for the points in memory ----

-- name: map_matters_page(after i64, n i64) -> id i64, place str, lon f64?, lat f64?, category str, scenario str, state str, channel str, created i64,
--   due i64, state_since i64, suspended_since i64, closed i64, total_due i64, holder_org i64, is_public bool, demo bool, escalated i64, reopened i64,
--   judge_solved i64, excluded i64, merged_into i64
SELECT id, place, lon, lat, category, scenario, state, channel, created, due, state_since, suspended_since, closed, total_due, holder_org, is_public,
	demo, escalated, reopened, judge_solved, excluded, merged_into
FROM matter WHERE id > $after ORDER BY id LIMIT $n;

-- name: map_matters_of(ids i64[]) -> id i64, place str, lon f64?, lat f64?, category str, scenario str, state str, channel str, created i64,
--   due i64, state_since i64, suspended_since i64, closed i64, total_due i64, holder_org i64, is_public bool, demo bool, escalated i64, reopened i64,
--   judge_solved i64, excluded i64, merged_into i64
SELECT id, place, lon, lat, category, scenario, state, channel, created, due, state_since, suspended_since, closed, total_due, holder_org, is_public,
	demo, escalated, reopened, judge_solved, excluded, merged_into
FROM matter WHERE id IN ($ids[]);

-- ---- the wall ----

-- name: map_oldest(place_from str, place_to str, n i64) -> id i64, created i64
-- may scan: walks the index of the open ones in its order, which has the place too, and stops at the n-th
SELECT id, created FROM matter WHERE desk IS NOT NULL AND place >= $place_from AND place < $place_to ORDER BY created, id LIMIT $n;

-- name: map_newest(place_from str, place_to str, n i64) -> id i64, created i64
-- may scan: walks the index of the open ones in its order, which has the place too, and stops at the n-th
SELECT id, created FROM matter WHERE desk IS NOT NULL AND place >= $place_from AND place < $place_to ORDER BY created DESC, id DESC LIMIT $n;

-- name: map_urgent(category str, since i64, place_from str, place_to str, n i64) -> id i64, created i64
SELECT id, created FROM matter WHERE category = $category AND created >= $since AND desk IS NOT NULL AND place >= $place_from AND place < $place_to
ORDER BY created DESC, id DESC LIMIT $n;

-- Open matters whose deadline has passed since.
-- name: map_turned_late one (since i64, now i64, place_from str, place_to str, n i64) -> n i64
-- may scan: counts what the index has between two times, at most n
SELECT count(*) AS n FROM (SELECT 1 AS one FROM matter WHERE desk IS NOT NULL AND due >= $since AND due <= $now AND place >= $place_from
	AND place < $place_to LIMIT $n) AS found;

-- name: map_matters_told(ids i64[]) -> id i64, title str, place str, scenario str, state str, category str, channel str, created i64, updated i64,
--   due i64, state_since i64, suspended_since i64, closed i64, holder_org i64, is_public bool
SELECT id, title, place, scenario, state, category, channel, created, updated, due, state_since, suspended_since, closed, holder_org, is_public
FROM matter WHERE id IN ($ids[]);

-- name: map_boards(place_from str, place_to str) -> id i64, name str
SELECT id, name FROM org WHERE place >= $place_from AND place < $place_to AND kind = 'board';

-- ---- counted anew, for the test ----

-- The same filters as the points in memory have. Edges of the area: south and west belong to it.
-- name: map_recount one (place_from str, place_to str, public_only bool, state str?, category str?, below_from str, below_to str, scenario str?, channel str?,
--   org i64?, since i64, until i64, closed_since i64, closed_until i64, tag str?, west f64?, east f64, south f64, north f64) -> n i64
-- may scan: counts everything there is
SELECT count(*) AS n FROM matter WHERE place >= $place_from AND place < $place_to AND (is_public OR NOT $public_only)
	AND created >= $since AND ($until = 0 OR created < $until)
	AND closed >= $closed_since AND ($closed_until = 0 OR (closed > 0 AND closed < $closed_until))
	{{when state: AND state = $state}}
	{{when category: AND (category = $category OR (category >= $below_from AND category < $below_to))}}
	{{when scenario: AND scenario = $scenario}}
	{{when channel: AND channel = $channel}}
	{{when org: AND holder_org = $org}}
	{{when tag: AND (($tag = 'demo' AND demo) OR ($tag = 'reopened' AND reopened > 0) OR ($tag = 'escalated' AND escalated > 0 AND closed = 0)
		OR ($tag = 'suspended' AND suspended_since > 0) OR ($tag = 'solved' AND judge_solved > 0) OR ($tag = 'not-solved' AND judge_solved < 0)
		OR ($tag = 'excluded' AND excluded > 0) OR ($tag = 'merged' AND merged_into > 0)
		OR ($tag = 'unassigned' AND holder_org = 0 AND closed = 0))}}
	{{when west: AND lon >= $west AND lon < $east AND lat > $south AND lat <= $north AND NOT (lon = 0 AND lat = 0)}};

-- What the tests of tags and of clocks that disagree make of a matter.
-- name: map_redress exec (id i64, category str, created i64, closed i64, demo bool, reopened i64, escalated i64, suspended_since i64, judge_solved i64,
--   excluded i64, merged_into i64, holder_org i64)
UPDATE matter SET category = $category, created = $created, closed = $closed, demo = $demo, reopened = $reopened, escalated = $escalated,
	suspended_since = $suspended_since, judge_solved = $judge_solved, excluded = $excluded, merged_into = $merged_into, holder_org = $holder_org
WHERE id = $id;
