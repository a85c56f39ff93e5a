-- ---- scenarios ----

-- name: matter_scenario_versions() -> id str, version i64
-- may scan: a few dozen scenarios, read at start
SELECT id, version FROM scenario ORDER BY id, version;

-- name: matter_scenario_text one (id str, version i64) -> body str
SELECT body FROM scenario WHERE id = $id AND version = $version;

-- name: matter_scenario_last(id str) -> version i64, digest blob
SELECT version, digest FROM scenario WHERE id = $id ORDER BY version DESC LIMIT 1;

-- name: matter_scenario_put exec (id str, version i64, digest blob, body str, created i64)
INSERT INTO scenario (id, version, digest, body, created) VALUES ($id, $version, $digest, $body, $created);

-- ---- filing ----

-- name: matter_insert exec (id i64, code str, scenario str, scenario_version i64, state str, kind i64, place str, town str,
--   lon f64?, lat f64?, category str, title str, channel str, created i64, updated i64, state_since i64, due i64, total_due i64, closed i64,
--   reporter i64, filed_by i64, is_public bool, demo bool, desk str?, source str?, source_id str?, lang str?, fields str)
INSERT INTO matter (id, code, scenario, scenario_version, state, kind, version, place, town, lon, lat, category, title, channel, created, updated,
	state_since, due, total_due, kept_due, suspended_since, escalated, closed, holder_org, holder_post, holder, handler, reporter, filed_by, is_public, demo,
	judge_score, judge_solved, judged, verdict, excluded, merged_into, reopened, desk, source, source_id, lang, fields)
VALUES ($id, $code, $scenario, $scenario_version, $state, $kind, 1, $place, $town, $lon, $lat, $category, $title, $channel, $created, $updated,
	$state_since, $due, $total_due, 0, 0, 0, $closed, 0, 0, 0, 0, $reporter, $filed_by, $is_public, $demo,
	0, 0, 0, '', 0, 0, 0, $desk, $source, $source_id, $lang, $fields)
ON CONFLICT DO NOTHING;

-- name: matter_of_source(source str, source_id str) -> id i64, code str
SELECT id, code FROM matter WHERE source = $source AND source_id = $source_id AND source IS NOT NULL;

-- name: matter_value_put exec (matter i64, field str, place str, sealed blob, lookup blob?)
INSERT INTO matter_value (matter, field, place, sealed, lookup) VALUES ($matter, $field, $place, $sealed, $lookup);

-- name: matter_file_put exec (id i64, matter i64, name str, type str, path str, thumb str, size i64, width i64, height i64, step i64)
INSERT INTO matter_file (id, matter, place, name, type, path, thumb, size, width, height, step)
SELECT $id, $matter, place, $name, $type, $path, $thumb, $size, $width, $height, $step FROM matter WHERE id = $matter;

-- ---- reading ----

-- name: matter_row one (id i64?, code str?) -> id i64, code str, scenario str, scenario_version i64, state str, version i64, place str,
--   lon f64?, lat f64?, category str, title str, channel str, created i64, updated i64, state_since i64, due i64, total_due i64, kept_due i64,
--   suspended_since i64, escalated i64, closed i64, holder_org i64, holder_post i64, holder i64, handler i64, reporter i64, filed_by i64,
--   is_public bool, demo bool, judge_score i64, judge_solved i64, judged i64, verdict str, excluded i64, merged_into i64, reopened i64,
--   parts i64, lang str?, fields str
SELECT id, code, scenario, scenario_version, state, version, place, lon, lat, category, title, channel, created, updated, state_since, due, total_due,
	kept_due, suspended_since, escalated, closed, holder_org, holder_post, holder, handler, reporter, filed_by, is_public, demo, judge_score, judge_solved,
	judged, verdict, excluded, merged_into, reopened, parts, lang, fields
FROM matter WHERE {{when id: id = $id}} {{unless id: code = $code}};

-- name: matter_sealed(matter i64) -> field str, sealed blob
SELECT field, sealed FROM matter_value WHERE matter = $matter ORDER BY field;

-- name: matter_sealed_of(matter i64, field str) -> sealed blob
SELECT sealed FROM matter_value WHERE matter = $matter AND field = $field;

-- name: matter_by_lookup(lookup blob, n i64) -> matter i64
SELECT matter FROM matter_value WHERE lookup = $lookup AND lookup IS NOT NULL LIMIT $n;

-- name: matter_steps(matter i64) -> id i64, at i64, actor i64, action str, state_from str, state_to str, note str, is_public bool, vals str
SELECT id, at, actor, action, state_from, state_to, note, is_public, vals FROM matter_step WHERE matter = $matter ORDER BY id;

-- name: matter_last_step(matter i64) -> at i64, actor i64, action str
SELECT at, actor, action FROM matter_step WHERE matter = $matter ORDER BY id DESC LIMIT 1;

-- name: matter_did(matter i64, action str, state_to str) -> at i64
SELECT at FROM matter_step WHERE matter = $matter AND action = $action AND state_to = $state_to ORDER BY id DESC LIMIT 1;

