-- Drivers of lists. Each walks one index in the order of the page; all other conditions stand in one CASE, so that no planner
-- takes another index for one of them and sorts afterwards. Rows come newest first by (created, id).

-- Inside one town.
-- name: matter_list_town(town str, place_from str, place_to str, scenario str?, state str?, category str?, channel str?, kind i64?, open_only bool?, holder_org i64?,
--   holder i64?, public_only bool?, since i64, until i64, before_key i64, before_id i64, colour i64, now i64, n i64) -> id i64, created i64, due i64, total_due i64, state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str,
--   state str, title str, place str, category str, channel str, is_public bool, demo bool, judge_score i64, judge_solved i64, kind i64, suspended_since i64
SELECT id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public, demo, judge_score, judge_solved, kind, suspended_since
FROM matter WHERE town = $town AND (created, id) < ($before_key, $before_id) AND created >= $since AND created < $until
	AND place >= $place_from AND place < $place_to
	AND CASE WHEN FALSE THEN FALSE
		{{when scenario: WHEN scenario <> $scenario THEN FALSE}}
		{{when state: WHEN state <> $state THEN FALSE}}
		{{when category: WHEN category <> $category THEN FALSE}}
		{{when channel: WHEN channel <> $channel THEN FALSE}}
		{{when kind: WHEN kind <> $kind THEN FALSE}}
		{{when open_only: WHEN desk IS NULL THEN FALSE}}
		{{when holder_org: WHEN holder_org <> $holder_org THEN FALSE}}
		{{when holder: WHEN holder <> $holder THEN FALSE}}
		{{when public_only: WHEN NOT is_public THEN FALSE}}
		WHEN $colour = 0 THEN TRUE
		WHEN desk IS NULL OR suspended_since > 0 OR due = 9007199254740991 THEN FALSE
		WHEN due <= $now THEN $colour = 3
		WHEN (due - $now) * 5 < due - state_since THEN $colour = 2
		ELSE $colour = 1 END
ORDER BY created DESC, id DESC LIMIT $n;

-- A state, anywhere.
-- name: matter_list_state(place_from str, place_to str, scenario str?, state str, category str?, channel str?, kind i64?, open_only bool?, holder_org i64?,
--   holder i64?, public_only bool?, since i64, until i64, before_key i64, before_id i64, colour i64, now i64, n i64) -> id i64, created i64, due i64, total_due i64, state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str,
--   state str, title str, place str, category str, channel str, is_public bool, demo bool, judge_score i64, judge_solved i64, kind i64, suspended_since i64
SELECT id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public, demo, judge_score, judge_solved, kind, suspended_since
FROM matter WHERE state = $state AND (created, id) < ($before_key, $before_id) AND created >= $since AND created < $until
	AND place >= $place_from AND place < $place_to
	AND CASE WHEN FALSE THEN FALSE
		{{when scenario: WHEN scenario <> $scenario THEN FALSE}}
		{{when category: WHEN category <> $category THEN FALSE}}
		{{when channel: WHEN channel <> $channel THEN FALSE}}
		{{when kind: WHEN kind <> $kind THEN FALSE}}
		{{when open_only: WHEN desk IS NULL THEN FALSE}}
		{{when holder_org: WHEN holder_org <> $holder_org THEN FALSE}}
		{{when holder: WHEN holder <> $holder THEN FALSE}}
		{{when public_only: WHEN NOT is_public THEN FALSE}}
		WHEN $colour = 0 THEN TRUE
		WHEN desk IS NULL OR suspended_since > 0 OR due = 9007199254740991 THEN FALSE
		WHEN due <= $now THEN $colour = 3
		WHEN (due - $now) * 5 < due - state_since THEN $colour = 2
		ELSE $colour = 1 END
ORDER BY created DESC, id DESC LIMIT $n;

-- A category, anywhere.
-- name: matter_list_category(place_from str, place_to str, scenario str?, state str?, category str, channel str?, kind i64?, open_only bool?, holder_org i64?,
--   holder i64?, public_only bool?, since i64, until i64, before_key i64, before_id i64, colour i64, now i64, n i64) -> id i64, created i64, due i64, total_due i64, state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str,
--   state str, title str, place str, category str, channel str, is_public bool, demo bool, judge_score i64, judge_solved i64, kind i64, suspended_since i64
SELECT id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public, demo, judge_score, judge_solved, kind, suspended_since
FROM matter WHERE category = $category AND (created, id) < ($before_key, $before_id) AND created >= $since AND created < $until
	AND place >= $place_from AND place < $place_to
	AND CASE WHEN FALSE THEN FALSE
		{{when scenario: WHEN scenario <> $scenario THEN FALSE}}
		{{when state: WHEN state <> $state THEN FALSE}}
		{{when channel: WHEN channel <> $channel THEN FALSE}}
		{{when kind: WHEN kind <> $kind THEN FALSE}}
		{{when open_only: WHEN desk IS NULL THEN FALSE}}
		{{when holder_org: WHEN holder_org <> $holder_org THEN FALSE}}
		{{when holder: WHEN holder <> $holder THEN FALSE}}
		{{when public_only: WHEN NOT is_public THEN FALSE}}
		WHEN $colour = 0 THEN TRUE
		WHEN desk IS NULL OR suspended_since > 0 OR due = 9007199254740991 THEN FALSE
		WHEN due <= $now THEN $colour = 3
		WHEN (due - $now) * 5 < due - state_since THEN $colour = 2
		ELSE $colour = 1 END
