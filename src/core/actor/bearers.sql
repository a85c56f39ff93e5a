-- name: actor_bearers(place str, permission str, n i64) -> account i64, name str
-- may scan: puts the few accounts of one place in order
SELECT DISTINCT a.id AS account, a.name FROM grant_ g JOIN role_permission p ON p.role = g.role AND p.permission = $permission
JOIN account a ON a.id = g.account WHERE g.place = $place AND a.active ORDER BY a.id LIMIT $n;