-- name: matter_files_of(matter i64) -> id i64, name str, type str, path str, thumb str, size i64, width i64, height i64, step i64
SELECT id, name, type, path, thumb, size, width, height, step FROM matter_file WHERE matter = $matter ORDER BY id;

-- ---- acting ----

-- name: matter_update exec (id i64, version i64, state str, kind i64, updated i64, state_since i64, due i64, total_due i64, kept_due i64,
--   suspended_since i64, escalated i64, closed i64, holder_org i64, holder_post i64, holder i64, handler i64, judge_score i64, judge_solved i64,
--   judged i64, verdict str, excluded i64, merged_into i64, reopened i64, category str, parts i64, desk str?)
UPDATE matter SET version = version + 1, state = $state, kind = $kind, updated = $updated, state_since = $state_since, due = $due,
	total_due = $total_due, kept_due = $kept_due, suspended_since = $suspended_since, escalated = $escalated, closed = $closed,
	holder_org = $holder_org, holder_post = $holder_post, holder = $holder, handler = $handler, judge_score = $judge_score,
	judge_solved = $judge_solved, judged = $judged, verdict = $verdict, excluded = $excluded, merged_into = $merged_into, reopened = $reopened,
	category = $category, parts = $parts, desk = $desk
WHERE id = $id AND version = $version;

-- ---- who helps ----

-- name: matter_parts_of(matter i64) -> org i64, asked i64, done i64, done_by i64, open bool
SELECT org, asked, done, done_by, open FROM matter_part WHERE matter = $matter ORDER BY org;

-- name: matter_part_put exec (matter i64, org i64, asked i64, due i64)
INSERT INTO matter_part (matter, org, place, asked, done, done_by, open, due)
SELECT $matter, $org, place, $asked, 0, 0, TRUE, $due FROM matter WHERE id = $matter
ON CONFLICT (matter, org) DO NOTHING;

-- name: matter_parts_drop exec (matter i64)
DELETE FROM matter_part WHERE matter = $matter;

-- name: matter_part_done exec (matter i64, org i64, at i64, actor i64)
UPDATE matter_part SET done = $at, done_by = $actor, open = FALSE WHERE matter = $matter AND org = $org AND done = 0;

-- What waits follows the matter: its deadline, and whether it is still being handled.
-- name: matter_parts_follow exec (matter i64, due i64, live bool)
UPDATE matter_part SET due = $due, open = ($live AND done = 0) WHERE matter = $matter;

-- name: matter_merge_again exec (old i64, into i64)
UPDATE matter SET merged_into = $into WHERE merged_into = $old AND merged_into > 0;

-- name: matter_merged_into(id i64) -> id i64
SELECT id FROM matter WHERE merged_into = $id AND merged_into > 0 ORDER BY id LIMIT 100;

-- The place is the matter's now: it may have moved since the matter was read.
-- name: matter_step_put exec (id i64, matter i64, at i64, actor i64, action str, state_from str, state_to str, note str,
--   is_public bool, vals str)
INSERT INTO matter_step (id, matter, place, at, actor, action, state_from, state_to, note, is_public, vals)
SELECT $id, $matter, place, $at, $actor, $action, $state_from, $state_to, $note, $is_public, $vals FROM matter WHERE id = $matter;

-- name: matter_escalate exec (id i64, due i64)
UPDATE matter SET escalated = $due WHERE id = $id AND due = $due AND escalated <> $due;

-- Open matters whose deadline has passed and was not told of: they go forward in (due, id). The condition is that of the index matter_untold.
-- name: matter_untold(after_due i64, after_id i64, now i64, n i64) -> id i64, due i64
SELECT id, due FROM matter WHERE desk IS NOT NULL AND escalated <> due AND due < 9007199254740991
	AND (due, id) > ($after_due, $after_id) AND due <= $now ORDER BY due, id LIMIT $n;

-- ---- when a place gets another key ----

-- name: matter_places_in(old str, after_old str) -> place str
-- may scan: moving a place is rare
SELECT DISTINCT place FROM matter WHERE place >= $old AND place < $after_old ORDER BY place;

-- name: matter_rename exec (old_place str, new_place str, town str)
-- may scan: moving a place is rare
UPDATE matter SET place = $new_place, town = $town WHERE place = $old_place;

-- name: matter_value_rename exec (old str, new_key str, after_old str)
-- may scan: moving a place is rare
UPDATE matter_value SET place = $new_key || substr(place, length($old) + 1) WHERE place >= $old AND place < $after_old;

-- name: matter_part_rename exec (old str, new_key str, after_old str)
UPDATE matter_part SET place = $new_key || substr(place, length($old) + 1) WHERE place >= $old AND place < $after_old;

-- name: matter_step_rename exec (old str, new_key str, after_old str)
UPDATE matter_step SET place = $new_key || substr(place, length($old) + 1) WHERE place >= $old AND place < $after_old;

-- name: matter_file_rename exec (old str, new_key str, after_old str)
UPDATE matter_file SET place = $new_key || substr(place, length($old) + 1) WHERE place >= $old AND place < $after_old;
