-- name: job_lease_take exec (name str, holder i64, until i64, now i64, absurd i64)
-- Takes a lease that is free, has run out, is ours, or lies further in the future than any lease does (of a clock that was wrong for a
-- while); changed tells whether it did.
INSERT INTO job_lease (name, holder, until) VALUES ($name, $holder, $until)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE job_lease.holder = excluded.holder OR job_lease.until <= $now OR job_lease.until > $absurd;

-- name: job_lease_give exec (name str, holder i64)
DELETE FROM job_lease WHERE name = $name AND holder = $holder;

-- name: job_lease_of (name str) -> holder i64, until i64
SELECT holder, until FROM job_lease WHERE name = $name;
