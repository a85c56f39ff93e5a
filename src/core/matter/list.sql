-- Lists walk one index, newest first by (created, id), between two places of it. At most one of the conditions in_… is given: it chooses the
-- index. All other conditions stand in one CASE with values that mean "any", so that no planner takes another index for one of them
-- and sorts afterwards.

-- text: matter_columns
id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public,
	demo, judge_score, judge_solved

-- text: matter_walk
(created, id) < ($before_key, $before_id) AND (created, id) >= ($end_key, $end_id)
	{{when in_person: AND holder = $in_person AND holder > 0}}
	{{when in_org: AND holder_org = $in_org AND holder_org > 0}}
	{{when in_town: AND town = $in_town}}
	{{when in_district: AND substr(place, 1, 6) = $in_district}}
	{{when in_state: AND state = $in_state}}
	{{when in_category: AND category = $in_category}}
	{{when in_channel: AND channel = $in_channel}}
	{{when in_scenario: AND scenario = $in_scenario}}
	{{when in_open: AND desk IS NOT NULL}}

-- text: matter_wanted
CASE WHEN place < $place_from OR place >= $place_to THEN FALSE
		WHEN $colour > 0 AND (suspended_since > 0 OR due = 9007199254740991) THEN FALSE
		WHEN $colour > 0 AND (due <= $now) <> ($colour = 3) THEN FALSE
		WHEN $colour IN (1, 2) AND ((due - $now) * 5 < due - state_since) <> ($colour = 2) THEN FALSE
		WHEN $scenario <> '' AND scenario <> $scenario THEN FALSE
		WHEN $state <> '' AND state <> $state THEN FALSE
		WHEN $category <> '' AND category <> $category THEN FALSE
		WHEN $channel <> '' AND channel <> $channel THEN FALSE
		WHEN $kind >= 0 AND kind <> $kind THEN FALSE
		WHEN $open_only AND desk IS NULL THEN FALSE
		WHEN $holder_org > 0 AND holder_org <> $holder_org THEN FALSE
		WHEN $holder > 0 AND holder <> $holder THEN FALSE
		WHEN $public_only AND NOT is_public THEN FALSE
		ELSE TRUE END

-- Where the walk is after `skip` more rows: looks at the index only.
-- name: matter_edge(in_person i64?, in_org i64?, in_town str?, in_district str?, in_state str?, in_category str?, in_channel str?,
--   in_scenario str?, in_open bool?, before_key i64, before_id i64, end_key i64, end_id i64, skip i64) -> created i64, id i64
SELECT created, id FROM matter WHERE {{text matter_walk}}
ORDER BY created DESC, id DESC LIMIT 1 OFFSET $skip;

-- name: matter_page(in_person i64?, in_org i64?, in_town str?, in_district str?, in_state str?, in_category str?, in_channel str?,
--   in_scenario str?, in_open bool?, before_key i64, before_id i64, end_key i64, end_id i64,
--   place_from str, place_to str, scenario str,
--   state str, category str, channel str, kind i64, open_only bool, holder_org i64, holder i64, public_only bool, colour i64, now i64, n i64) -> id i64, created i64, due i64, total_due i64,
--   state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str, state str, title str, place str, category str,
--   channel str, is_public bool, demo bool, judge_score i64, judge_solved i64
SELECT {{text matter_columns}}
FROM matter WHERE {{text matter_walk}}
	AND {{text matter_wanted}}
ORDER BY created DESC, id DESC LIMIT $n;

-- name: matter_page_count one (in_person i64?, in_org i64?, in_town str?, in_district str?, in_state str?, in_category str?, in_channel str?,
--   in_scenario str?, in_open bool?, before_key i64, before_id i64, end_key i64, end_id i64,
--   place_from str, place_to str, scenario str,
--   state str, category str, channel str, kind i64, open_only bool, holder_org i64, holder i64, public_only bool, colour i64, now i64, n i64) -> n i64
-- may scan: the result of the walk inside, whose plan is that of matter_page
SELECT count(*) FROM (SELECT 1 AS one FROM matter WHERE {{text matter_walk}}
	AND {{text matter_wanted}}
LIMIT $n) AS found;

-- Those found by the full text.
-- name: matter_page_ids(ids i64[], since i64, until i64, place_from str, place_to str, scenario str,
--   state str, category str, channel str, kind i64, open_only bool, holder_org i64, holder i64, public_only bool, colour i64, now i64, n i64) -> id i64, created i64, due i64, total_due i64,
--   state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str, state str, title str, place str, category str,
--   channel str, is_public bool, demo bool, judge_score i64, judge_solved i64
-- A few rows by id, in no order: putting twenty columns through a sorter costs as much as reading them.
SELECT {{text matter_columns}}
FROM matter WHERE id IN ($ids[]) AND created >= $since AND created < $until
	AND {{text matter_wanted}}
LIMIT $n;

-- ---- inboxes: of a town, of an organisation, or of a desk anywhere; most urgent first ----

