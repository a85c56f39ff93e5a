-- The newest of a town in a span of time.
-- name: matter_similar_town(town str, since i64, until i64, n i64) -> id i64
SELECT id FROM matter WHERE town = $town AND created >= $since AND created < $until ORDER BY created DESC, id DESC LIMIT $n;

-- By their ids: conditions as expressions, so that no planner walks the town's rows of those days instead.
-- name: matter_similar_rows(ids i64[], town str, since i64, until i64) -> id i64, code str, title str, scenario str, scenario_version i64, state str,
--   fields str, place str, created i64, closed i64, lon f64?, lat f64?
SELECT id, code, title, scenario, scenario_version, state, fields, place, created, closed, lon, lat FROM matter
WHERE id IN ($ids[]) AND town || '' = $town AND created + 0 >= $since AND created + 0 < $until AND merged_into = 0;

-- Who holds or held the newest matters of a town: at most n rows are looked at.
-- name: matter_similar_holders(town str, since i64, category str, n i64) -> holder_org i64
-- may scan: the at most n rows of one town that the inner select gives
SELECT x.holder_org FROM (SELECT holder_org, category FROM matter WHERE town = $town AND created >= $since ORDER BY created DESC, id DESC LIMIT $n) x
WHERE x.holder_org > 0 AND x.category = $category;

-- name: matter_load_of(orgs i64[], n i64) -> holder_org i64, open i64
-- may scan: at most n entries of the index of holders
SELECT x.holder_org, CAST(count(*) AS BIGINT) FROM (SELECT holder_org FROM matter WHERE desk IS NOT NULL AND holder_org > 0
	AND holder_org IN ($orgs[]) LIMIT $n) x GROUP BY x.holder_org;

-- name: matter_near_rows(town str, since i64, until i64, n i64) -> id i64, code str, title str, scenario str, state str, kind i64, place str, created i64,
--   merged_into i64, lon f64?, lat f64?
SELECT id, code, title, scenario, state, kind, place, created, merged_into, lon, lat FROM matter
WHERE town = $town AND created >= $since AND created < $until ORDER BY created DESC, id DESC LIMIT $n;