ORDER BY created DESC, id DESC LIMIT $n;

-- What an organisation holds.
-- name: matter_list_holder(place_from str, place_to str, scenario str?, state str?, category str?, channel str?, kind i64?, open_only bool?, holder_org i64,
--   holder i64?, public_only bool?, since i64, until i64, before_key i64, before_id i64, colour i64, now i64, n i64) -> id i64, created i64, due i64, total_due i64, state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str,
--   state str, title str, place str, category str, channel str, is_public bool, demo bool, judge_score i64, judge_solved i64, kind i64, suspended_since i64
SELECT id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public, demo, judge_score, judge_solved, kind, suspended_since
FROM matter WHERE holder_org = $holder_org AND holder_org > 0 AND (created, id) < ($before_key, $before_id) AND created >= $since AND created < $until
	AND place >= $place_from AND place < $place_to
	AND CASE WHEN FALSE THEN FALSE
		{{when scenario: WHEN scenario <> $scenario THEN FALSE}}
		{{when state: WHEN state <> $state THEN FALSE}}
		{{when category: WHEN category <> $category THEN FALSE}}
		{{when channel: WHEN channel <> $channel THEN FALSE}}
		{{when kind: WHEN kind <> $kind THEN FALSE}}
		{{when open_only: WHEN desk IS NULL THEN FALSE}}
		{{when holder: WHEN holder <> $holder THEN FALSE}}
		{{when public_only: WHEN NOT is_public THEN FALSE}}
		WHEN $colour = 0 THEN TRUE
		WHEN desk IS NULL OR suspended_since > 0 OR due = 9007199254740991 THEN FALSE
		WHEN due <= $now THEN $colour = 3
		WHEN (due - $now) * 5 < due - state_since THEN $colour = 2
		ELSE $colour = 1 END
ORDER BY created DESC, id DESC LIMIT $n;

-- Open matters, anywhere.
-- name: matter_list_open(place_from str, place_to str, scenario str?, state str?, category str?, channel str?, kind i64?, open_only bool?, holder_org i64?,
--   holder i64?, public_only bool?, since i64, until i64, before_key i64, before_id i64, colour i64, now i64, n i64) -> id i64, created i64, due i64, total_due i64, state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str,
--   state str, title str, place str, category str, channel str, is_public bool, demo bool, judge_score i64, judge_solved i64, kind i64, suspended_since i64
SELECT id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public, demo, judge_score, judge_solved, kind, suspended_since
FROM matter WHERE desk IS NOT NULL AND (created, id) < ($before_key, $before_id) AND created >= $since AND created < $until
	AND place >= $place_from AND place < $place_to
	AND CASE WHEN FALSE THEN FALSE
		{{when scenario: WHEN scenario <> $scenario THEN FALSE}}
		{{when state: WHEN state <> $state THEN FALSE}}
		{{when category: WHEN category <> $category THEN FALSE}}
		{{when channel: WHEN channel <> $channel THEN FALSE}}
		{{when kind: WHEN kind <> $kind THEN FALSE}}
		{{when open_only: WHEN desk IS NULL THEN FALSE}}
		{{when holder_org: WHEN holder_org <> $holder_org THEN FALSE}}
		{{when holder: WHEN holder <> $holder THEN FALSE}}
		{{when public_only: WHEN NOT is_public THEN FALSE}}
		WHEN $colour = 0 THEN TRUE
		WHEN desk IS NULL OR suspended_since > 0 OR due = 9007199254740991 THEN FALSE
		WHEN due <= $now THEN $colour = 3
		WHEN (due - $now) * 5 < due - state_since THEN $colour = 2
		ELSE $colour = 1 END
ORDER BY created DESC, id DESC LIMIT $n;

