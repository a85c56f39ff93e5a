-- name: actor_duty_end exec (place str)
DELETE FROM actor_shift WHERE place = $place;

-- name: actor_duty_begin exec (id i64, place str, account i64, now i64)
INSERT INTO actor_shift (id, place, account, since) VALUES ($id, $place, $account, $now);

-- name: actor_duty_rename exec (old_from str, old_after str, new_key str, cut i64)
UPDATE actor_shift SET place = $new_key || substr(place, CAST($cut AS INTEGER)) WHERE place >= $old_from AND place < $old_after;

-- Whoever may do it there and is not beside somebody who has taken the shift, and may still do it.
-- name: actor_duty_at(place_from str, place_to str, permission str, n i64) -> name str, title str, title_en str, post str?, since i64
-- may scan: puts a screenful in order
WITH able AS (
	SELECT g.place, g.account, max(g.role) AS role, max(g.post) AS post FROM grant_ g JOIN account a ON a.id = g.account
	WHERE g.place >= $place_from AND g.place < $place_to AND a.active
		AND EXISTS (SELECT 1 FROM role_permission rp WHERE rp.role = g.role AND rp.permission = $permission)
	GROUP BY g.place, g.account),
shift AS (
	SELECT d.place, d.account, d.since FROM actor_shift d JOIN able b ON b.place = d.place AND b.account = d.account
	WHERE d.place >= $place_from AND d.place < $place_to
		AND NOT EXISTS (SELECT 1 FROM actor_shift later WHERE later.place = d.place AND later.since > d.since))
SELECT a.name, r.title, r.title_en, p.name AS post, coalesce(s.since, 0) AS since FROM able b JOIN account a ON a.id = b.account JOIN role r ON r.name = b.role
	LEFT JOIN post p ON p.id = b.post LEFT JOIN shift s ON s.place = b.place AND s.account = b.account
WHERE s.account IS NOT NULL OR NOT EXISTS (SELECT 1 FROM shift WHERE shift.place = b.place)
ORDER BY b.place, a.id LIMIT $n;
