-- name: actor_account_add exec (id i64, login str, name str, password str, created i64)
INSERT INTO account (id, login, name, password, active, rights, created)
VALUES ($id, $login, $name, $password, TRUE, 1, $created) ON CONFLICT (login) DO NOTHING;

-- name: actor_account_get one (id i64) -> login str, name str, active bool, rights i64
SELECT login, name, active, rights FROM account WHERE id = $id;

-- name: actor_account_by_login one (login str) -> id i64, password str, active bool
SELECT id, password, active FROM account WHERE login = $login;

-- name: actor_account_service one (id i64) -> service bool
-- A program: no password, so no form lets it in.
SELECT password = '' AS service FROM account WHERE id = $id;

-- name: actor_account_list(after i64, n i64) -> id i64, login str, name str, active bool, created i64, service bool
SELECT id, login, name, active, created, password = '' AS service FROM account WHERE id > $after ORDER BY id LIMIT $n;

-- name: actor_account_password exec (id i64, password str)
UPDATE account SET password = $password WHERE id = $id;

-- name: actor_account_active exec (id i64, active bool)
UPDATE account SET active = $active, rights = rights + 1 WHERE id = $id;

-- name: actor_account_rights_changed exec (id i64)
UPDATE account SET rights = rights + 1 WHERE id = $id;

-- name: actor_account_all_rights_changed exec ()
-- may scan: the roles themselves were changed, which concerns everybody
UPDATE account SET rights = rights + 1;

-- name: actor_session_add exec (id i64, token_hash blob, account i64, now i64, screen bool)
INSERT INTO session (id, token_hash, account, started, seen, ended, screen) VALUES ($id, $token_hash, $account, $now, $now, 0, $screen);

-- name: actor_session_find one (token_hash blob) -> id i64, account i64, started i64, seen i64, ended i64, screen bool, login str, name str, active bool, rights i64
SELECT s.id, s.account, s.started, s.seen, s.ended, s.screen, a.login, a.name, a.active, a.rights
FROM session s JOIN account a ON a.id = s.account WHERE s.token_hash = $token_hash;

-- name: actor_session_end exec (id i64, now i64)
UPDATE session SET ended = $now WHERE id = $id AND ended = 0;

-- name: actor_session_account one (id i64) -> account i64
SELECT account FROM session WHERE id = $id;

-- name: actor_session_end_all exec (account i64, now i64)
UPDATE session SET ended = $now WHERE account = $account AND ended = 0;

-- name: actor_session_touch exec (id i64, now i64)
UPDATE session SET seen = $now WHERE id = $id AND seen < $now;

-- name: actor_session_forget exec (started_before i64)
DELETE FROM session WHERE started < $started_before;

-- name: actor_grants_of(account i64) -> role str, place str, org i64, post i64
-- may scan: sorts the few grants of one account
SELECT role, place, org, post FROM grant_ WHERE account = $account ORDER BY since, id;

-- name: actor_grant_add exec (id i64, account i64, role str, place str, org i64, post i64, since i64, by_account i64)
INSERT INTO grant_ (id, account, role, place, org, post, since, by_account)
VALUES ($id, $account, $role, $place, $org, $post, $since, $by_account) ON CONFLICT (account, role, place) DO NOTHING;

-- name: actor_grant_remove exec (account i64, role str, place str)
DELETE FROM grant_ WHERE account = $account AND role = $role AND place = $place;

-- name: actor_grants_doubled exec (old_from str, old_after str, new_key str, cut i64)
-- A merge brings two grants of the same role to one place: one of them is enough.
DELETE FROM grant_ WHERE place >= $old_from AND place < $old_after AND EXISTS (SELECT 1 FROM grant_ g
	WHERE g.account = grant_.account AND g.role = grant_.role AND g.place = $new_key || substr(grant_.place, CAST($cut AS INTEGER)));

-- name: actor_party_doubled exec (old_from str, old_after str, new_key str, cut i64)
DELETE FROM party_map WHERE place >= $old_from AND place < $old_after AND EXISTS (SELECT 1 FROM party_map p
	WHERE p.org = party_map.org AND p.place = $new_key || substr(party_map.place, CAST($cut AS INTEGER)));

-- name: actor_grants_rename exec (old_from str, old_after str, new_key str, cut i64)
UPDATE grant_ SET place = $new_key || substr(place, CAST($cut AS INTEGER)) WHERE place >= $old_from AND place < $old_after;

-- name: actor_orgs_rename exec (old_from str, old_after str, new_key str, cut i64)
UPDATE org SET place = $new_key || substr(place, CAST($cut AS INTEGER)) WHERE place >= $old_from AND place < $old_after;

