-- name: webhooks_add exec (id i64, place str, owner i64, made_by i64, created i64, name str, url str, host str, secret i64, scenario str, category str,
--   state str, action str, titles bool)
INSERT INTO webhook (id, place, owner, made_by, created, name, url, host, secret, scenario, category, state, action, titles, status, queued, done, lost,
	tries, next_at, failing_since, last_ok, attempts)
VALUES ($id, $place, $owner, $made_by, $created, $name, $url, $host, $secret, $scenario, $category, $state, $action, $titles, 0, 0, 0, 0, 0, 0, 0, 0, 0);

-- name: webhooks_get one (id i64) -> id i64, place str, owner i64, made_by i64, created i64, name str, url str, host str, secret i64, scenario str,
--   category str, state str, action str, titles bool, status i64, queued i64, done i64, lost i64, tries i64, next_at i64, failing_since i64, last_ok i64,
--   attempts i64
SELECT id, place, owner, made_by, created, name, url, host, secret, scenario, category, state, action, titles, status, queued, done, lost, tries, next_at,
	failing_since, last_ok, attempts FROM webhook WHERE id = $id;

-- Newest first; of one owner, or all.
-- name: webhooks_list(owner i64?, n i64) -> id i64, place str, owner i64, made_by i64, created i64, name str, url str, host str, secret i64, scenario str,
--   category str, state str, action str, titles bool, status i64, queued i64, done i64, lost i64, tries i64, next_at i64, failing_since i64, last_ok i64,
--   attempts i64
-- may scan: some hundred rows at most (WEBHOOKS_MOST)
SELECT id, place, owner, made_by, created, name, url, host, secret, scenario, category, state, action, titles, status, queued, done, lost, tries, next_at,
	failing_since, last_ok, attempts FROM webhook WHERE id > 0 {{when owner: AND owner = $owner}} ORDER BY id DESC LIMIT $n;

-- name: webhooks_count one (owner i64?) -> n i64
-- may scan: some hundred rows at most (WEBHOOKS_MOST)
SELECT count(*) AS n FROM webhook WHERE id > 0 {{when owner: AND owner = $owner}};

-- In force, with something that waits and is due.
-- name: webhooks_due(now i64, n i64) -> id i64
SELECT id FROM webhook WHERE status = 0 AND queued > done AND next_at <= $now ORDER BY id LIMIT $n;

-- name: webhooks_status_set exec (id i64, was i64, status i64)
UPDATE webhook SET status = $status, tries = 0, next_at = 0, failing_since = 0 WHERE id = $id AND status = $was;

-- name: webhooks_secret_set exec (id i64, secret i64)
UPDATE webhook SET secret = $secret WHERE id = $id AND secret < $secret;

-- name: webhooks_url_page(after i64, n i64) -> id i64, url str
SELECT id, url FROM webhook WHERE id > $after ORDER BY id LIMIT $n;

-- name: webhooks_url_reseal exec (id i64, was str, url str)
UPDATE webhook SET url = $url WHERE id = $id AND url = $was;

-- name: webhooks_drop exec (id i64)
DELETE FROM webhook WHERE id = $id;

-- name: webhooks_events_drop exec (webhook i64, upto i64)
DELETE FROM webhook_event WHERE webhook = $webhook AND seq <= $upto;

-- name: webhooks_attempts_drop exec (webhook i64)
DELETE FROM webhook_attempt WHERE webhook = $webhook;

-- ---- putting in ----

-- name: webhooks_event_put exec (webhook i64, seq i64, at i64, entry i64, event str)
INSERT INTO webhook_event (webhook, seq, at, entry, event) VALUES ($webhook, $seq, $at, $entry, $event);

-- name: webhooks_queued_set exec (id i64, queued i64, lost i64)
UPDATE webhook SET queued = $queued, lost = $lost WHERE id = $id;

-- ---- sending ----

-- name: webhooks_waiting(webhook i64, after i64, n i64) -> seq i64, at i64, entry i64, event str
SELECT seq, at, entry, event FROM webhook_event WHERE webhook = $webhook AND seq > $after ORDER BY seq LIMIT $n;

-- name: webhooks_delivered exec (id i64, was i64, done i64, now i64)
UPDATE webhook SET done = $done, tries = 0, next_at = 0, failing_since = 0, last_ok = $now, attempts = attempts + 1 WHERE id = $id AND done = $was;

-- name: webhooks_failed exec (id i64, was i64, tries i64, next_at i64, failing_since i64)
UPDATE webhook SET tries = $tries, next_at = $next_at, failing_since = $failing_since, attempts = attempts + 1 WHERE id = $id AND done = $was;

-- name: webhooks_attempt_put exec (webhook i64, slot i64, at i64, ms i64, first i64, last i64, answer i64, why str)
INSERT INTO webhook_attempt (webhook, slot, at, ms, first, last, answer, why) VALUES ($webhook, $slot, $at, $ms, $first, $last, $answer, $why)
ON CONFLICT (webhook, slot) DO UPDATE SET at = excluded.at, ms = excluded.ms, first = excluded.first, last = excluded.last, answer = excluded.answer,
	why = excluded.why;

-- name: webhooks_attempts(webhook i64) -> slot i64, at i64, ms i64, first i64, last i64, answer i64, why str
SELECT slot, at, ms, first, last, answer, why FROM webhook_attempt WHERE webhook = $webhook ORDER BY slot;

-- ---- when a place gets another key ----

-- name: webhooks_rename exec (old str, after_old str, new_key str, cut i64)
-- may scan: some hundred rows at most (WEBHOOKS_MOST)
UPDATE webhook SET place = $new_key || substr(place, CAST($cut AS INTEGER)) WHERE place >= $old AND place < $after_old;