-- text: matter_desk
desk IS NOT NULL AND (due, id) > ($after_due, $after_id) AND (due, id) <= ($end_due, $end_id)
	{{when org: AND holder_org = $org AND holder_org > 0 AND desk || '' = $desk}} {{unless org: AND desk = $desk}}
	{{when town: AND town = $town}}

-- Where the walk is after `skip` more rows.
-- name: matter_inbox_edge(desk str, org i64?, town str?, after_due i64, after_id i64, end_due i64, end_id i64, skip i64) -> due i64, id i64
SELECT due, id FROM matter WHERE {{text matter_desk}}
ORDER BY due, id LIMIT 1 OFFSET $skip;

-- name: matter_inbox_page(desk str, org i64?, town str?, place_from str, place_to str, after_due i64, after_id i64, end_due i64, end_id i64, n i64) ->
--   id i64, created i64, due i64, total_due i64,
--   state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str, state str, title str, place str, category str,
--   channel str, is_public bool, demo bool, judge_score i64, judge_solved i64
SELECT {{text matter_columns}}
FROM matter WHERE {{text matter_desk}}
	AND place >= $place_from AND place < $place_to
ORDER BY due, id LIMIT $n;

-- For counting; the index has all of it.
-- name: matter_inbox_ids(desk str, org i64?, town str?, place_from str, place_to str, after_due i64, after_id i64, end_due i64, end_id i64, n i64) -> id i64, due i64
SELECT id, due FROM matter WHERE {{text matter_desk}}
	AND place >= $place_from AND place < $place_to
ORDER BY due, id LIMIT $n;

-- For counting what has a deadline to come.
-- name: matter_inbox_dues(desk str, org i64?, town str?, place_from str, place_to str, after_due i64, after_id i64, end_due i64, end_id i64, n i64) -> id i64, due i64, state_since i64
SELECT id, due, state_since FROM matter WHERE {{text matter_desk}}
	AND place >= $place_from AND place < $place_to
ORDER BY due, id LIMIT $n;

-- ---- what an organisation was asked to help with; few at a time ----

-- name: matter_inbox_parts(org i64, after_due i64, after_id i64, n i64) -> id i64, created i64, due i64, total_due i64,
--   state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str, state str, title str, place str, category str,
--   channel str, is_public bool, demo bool, judge_score i64, judge_solved i64
SELECT m.id, m.created, m.due, m.total_due, m.state_since, m.closed, m.version, m.holder, m.holder_org, m.code, m.scenario, m.state, m.title, m.place,
	m.category, m.channel, m.is_public, m.demo, m.judge_score, m.judge_solved
FROM matter_part p JOIN matter m ON m.id = p.matter
WHERE p.org = $org AND p.open AND (p.due, p.matter) > ($after_due, $after_id) ORDER BY p.due, p.matter LIMIT $n;

-- name: matter_inbox_part_dues(org i64, n i64) -> id i64, due i64, state_since i64
SELECT m.id, m.due, m.state_since FROM matter_part p JOIN matter m ON m.id = p.matter WHERE p.org = $org AND p.open ORDER BY p.due, p.matter LIMIT $n;

-- ---- the full text ----

-- name: matter_for_search(ids i64[]) -> id i64, code str, title str, scenario str, scenario_version i64, fields str, place str
SELECT id, code, title, scenario, scenario_version, fields, place FROM matter WHERE id IN ($ids[]);

-- ---- totals ----

-- text: matter_counts
filed, opened, answered, closed, refused, late_closed, judged, solved, not_solved, score1, score2, score3, score4, score5

-- text: matter_total_added
ON CONFLICT (place, day, scenario, category, channel) DO UPDATE SET
	filed = matter_total.filed + excluded.filed,
	opened = matter_total.opened + excluded.opened,
	answered = matter_total.answered + excluded.answered,
	closed = matter_total.closed + excluded.closed,
	refused = matter_total.refused + excluded.refused,
	late_closed = matter_total.late_closed + excluded.late_closed,
	judged = matter_total.judged + excluded.judged,
	solved = matter_total.solved + excluded.solved,
	not_solved = matter_total.not_solved + excluded.not_solved,
	score1 = matter_total.score1 + excluded.score1,
	score2 = matter_total.score2 + excluded.score2,
	score3 = matter_total.score3 + excluded.score3,
	score4 = matter_total.score4 + excluded.score4,
	score5 = matter_total.score5 + excluded.score5

-- text: matter_total_time_added
ON CONFLICT (place, day, bucket) DO UPDATE SET n = matter_total_time.n + excluded.n, ms = matter_total_time.ms + excluded.ms

-- name: matter_total_add exec (place str, day i64, scenario str, category str, channel str,
--   filed i64, opened i64, answered i64, closed i64, refused i64, late_closed i64, judged i64, solved i64, not_solved i64, score1 i64, score2 i64, score3 i64, score4 i64, score5 i64)
INSERT INTO matter_total (place, day, scenario, category, channel, {{text matter_counts}})
VALUES ($place, $day, $scenario, $category, $channel, $filed, $opened, $answered, $closed, $refused, $late_closed, $judged, $solved, $not_solved, $score1, $score2, $score3, $score4, $score5)
{{text matter_total_added}};

