-- name: notify_notice_add exec (id i64, recipient i64, at i64, kind str, title str, body str, link str, subject i64, class i64, place str, mail_at i64)
INSERT INTO notice (id, recipient, at, kind, title, body, link, subject, read_at, class, place, mail_at)
VALUES ($id, $recipient, $at, $kind, $title, $body, $link, $subject, 0, $class, $place, $mail_at);

-- name: notify_notice_unread (recipient i64, n i64) -> id i64, at i64, kind str, title str, body str, link str, subject i64, class i64, place str
-- Newest first.
SELECT id, at, kind, title, body, link, subject, class, place FROM notice
WHERE recipient = $recipient AND read_at = 0 ORDER BY id DESC LIMIT $n;

-- name: notify_notice_count one (recipient i64) -> n i64
SELECT count(*) AS n FROM notice WHERE recipient = $recipient AND read_at = 0;

-- name: notify_notice_some one (recipient i64, most i64) -> n i64
-- How many are unread, at most `most`: told from the index alone, whatever has heaped up.
-- may scan: the at most `most` rows that the index has given
SELECT count(*) AS n FROM (SELECT id FROM notice WHERE recipient = $recipient AND read_at = 0 ORDER BY id LIMIT $most) AS u;

-- name: notify_notice_read exec (recipient i64, id i64?, now i64)
UPDATE notice SET read_at = $now WHERE recipient = $recipient AND read_at = 0 {{when id: AND id = $id}};

-- name: notify_notice_forget exec (before i64)
-- may scan: once a day
DELETE FROM notice WHERE read_at > 0 AND read_at < $before;

-- name: notify_notice_channel_set exec (recipient i64, channel str, address str)
INSERT INTO notice_channel (recipient, channel, address) VALUES ($recipient, $channel, $address)
ON CONFLICT (recipient, channel) DO UPDATE SET address = excluded.address;

-- name: notify_notice_channel_drop exec (recipient i64, channel str)
DELETE FROM notice_channel WHERE recipient = $recipient AND channel = $channel;

-- name: notify_notice_channel_lang exec (recipient i64, lang str)
UPDATE notice_channel SET lang = $lang WHERE recipient = $recipient;

-- name: notify_notice_channels (recipient i64) -> channel str, address str, lang str
SELECT channel, address, lang FROM notice_channel WHERE recipient = $recipient;

-- name: notify_enqueue exec (id i64, channel str, whose str, address str, subject str, body str, created i64)
INSERT INTO notify_queue (id, channel, whose, address, subject, body, state, tries, created, next_at, done_at, last_error)
VALUES ($id, $channel, $whose, $address, $subject, $body, 'queued', 0, $created, $created, 0, '');

-- name: notify_withdraw exec (whose str)
DELETE FROM notify_queue WHERE whose = $whose AND whose <> '' AND state = 'queued';

-- Is what was claimed still to be sent? Its owner may have taken his address back meanwhile.
-- name: notify_stands(id i64) -> id i64
SELECT id FROM notify_queue WHERE id = $id AND state = 'queued';

-- name: notify_claim (now i64, until i64, n i64) -> id i64, channel str, address str, subject str, body str, tries i64, created i64
-- What is due; nobody else gets it before `until`.
UPDATE notify_queue SET next_at = $until
WHERE id IN (SELECT id FROM notify_queue WHERE state = 'queued' AND next_at <= $now ORDER BY next_at LIMIT $n)
	AND state = 'queued' AND next_at <= $now
RETURNING id, channel, address, subject, body, tries, created;

-- name: notify_done exec (id i64, state str, now i64, last_error str)
-- Delivered or given up: what was personal is gone.
UPDATE notify_queue SET state = $state, done_at = $now, last_error = $last_error, whose = '', address = '', subject = '', body = '',
	tries = tries + 1 WHERE id = $id AND state = 'queued';

-- name: notify_again exec (id i64, next_at i64, last_error str)
UPDATE notify_queue SET tries = tries + 1, next_at = $next_at, last_error = $last_error WHERE id = $id AND state = 'queued';

-- name: notify_states () -> state str, n i64, oldest i64
-- may scan: for the doctor and the administrator's page; sent ones are swept away
SELECT state, count(*) AS n, min(created) AS oldest FROM notify_queue GROUP BY state ORDER BY state;

-- name: notify_waiting (n i64) -> id i64, channel str, tries i64, created i64, next_at i64, last_error str
SELECT id, channel, tries, created, next_at, last_error FROM notify_queue WHERE state = 'queued' ORDER BY next_at LIMIT $n;

-- name: notify_sweep exec (state str, before i64)
DELETE FROM notify_queue WHERE state = $state AND done_at < $before;

-- name: notify_channels_page(recipient i64, channel str, n i64) -> recipient i64, channel str, address str
SELECT recipient, channel, address FROM notice_channel WHERE (recipient, channel) > ($recipient, $channel) ORDER BY recipient, channel LIMIT $n;

-- name: notify_channel_reseal exec (recipient i64, channel str, was str, address str)
UPDATE notice_channel SET address = $address WHERE recipient = $recipient AND channel = $channel AND address = $was;

-- name: notify_queue_page(after i64, n i64) -> id i64, address str, subject str, body str
-- What waits, for sealing it anew. What is done holds nothing sealed.
SELECT id, address, subject, body FROM notify_queue WHERE id > $after AND address <> '' ORDER BY id LIMIT $n;

-- name: notify_queue_reseal exec (id i64, was str, address str, subject str, body str)
UPDATE notify_queue SET address = $address, subject = $subject, body = $body WHERE id = $id AND address = $was;