-- name: actor_party_rename exec (old_from str, old_after str, new_key str, cut i64)
UPDATE party_map SET place = $new_key || substr(place, CAST($cut AS INTEGER)) WHERE place >= $old_from AND place < $old_after;

-- name: actor_grants_rights_changed exec (place_from str, place_after str)
UPDATE account SET rights = rights + 1
WHERE id IN (SELECT account FROM grant_ WHERE place >= $place_from AND place < $place_after);

-- name: actor_permissions_of(roles str[]) -> role str, permission str
SELECT role, permission FROM role_permission WHERE role IN ($roles[]) ORDER BY role, permission;

-- name: actor_role_get one (name str) -> title str, title_en str, duty str
SELECT title, title_en, duty FROM role WHERE name = $name;

-- name: actor_duties_of(account i64) -> role str, duty str
SELECT DISTINCT r.name AS role, r.duty FROM grant_ g JOIN role r ON r.name = g.role WHERE g.account = $account AND r.duty <> '';

-- name: actor_duty_clash() -> account i64
-- may scan: only after the list of roles was changed
SELECT g.account FROM grant_ g JOIN role r ON r.name = g.role WHERE r.duty <> ''
GROUP BY g.account HAVING count(DISTINCT r.duty) > 1 LIMIT 1;

-- name: actor_role_all() -> name str, title str, title_en str, duty str
-- may scan: a dozen roles
SELECT name, title, title_en, duty FROM role ORDER BY name;

-- name: actor_role_permission_all() -> role str, permission str
-- may scan: a dozen roles
SELECT role, permission FROM role_permission ORDER BY role, permission;

-- name: actor_role_put exec (name str, title str, title_en str, duty str)
INSERT INTO role (name, title, title_en, duty) VALUES ($name, $title, $title_en, $duty)
ON CONFLICT (name) DO UPDATE SET title = excluded.title, title_en = excluded.title_en, duty = excluded.duty;

-- name: actor_role_remove exec (name str)
DELETE FROM role WHERE name = $name;

-- name: actor_role_permissions_clear exec (role str)
DELETE FROM role_permission WHERE role = $role;

-- name: actor_role_permission_add exec (role str, permission str)
INSERT INTO role_permission (role, permission) VALUES ($role, $permission) ON CONFLICT (role, permission) DO NOTHING;

-- name: actor_role_new exec (name str, title str, title_en str, duty str)
INSERT INTO role (name, title, title_en, duty) VALUES ($name, $title, $title_en, $duty) ON CONFLICT (name) DO NOTHING;

-- name: actor_role_permission_drop exec (role str, permission str)
DELETE FROM role_permission WHERE role = $role AND permission = $permission;

-- name: actor_role_rights_changed exec (role str)
-- may scan: only when a role is changed
UPDATE account SET rights = rights + 1 WHERE id IN (SELECT account FROM grant_ WHERE role = $role);

-- name: actor_permission_held one (permission str, role str?, account i64?, place str?) -> n i64, others i64
-- may scan: only when a role, a grant or an account is taken away
-- By people's accounts in force: in how many grants, and in how many others than those of this role, of this account, at this place.
SELECT count(*) AS n, COALESCE(SUM(CASE WHEN TRUE {{when role: AND p.role = $role}} {{when account: AND g.account = $account}}
	{{when place: AND g.place = $place}} THEN 0 ELSE 1 END), 0) AS others
FROM grant_ g JOIN role_permission p ON p.role = g.role JOIN account a ON a.id = g.account
WHERE p.permission = $permission AND a.active AND a.password <> '';

-- name: actor_role_holders one (role str) -> n i64
-- may scan: only when a role is to be taken out of the list
SELECT count(*) AS n FROM grant_ WHERE role = $role;

-- name: actor_org_add exec (id i64, parent i64, name str, kind str, place str)
INSERT INTO org (id, parent, name, kind, place) VALUES ($id, $parent, $name, $kind, $place);

-- name: actor_org_get one (id i64) -> id i64, parent i64, name str, kind str, place str
SELECT id, parent, name, kind, place FROM org WHERE id = $id;

-- name: actor_orgs_above(places str[]) -> id i64, parent i64, name str, kind str, place str
-- may scan: sorts the few organisations above one place
SELECT id, parent, name, kind, place FROM org WHERE place IN ($places[]) ORDER BY place DESC, id LIMIT 1000;

-- name: actor_orgs_inside(place_from str, place_after str) -> id i64, parent i64, name str, kind str, place str
SELECT id, parent, name, kind, place FROM org WHERE place > $place_from AND place < $place_after ORDER BY place LIMIT 1000;