-- Anywhere.
-- name: matter_list_all(place_from str, place_to str, scenario str?, state str?, category str?, channel str?, kind i64?, open_only bool?, holder_org i64?,
--   holder i64?, public_only bool?, since i64, until i64, before_key i64, before_id i64, colour i64, now i64, n i64) -> id i64, created i64, due i64, total_due i64, state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str,
--   state str, title str, place str, category str, channel str, is_public bool, demo bool, judge_score i64, judge_solved i64, kind i64, suspended_since i64
SELECT id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public, demo, judge_score, judge_solved, kind, suspended_since
FROM matter WHERE (created, id) < ($before_key, $before_id) AND created >= $since AND created < $until
	AND place >= $place_from AND place < $place_to
	AND CASE WHEN FALSE THEN FALSE
		{{when scenario: WHEN scenario <> $scenario THEN FALSE}}
		{{when state: WHEN state <> $state THEN FALSE}}
		{{when category: WHEN category <> $category THEN FALSE}}
		{{when channel: WHEN channel <> $channel THEN FALSE}}
		{{when kind: WHEN kind <> $kind THEN FALSE}}
		{{when open_only: WHEN desk IS NULL THEN FALSE}}
		{{when holder_org: WHEN holder_org <> $holder_org THEN FALSE}}
		{{when holder: WHEN holder <> $holder THEN FALSE}}
		{{when public_only: WHEN NOT is_public THEN FALSE}}
		WHEN $colour = 0 THEN TRUE
		WHEN desk IS NULL OR suspended_since > 0 OR due = 9007199254740991 THEN FALSE
		WHEN due <= $now THEN $colour = 3
		WHEN (due - $now) * 5 < due - state_since THEN $colour = 2
		ELSE $colour = 1 END
ORDER BY created DESC, id DESC LIMIT $n;

-- Those found by the full text.
-- name: matter_list_ids(ids i64[], place_from str, place_to str, scenario str?, state str?, category str?, channel str?, kind i64?, open_only bool?, holder_org i64?,
--   holder i64?, public_only bool?, since i64, until i64, before_key i64, before_id i64, colour i64, now i64, n i64) -> id i64, created i64, due i64, total_due i64, state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str,
--   state str, title str, place str, category str, channel str, is_public bool, demo bool, judge_score i64, judge_solved i64, kind i64, suspended_since i64
-- may scan: a few rows by id, put in order
SELECT id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public, demo, judge_score, judge_solved, kind, suspended_since
FROM matter WHERE id IN ($ids[]) AND (created, id) < ($before_key, $before_id) AND created >= $since AND created < $until
	AND place >= $place_from AND place < $place_to
	AND CASE WHEN FALSE THEN FALSE
		{{when scenario: WHEN scenario <> $scenario THEN FALSE}}
		{{when state: WHEN state <> $state THEN FALSE}}
		{{when category: WHEN category <> $category THEN FALSE}}
		{{when channel: WHEN channel <> $channel THEN FALSE}}
		{{when kind: WHEN kind <> $kind THEN FALSE}}
		{{when open_only: WHEN desk IS NULL THEN FALSE}}
		{{when holder_org: WHEN holder_org <> $holder_org THEN FALSE}}
		{{when holder: WHEN holder <> $holder THEN FALSE}}
		{{when public_only: WHEN NOT is_public THEN FALSE}}
		WHEN $colour = 0 THEN TRUE
		WHEN desk IS NULL OR suspended_since > 0 OR due = 9007199254740991 THEN FALSE
		WHEN due <= $now THEN $colour = 3
		WHEN (due - $now) * 5 < due - state_since THEN $colour = 2
		ELSE $colour = 1 END
ORDER BY created DESC, id DESC LIMIT $n;

-- An inbox inside one town.
-- name: matter_inbox_town(desk str, town str, place_from str, place_to str, after_due i64, after_id i64, until i64, n i64) ->
--   id i64, created i64, due i64, total_due i64, state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str,
--   state str, title str, place str, category str, channel str, is_public bool, demo bool, judge_score i64, judge_solved i64, kind i64, suspended_since i64
SELECT id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public, demo, judge_score, judge_solved, kind, suspended_since
FROM matter WHERE desk = $desk AND town = $town AND (due, id) > ($after_due, $after_id) AND due < $until
	AND place >= $place_from AND place < $place_to
ORDER BY due, id LIMIT $n;

-- An inbox of a wider place.
-- name: matter_inbox_wide(desk str, place_from str, place_to str, after_due i64, after_id i64, until i64, n i64) ->
--   id i64, created i64, due i64, total_due i64, state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str,
--   state str, title str, place str, category str, channel str, is_public bool, demo bool, judge_score i64, judge_solved i64, kind i64, suspended_since i64
SELECT id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public, demo, judge_score, judge_solved, kind, suspended_since
FROM matter WHERE desk = $desk AND (due, id) > ($after_due, $after_id) AND due < $until
	AND place >= $place_from AND place < $place_to
