-- ---- several at once ----

-- name: cases_bulk_put exec (run str, matter i64, actor i64, at i64, action str, result i64, why str, why_en str)
INSERT INTO cases_bulk (run, matter, actor, at, action, result, why, why_en)
VALUES ($run, $matter, $actor, $at, $action, $result, $why, $why_en) ON CONFLICT (run, matter) DO NOTHING;

-- name: cases_bulk_of(run str, actor i64) -> matter i64, action str, result i64, why str, why_en str
SELECT matter, action, result, why, why_en FROM cases_bulk WHERE run = $run AND actor = $actor ORDER BY matter;

-- name: cases_bulk_clean exec (before i64)
DELETE FROM cases_bulk WHERE at < $before;

-- ---- saved filters ----

-- name: cases_view_add exec (id i64, owner i64, org i64, name str, lines str, created i64)
INSERT INTO cases_view (id, owner, org, name, lines, created) VALUES ($id, $owner, $org, $name, $lines, $created);

-- name: cases_view_mine(owner i64, n i64) -> id i64, org i64, name str, lines str
SELECT id, org, name, lines FROM cases_view WHERE owner = $owner ORDER BY id LIMIT $n;

-- name: cases_view_shared(orgs i64[], owner i64, n i64) -> id i64, org i64, owner i64, name str, lines str
-- may scan: sorts the few filters of a reader's organisations
SELECT id, org, owner, name, lines FROM cases_view WHERE org > 0 AND org IN ($orgs[]) AND owner <> $owner ORDER BY id LIMIT $n;

-- name: cases_view_drop exec (id i64, owner i64)
DELETE FROM cases_view WHERE id = $id AND owner = $owner;

-- ---- what has been seen ----

-- name: cases_seen_get(account i64) -> seq i64, at i64
SELECT seq, at FROM cases_seen WHERE account = $account;

-- name: cases_seen_put exec (account i64, seq i64, at i64)
INSERT INTO cases_seen (account, seq, at) VALUES ($account, $seq, $at)
ON CONFLICT (account) DO UPDATE SET seq = excluded.seq, at = excluded.at WHERE excluded.seq >= cases_seen.seq;

-- ---- texts for replies ----

-- name: cases_template_of(places str[]) -> id i64, place str, org i64, scenario str, category str, title str, body str, updated i64, updated_by i64
-- may scan: puts the few texts of one place and those above in order
SELECT id, place, org, scenario, category, title, body, updated, updated_by FROM reply_template WHERE place IN ($places[])
ORDER BY title, id LIMIT 500;

-- name: cases_template_in(place_from str, place_to str, n i64) -> id i64, place str, org i64, scenario str, category str, title str, body str, updated i64,
--   updated_by i64
SELECT id, place, org, scenario, category, title, body, updated, updated_by FROM reply_template
WHERE place >= $place_from AND place < $place_to ORDER BY place, title, id LIMIT $n;

-- name: cases_template_get one (id i64) -> id i64, place str, org i64, scenario str, category str, title str, body str, updated i64, updated_by i64
SELECT id, place, org, scenario, category, title, body, updated, updated_by FROM reply_template WHERE id = $id;

-- name: cases_template_put exec (id i64, place str, org i64, scenario str, category str, title str, body str, updated i64, updated_by i64)
INSERT INTO reply_template (id, place, org, scenario, category, title, body, updated, updated_by)
VALUES ($id, $place, $org, $scenario, $category, $title, $body, $updated, $updated_by)
ON CONFLICT (id) DO UPDATE SET org = excluded.org, scenario = excluded.scenario, category = excluded.category, title = excluded.title,
	body = excluded.body, updated = excluded.updated, updated_by = excluded.updated_by;

-- name: cases_template_drop exec (id i64)
DELETE FROM reply_template WHERE id = $id;

-- name: cases_template_rename exec (old str, after_old str, new_key str, cut i64)
UPDATE reply_template SET place = $new_key || substr(place, CAST($cut AS INTEGER)) WHERE place >= $old AND place < $after_old;
