-- name: journal_insert exec (seq i64, at i64, actor i64, kind str, subject i64, place str, data str)
INSERT INTO journal (seq, at, actor, kind, subject, place, data)
VALUES ($seq, $at, $actor, $kind, $subject, $place, $data);

-- name: journal_newest() -> seq i64
SELECT seq FROM journal ORDER BY seq DESC LIMIT 1;

-- name: journal_rows(after i64, upto i64, n i64) -> seq i64, at i64, actor i64, kind str, subject i64, place str, data str
SELECT seq, at, actor, kind, subject, place, data FROM journal
WHERE seq > $after AND seq <= $upto ORDER BY seq LIMIT $n;

-- name: journal_subject_rows(subject i64, n i64) -> seq i64, at i64, actor i64, kind str, subject i64, place str, data str
SELECT seq, at, actor, kind, subject, place, data FROM journal
WHERE subject = $subject ORDER BY seq LIMIT $n;

-- name: journal_node_put exec (level i64, idx i64, hash blob)
INSERT INTO journal_node (level, idx, hash) VALUES ($level, $idx, $hash);

-- name: journal_node_get one (level i64, idx i64) -> hash blob
SELECT hash FROM journal_node WHERE level = $level AND idx = $idx;

-- name: journal_node_count one () -> n i64
-- may scan: only a check of the whole journal asks
SELECT count(*) AS n FROM journal_node;

-- name: journal_head_put exec (size i64, at i64, root blob, signature blob, key_id str)
INSERT INTO journal_head (size, at, root, signature, key_id)
VALUES ($size, $at, $root, $signature, $key_id) ON CONFLICT (size) DO NOTHING;

-- name: journal_head_newest() -> size i64, at i64, root blob, signature blob, key_id str
SELECT size, at, root, signature, key_id FROM journal_head ORDER BY size DESC LIMIT 1;

-- name: journal_heads_before(before i64, n i64) -> size i64, at i64, root blob, signature blob, key_id str
SELECT size, at, root, signature, key_id FROM journal_head WHERE size < $before ORDER BY size DESC LIMIT $n;

-- name: journal_heads_from(size i64, n i64) -> size i64, at i64, root blob, signature blob, key_id str
SELECT size, at, root, signature, key_id FROM journal_head WHERE size >= $size ORDER BY size LIMIT $n;

-- name: journal_edge_put exec (size i64, mac blob)
INSERT INTO journal_edge (id, size, mac) VALUES (1, $size, $mac)
ON CONFLICT (id) DO UPDATE SET size = excluded.size, mac = excluded.mac;

-- name: journal_edge_get one () -> size i64, mac blob
SELECT size, mac FROM journal_edge WHERE id = 1;

-- name: journal_log_put exec (name str, hash str)
INSERT INTO journal_log (id, name, hash) VALUES (1, $name, $hash) ON CONFLICT (id) DO NOTHING;

-- name: journal_log_get one () -> name str, hash str
SELECT name, hash FROM journal_log WHERE id = 1;

-- name: journal_cursor_add exec (name str)
INSERT INTO journal_cursor (name, seq) VALUES ($name, 0) ON CONFLICT (name) DO NOTHING;

-- name: journal_cursor_get one (name str) -> seq i64
SELECT seq FROM journal_cursor WHERE name = $name;

-- name: journal_cursor_lock one (name str) -> seq i64
-- Takes the row, so that the same tailer on another node waits for this batch.
UPDATE journal_cursor SET seq = seq WHERE name = $name RETURNING seq;

-- name: journal_cursor_move exec (name str, seq i64)
UPDATE journal_cursor SET seq = $seq WHERE name = $name;

-- name: journal_search(before i64, floor i64, actor i64?, subject i64?, kind str?, kind_dot str?, kind_end str?, place_from str?, place_after str?,
--   at_from i64?, at_to i64?, n i64) -> seq i64, at i64, actor i64, kind str, subject i64, place str, data str
-- may scan: at most the entries between floor and before
SELECT seq, at, actor, kind, subject, place, data FROM journal
WHERE seq < $before AND seq >= $floor
  {{when actor: AND actor = $actor AND actor <> 0}}
  {{when subject: AND subject = $subject}}
  {{when kind: AND (kind = $kind OR (kind >= $kind_dot AND kind < $kind_end))}}
  {{when place_from: AND place >= $place_from}}
  {{when place_after: AND place < $place_after}}
  {{when at_from: AND at >= $at_from}}
  {{when at_to: AND at < $at_to}}
ORDER BY seq DESC LIMIT $n;

-- Which of these have entries behind `after`, by others than the actor and of another kind.
-- name: journal_changed(subjects i64[], after i64, actor i64, kinds str[]) -> subject i64
-- may scan: the newest entries of a page of subjects
SELECT DISTINCT subject FROM journal WHERE subject IN ($subjects[]) AND seq > $after AND actor <> $actor AND kind NOT IN ($kinds[]);
