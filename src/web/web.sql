-- name: web_once_put exec (born i64, id str, at i64, status i64, location str?, flash str?)
INSERT INTO web_once (born, id, at, status, location, flash) VALUES ($born, $id, $at, $status, $location, $flash)
ON CONFLICT (born, id) DO NOTHING;

-- name: web_once_get one (born i64, id str) -> status i64, location str?, flash str?, type str?, body str?
SELECT status, location, flash, type, body FROM web_once WHERE born = $born AND id = $id;

-- name: web_once_answer exec (born i64, id str, status i64, location str?, flash str?, type str?, body str?)
UPDATE web_once SET status = $status, location = $location, flash = $flash, type = $type, body = $body
WHERE born = $born AND id = $id;

-- name: web_once_clean exec (before i64)
DELETE FROM web_once WHERE born >= 0 AND born < $before;

-- name: web_once_clean_foreign exec (before i64)
-- Keys made by programs have no hour in them; they stand together under -1.
DELETE FROM web_once WHERE born = -1 AND at < $before;

-- name: web_draft_put exec (id str, at i64, sealed blob)
INSERT INTO web_draft (id, at, sealed) VALUES ($id, $at, $sealed);

-- name: web_draft_get one (id str, since i64) -> sealed blob
SELECT sealed FROM web_draft WHERE id = $id AND at >= $since;

-- name: web_draft_clean exec (before i64)
DELETE FROM web_draft WHERE at < $before;

-- name: web_kept_put exec (account i64, form str, at i64, sealed str)
INSERT INTO web_kept (account, form, at, sealed) VALUES ($account, $form, $at, $sealed)
ON CONFLICT (account, form) DO UPDATE SET at = excluded.at, sealed = excluded.sealed;

-- name: web_kept_of(account i64, n i64) -> form str, at i64, sealed str
SELECT form, at, sealed FROM web_kept WHERE account = $account ORDER BY form LIMIT $n;

-- name: web_kept_get(account i64, form str) -> form str, at i64, sealed str
SELECT form, at, sealed FROM web_kept WHERE account = $account AND form = $form;

-- name: web_kept_drop exec (account i64, form str)
DELETE FROM web_kept WHERE account = $account AND form = $form;

-- name: web_kept_clean exec (before i64)
DELETE FROM web_kept WHERE at < $before;

-- name: web_draft_page(after str, n i64) -> id str, sealed blob
SELECT id, sealed FROM web_draft WHERE id > $after ORDER BY id LIMIT $n;

-- name: web_draft_reseal exec (id str, was blob, sealed blob)
UPDATE web_draft SET sealed = $sealed WHERE id = $id AND sealed = $was;

-- name: web_kept_page(account i64, form str, n i64) -> account i64, form str, sealed str
SELECT account, form, sealed FROM web_kept WHERE (account, form) > ($account, $form) ORDER BY account, form LIMIT $n;

-- name: web_kept_reseal exec (account i64, form str, was str, sealed str)
UPDATE web_kept SET sealed = $sealed WHERE account = $account AND form = $form AND sealed = $was;
