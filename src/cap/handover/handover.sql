-- name: handover_note_add exec (id i64, place str, at i64, author i64, text str)
INSERT INTO handover_note (id, place, at, author, text, taken) VALUES ($id, $place, $at, $author, $text, 0);

-- name: handover_notes(place str, taken i64, n i64) -> id i64, at i64, author i64, text str
SELECT id, at, author, text FROM handover_note WHERE place = $place AND taken = $taken ORDER BY id LIMIT $n;

-- name: handover_notes_pass exec (place str, into i64)
UPDATE handover_note SET taken = $into WHERE place = $place AND taken = 0;

-- name: handover_add exec (id i64, place str, at i64, giver i64, taker i64, open i64, late i64, tonight i64)
INSERT INTO handover (id, place, at, giver, taker, state, taken_at, open, late, tonight)
VALUES ($id, $place, $at, $giver, $taker, 0, 0, $open, $late, $tonight);

-- name: handover_of_state(place str, state i64, n i64) -> id i64, at i64, giver i64, taker i64, taken_at i64, open i64, late i64, tonight i64
SELECT id, at, giver, taker, taken_at, open, late, tonight FROM handover WHERE place = $place AND state = $state ORDER BY id DESC LIMIT $n;

-- name: handover_end exec (id i64, place str, state i64, now i64)
UPDATE handover SET state = $state, taken_at = $now WHERE id = $id AND place = $place AND state = 0;

-- name: handover_note_page(after i64, n i64) -> id i64, text str
SELECT id, text FROM handover_note WHERE id > $after ORDER BY id LIMIT $n;

-- name: handover_note_reseal exec (id i64, was str, text str)
UPDATE handover_note SET text = $text WHERE id = $id AND text = $was;

-- ---- when a place gets another key ----

-- name: handover_rename exec (old str, after_old str, new_key str, cut i64)
UPDATE handover SET place = $new_key || substr(place, CAST($cut AS INTEGER)) WHERE place >= $old AND place < $after_old;

-- name: handover_note_rename exec (old str, after_old str, new_key str, cut i64)
UPDATE handover_note SET place = $new_key || substr(place, CAST($cut AS INTEGER)) WHERE place >= $old AND place < $after_old;