-- name: matter_total_time_add exec (place str, day i64, bucket i64, n i64, ms i64)
INSERT INTO matter_total_time (place, day, bucket, n, ms) VALUES ($place, $day, $bucket, $n, $ms)
{{text matter_total_time_added}};

-- name: matter_total_sum one (place str, from_day i64, to_day i64) -> filed i64, opened i64, answered i64, closed i64, refused i64, late_closed i64, judged i64, solved i64, not_solved i64, score1 i64, score2 i64, score3 i64, score4 i64, score5 i64
SELECT CAST(coalesce(sum(filed), 0) AS BIGINT), CAST(coalesce(sum(opened), 0) AS BIGINT), CAST(coalesce(sum(answered), 0) AS BIGINT), CAST(coalesce(sum(closed), 0) AS BIGINT), CAST(coalesce(sum(refused), 0) AS BIGINT), CAST(coalesce(sum(late_closed), 0) AS BIGINT), CAST(coalesce(sum(judged), 0) AS BIGINT), CAST(coalesce(sum(solved), 0) AS BIGINT), CAST(coalesce(sum(not_solved), 0) AS BIGINT), CAST(coalesce(sum(score1), 0) AS BIGINT), CAST(coalesce(sum(score2), 0) AS BIGINT), CAST(coalesce(sum(score3), 0) AS BIGINT), CAST(coalesce(sum(score4), 0) AS BIGINT), CAST(coalesce(sum(score5), 0) AS BIGINT)
FROM matter_total WHERE place = $place AND day >= $from_day AND day < $to_day;

-- name: matter_total_times(place str, from_day i64, to_day i64) -> bucket i64, n i64, ms i64
-- may scan: at most some hundred buckets a day, grouped
SELECT bucket, CAST(sum(n) AS BIGINT), CAST(sum(ms) AS BIGINT) FROM matter_total_time WHERE place = $place AND day >= $from_day AND day < $to_day GROUP BY bucket ORDER BY bucket;

-- name: matter_total_categories(place str, from_day i64, to_day i64) -> category str, filed i64, closed i64, opened i64
-- may scan: the rows of one place, grouped
SELECT category, CAST(sum(filed) AS BIGINT), CAST(sum(closed) AS BIGINT), CAST(sum(opened) AS BIGINT)
FROM matter_total WHERE place = $place AND day >= $from_day AND day < $to_day GROUP BY category HAVING sum(filed) > 0 ORDER BY category;

-- name: matter_total_days(place str, from_day i64, to_day i64) -> day i64, filed i64, closed i64
-- may scan: the rows of one place, grouped in the order of the key
SELECT day, CAST(sum(filed) AS BIGINT), CAST(sum(closed) AS BIGINT)
FROM matter_total WHERE place = $place AND day >= $from_day AND day < $to_day GROUP BY day HAVING sum(filed) > 0 ORDER BY day;

-- ---- when a place gets another key: what its subtree counts goes along ----

-- A place above gets (sign 1) or loses (sign -1) what the moved one counts.
-- name: matter_total_carry exec (above str, moved str, sign i64)
INSERT INTO matter_total (place, day, scenario, category, channel, {{text matter_counts}})
SELECT $above, day, scenario, category, channel, $sign * filed, $sign * opened, $sign * answered, $sign * closed, $sign * refused, $sign * late_closed, $sign * judged, $sign * solved, $sign * not_solved, $sign * score1, $sign * score2, $sign * score3, $sign * score4, $sign * score5
FROM matter_total WHERE place = $moved
{{text matter_total_added}};

-- name: matter_total_time_carry exec (above str, moved str, sign i64)
INSERT INTO matter_total_time (place, day, bucket, n, ms)
SELECT $above, day, bucket, $sign * n, $sign * ms FROM matter_total_time WHERE place = $moved
{{text matter_total_time_added}};

-- name: matter_total_move exec (old str, after_old str, new_key str)
INSERT INTO matter_total (place, day, scenario, category, channel, {{text matter_counts}})
SELECT $new_key || substr(place, length($old) + 1), day, scenario, category, channel, {{text matter_counts}}
FROM matter_total WHERE place >= $old AND place < $after_old
{{text matter_total_added}};

-- name: matter_total_drop exec (old str, after_old str)
DELETE FROM matter_total WHERE place >= $old AND place < $after_old;

-- name: matter_total_time_move exec (old str, after_old str, new_key str)
INSERT INTO matter_total_time (place, day, bucket, n, ms)
SELECT $new_key || substr(place, length($old) + 1), day, bucket, n, ms FROM matter_total_time WHERE place >= $old AND place < $after_old
{{text matter_total_time_added}};

-- name: matter_total_time_drop exec (old str, after_old str)
DELETE FROM matter_total_time WHERE place >= $old AND place < $after_old;

-- name: matter_recount each (place_from str, place_to str, since i64, until i64) -> created i64, kind i64, closed i64, total_due i64,
--   judge_score i64, judge_solved i64
SELECT created, kind, closed, total_due, judge_score, judge_solved FROM matter
WHERE created >= $since AND created < $until AND place >= $place_from AND place < $place_to AND is_public;
