-- name: job_node_of one (node i64) -> holder i64, who str, until i64
SELECT holder, who, until FROM node_lease WHERE node = $node;

-- name: job_node_take exec (node i64, holder i64, who str, until i64)
INSERT INTO node_lease (node, holder, who, until) VALUES ($node, $holder, $who, $until)
ON CONFLICT (node) DO UPDATE SET holder = excluded.holder, who = excluded.who, until = excluded.until;

-- name: job_node_give exec (node i64, holder i64)
DELETE FROM node_lease WHERE node = $node AND holder = $holder;