ORDER BY due, id LIMIT $n;

-- An inbox of an organisation.
-- name: matter_inbox_org(desk str, org i64, place_from str, place_to str, after_due i64, after_id i64, until i64, n i64) ->
--   id i64, created i64, due i64, total_due i64, state_since i64, closed i64, version i64, holder i64, holder_org i64, code str, scenario str,
--   state str, title str, place str, category str, channel str, is_public bool, demo bool, judge_score i64, judge_solved i64, kind i64, suspended_since i64
SELECT id, created, due, total_due, state_since, closed, version, holder, holder_org, code, scenario, state, title, place, category, channel, is_public, demo, judge_score, judge_solved, kind, suspended_since
FROM matter WHERE holder_org = $org AND holder_org > 0 AND desk IS NOT NULL AND desk || '' = $desk AND (due, id) > ($after_due, $after_id) AND due < $until
	AND place >= $place_from AND place < $place_to
ORDER BY due, id LIMIT $n;

-- ---- the full text ----

-- name: matter_for_search(ids i64[]) -> id i64, code str, title str, scenario str, scenario_version i64, fields str
SELECT id, code, title, scenario, scenario_version, fields FROM matter WHERE id IN ($ids[]);

-- ---- totals ----

-- name: matter_total_add exec (place str, day i64, scenario str, category str, channel str,
--   filed i64, opened i64, answered i64, closed i64, refused i64, late_closed i64, judged i64, solved i64, not_solved i64, score1 i64, score2 i64, score3 i64, score4 i64, score5 i64)
INSERT INTO matter_total (place, day, scenario, category, channel, filed, opened, answered, closed, refused, late_closed, judged, solved, not_solved, score1, score2, score3, score4, score5)
VALUES ($place, $day, $scenario, $category, $channel, $filed, $opened, $answered, $closed, $refused, $late_closed, $judged, $solved, $not_solved, $score1, $score2, $score3, $score4, $score5)
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
	score5 = matter_total.score5 + excluded.score5;

-- name: matter_total_time_add exec (place str, day i64, bucket i64, n i64)
INSERT INTO matter_total_time (place, day, bucket, n) VALUES ($place, $day, $bucket, $n)
ON CONFLICT (place, day, bucket) DO UPDATE SET n = matter_total_time.n + excluded.n;

-- name: matter_total_sum one (place str, from_day i64, to_day i64) -> filed i64, opened i64, answered i64, closed i64, refused i64, late_closed i64, judged i64, solved i64, not_solved i64, score1 i64, score2 i64, score3 i64, score4 i64, score5 i64
SELECT CAST(coalesce(sum(filed), 0) AS BIGINT), CAST(coalesce(sum(opened), 0) AS BIGINT), CAST(coalesce(sum(answered), 0) AS BIGINT), CAST(coalesce(sum(closed), 0) AS BIGINT), CAST(coalesce(sum(refused), 0) AS BIGINT), CAST(coalesce(sum(late_closed), 0) AS BIGINT), CAST(coalesce(sum(judged), 0) AS BIGINT), CAST(coalesce(sum(solved), 0) AS BIGINT), CAST(coalesce(sum(not_solved), 0) AS BIGINT), CAST(coalesce(sum(score1), 0) AS BIGINT), CAST(coalesce(sum(score2), 0) AS BIGINT), CAST(coalesce(sum(score3), 0) AS BIGINT), CAST(coalesce(sum(score4), 0) AS BIGINT), CAST(coalesce(sum(score5), 0) AS BIGINT)
FROM matter_total WHERE place = $place AND day >= $from_day AND day < $to_day;

-- name: matter_total_times(place str, from_day i64, to_day i64) -> bucket i64, n i64
-- may scan: at most some hundred buckets a day, grouped
SELECT bucket, CAST(sum(n) AS BIGINT) FROM matter_total_time WHERE place = $place AND day >= $from_day AND day < $to_day GROUP BY bucket ORDER BY bucket;

-- name: matter_total_categories(place str, from_day i64, to_day i64) -> category str, filed i64, closed i64, opened i64
-- may scan: the rows of one place, grouped
SELECT category, CAST(sum(filed) AS BIGINT), CAST(sum(closed) AS BIGINT), CAST(sum(opened) AS BIGINT)
FROM matter_total WHERE place = $place AND day >= $from_day AND day < $to_day GROUP BY category ORDER BY category;

-- name: matter_recount each (place_from str, place_to str, since i64, until i64) -> created i64, kind i64, closed i64, total_due i64,
--   judge_score i64, judge_solved i64
SELECT created, kind, closed, total_due, judge_score, judge_solved FROM matter
WHERE created >= $since AND created < $until AND place >= $place_from AND place < $place_to AND is_public;
