-- name: actor_key_add exec (id i64, account i64, name str, key_hash blob, created i64, by_account i64, expires i64)
INSERT INTO api_key (id, account, name, key_hash, created, by_account, expires, used_day, revoked)
VALUES ($id, $account, $name, $key_hash, $created, $by_account, $expires, 0, 0) ON CONFLICT (account, name, revoked) DO NOTHING;

-- name: actor_key_find one (key_hash blob) -> id i64, account i64, expires i64, used_day i64, revoked i64, login str, name str, active bool, rights i64
SELECT k.id, k.account, k.expires, k.used_day, k.revoked, a.login, a.name, a.active, a.rights
FROM api_key k JOIN account a ON a.id = k.account WHERE k.key_hash = $key_hash;

-- name: actor_keys_of(account i64) -> id i64, name str, created i64, by_account i64, expires i64, used_day i64, revoked i64
-- may scan: sorts the few keys of one account
SELECT id, name, created, by_account, expires, used_day, revoked FROM api_key WHERE account = $account ORDER BY id DESC LIMIT 200;

-- name: actor_key_revoke(account i64, name str, now i64) -> id i64
UPDATE api_key SET revoked = $now WHERE account = $account AND name = $name AND revoked = 0 RETURNING id;

-- name: actor_key_used_before one (id i64) -> used_day i64
SELECT used_day FROM api_key WHERE id = $id;

-- name: actor_key_used exec (id i64, day i64)
UPDATE api_key SET used_day = $day WHERE id = $id AND used_day < $day;

-- name: actor_keys_ending(after i64, before i64) -> login str, name str, expires i64
-- may scan: a few dozen keys, for the administrator
SELECT a.login, k.name, k.expires FROM api_key k JOIN account a ON a.id = k.account
WHERE k.revoked = 0 AND a.active AND k.expires > $after AND k.expires <= $before ORDER BY k.expires LIMIT 100;