-- name: actor_post_add exec (id i64, org i64, name str)
INSERT INTO post (id, org, name) VALUES ($id, $org, $name);

-- name: actor_post_get one (id i64) -> org i64, name str
SELECT org, name FROM post WHERE id = $id;

-- name: actor_posts_in(orgs i64[]) -> id i64, org i64, name str
-- may scan: puts the few posts of some organisations in order
SELECT id, org, name FROM post WHERE org IN ($orgs[]) ORDER BY org, id LIMIT 1000;

-- name: actor_staff_in(orgs i64[]) -> org i64, post i64, account i64, name str
-- may scan: puts the people of some organisations in order
SELECT DISTINCT g.org AS org, g.post AS post, g.account AS account, a.name AS name FROM grant_ g JOIN account a ON a.id = g.account
WHERE g.org IN ($orgs[]) AND a.active ORDER BY g.org, g.post, g.account LIMIT 2000;

-- name: actor_party_map_add exec (org i64, place str, since i64)
INSERT INTO party_map (org, place, since) VALUES ($org, $place, $since) ON CONFLICT (org, place) DO NOTHING;

-- name: actor_failure_get one (login_hash blob) -> failures i64, last i64, locked_until i64
SELECT failures, last, locked_until FROM login_failure WHERE login_hash = $login_hash;

-- name: actor_failure_put exec (login_hash blob, failures i64, last i64, locked_until i64)
INSERT INTO login_failure (login_hash, failures, last, locked_until) VALUES ($login_hash, $failures, $last, $locked_until)
ON CONFLICT (login_hash) DO UPDATE SET failures = excluded.failures, last = excluded.last, locked_until = excluded.locked_until;

-- name: actor_failure_clear exec (login_hash blob)
DELETE FROM login_failure WHERE login_hash = $login_hash;

-- name: actor_failure_forget exec (before i64)
DELETE FROM login_failure WHERE last < $before;

-- name: actor_sessions_of(account i64, seen_since i64, started_since i64, screen_seen_since i64, screen_started_since i64) -> id i64, started i64, seen i64, screen bool
-- may scan: sorts the few running sessions of one account
SELECT id, started, seen, screen FROM session
WHERE account = $account AND ended = 0 AND seen >= CASE WHEN screen THEN $screen_seen_since ELSE $seen_since END
	AND started >= CASE WHEN screen THEN $screen_started_since ELSE $started_since END ORDER BY seen DESC, id DESC LIMIT 100;

-- name: actor_session_end_others(account i64, keep i64, now i64) -> id i64
UPDATE session SET ended = $now WHERE account = $account AND ended = 0 AND id <> $keep RETURNING id;

-- ---- second factor ----

-- name: actor_factor_get(account i64) -> secret str, confirmed i64, last_step i64
SELECT secret, confirmed, last_step FROM account_factor WHERE account = $account;

-- name: actor_factor_put exec (account i64, secret str)
INSERT INTO account_factor (account, secret, confirmed, last_step) VALUES ($account, $secret, 0, 0)
ON CONFLICT (account) DO UPDATE SET secret = excluded.secret, last_step = 0 WHERE account_factor.confirmed = 0;

-- name: actor_factor_used exec (account i64, step i64, confirmed i64)
UPDATE account_factor SET last_step = $step, confirmed = $confirmed WHERE account = $account AND last_step < $step;

-- name: actor_factor_drop exec (account i64)
DELETE FROM account_factor WHERE account = $account;

-- name: actor_factor_page(after i64, n i64) -> account i64, secret str
SELECT account, secret FROM account_factor WHERE account > $after ORDER BY account LIMIT $n;

-- name: actor_factor_reseal exec (account i64, was str, secret str)
UPDATE account_factor SET secret = $secret WHERE account = $account AND secret = $was;

-- name: actor_recovery_add exec (account i64, hash blob)
INSERT INTO account_recovery (account, hash) VALUES ($account, $hash) ON CONFLICT DO NOTHING;

-- name: actor_recovery_use exec (account i64, hash blob)
DELETE FROM account_recovery WHERE account = $account AND hash = $hash;

-- name: actor_recovery_drop exec (account i64)
DELETE FROM account_recovery WHERE account = $account;

-- name: actor_recovery_count one (account i64) -> n i64
SELECT count(*) FROM account_recovery WHERE account = $account;

-- name: actor_programs(n i64) -> id i64, login str, name str, active bool
-- may scan: the index that holds accounts of programs alone
SELECT id, login, name, active FROM account WHERE password = '' ORDER BY id LIMIT $n;
