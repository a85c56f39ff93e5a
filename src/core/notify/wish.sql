-- name: notify_choices(recipient i64) -> class i64, mode i64
SELECT class, mode FROM notice_choice WHERE recipient = $recipient;

-- name: notify_choice_put exec (recipient i64, class i64, mode i64)
INSERT INTO notice_choice (recipient, class, mode) VALUES ($recipient, $class, $mode)
ON CONFLICT (recipient, class) DO UPDATE SET mode = excluded.mode;

-- name: notify_quiet_get(recipient i64) -> from_minute i64, to_minute i64, mailed i64
SELECT from_minute, to_minute, mailed FROM notice_quiet WHERE recipient = $recipient;

-- name: notify_quiet_put exec (recipient i64, from_minute i64, to_minute i64)
INSERT INTO notice_quiet (recipient, from_minute, to_minute, mailed) VALUES ($recipient, $from_minute, $to_minute, 0)
ON CONFLICT (recipient) DO UPDATE SET from_minute = excluded.from_minute, to_minute = excluded.to_minute;

-- name: notify_mailed exec (recipient i64, at i64)
INSERT INTO notice_quiet (recipient, from_minute, to_minute, mailed) VALUES ($recipient, 0, 0, $at)
ON CONFLICT (recipient) DO UPDATE SET mailed = excluded.mailed;

-- ---- what dies by itself ----

-- name: notify_settle exec (subject i64, every bool, now i64)
UPDATE notice SET read_at = $now WHERE subject = $subject AND read_at = 0 AND (class > 0 OR $every);

-- ---- bundles ----

-- name: notify_mail_due(now i64, n i64) -> recipient i64
-- may scan: groups the few that are due
SELECT DISTINCT recipient FROM notice WHERE mail_at > 0 AND mail_at <= $now LIMIT $n;

-- name: notify_mail_of(recipient i64, now i64, n i64) -> id i64, title str, body str, place str, class i64
SELECT id, title, body, place, class FROM notice
WHERE recipient = $recipient AND mail_at > 0 AND mail_at <= $now AND read_at = 0 ORDER BY id LIMIT $n;

-- name: notify_mail_wait exec (recipient i64, now i64, until i64)
UPDATE notice SET mail_at = $until WHERE recipient = $recipient AND mail_at > 0 AND mail_at <= $now;

-- name: notify_mail_gone exec (recipient i64, now i64)
UPDATE notice SET mail_at = 0 WHERE recipient = $recipient AND mail_at > 0 AND mail_at <= $now;
