-- name: matter_mail_put exec (matter i64, field str, sealed blob)
-- The reporter's address; the place is the matter's now.
INSERT INTO matter_value (matter, field, place, sealed) SELECT $matter, $field, place, $sealed FROM matter WHERE id = $matter
ON CONFLICT (matter, field) DO UPDATE SET sealed = excluded.sealed;

-- name: matter_mail_drop exec (matter i64, field str)
DELETE FROM matter_value WHERE matter = $matter AND field = $field;

-- name: matter_reads exec (matter i64, lang str)
UPDATE matter SET lang = $lang WHERE id = $matter;

-- name: matter_follow_put exec (code str, matter i64, at i64, lang str, address str?)
INSERT INTO matter_follow (code, matter, at, lang, address) VALUES ($code, $matter, $at, $lang, $address);

-- name: matter_follow_get(code str) -> matter i64, lang str, address str?
SELECT matter, lang, address FROM matter_follow WHERE code = $code;

-- name: matter_follow_address exec (code str, lang str, address str?)
UPDATE matter_follow SET lang = $lang, address = $address WHERE code = $code;

-- name: matter_follow_end exec (code str)
DELETE FROM matter_follow WHERE code = $code;

-- name: matter_follow_count one (matter i64) -> n i64
SELECT count(*) FROM matter_follow WHERE matter = $matter;

-- name: matter_follow_told(matter i64) -> code str, lang str, address str?
SELECT code, lang, address FROM matter_follow WHERE matter = $matter AND address IS NOT NULL ORDER BY code;

-- name: matter_follow_page(after str, n i64) -> code str, address str?
-- Those with an address, for sealing them anew.
SELECT code, address FROM matter_follow WHERE code > $after AND address IS NOT NULL ORDER BY code LIMIT $n;

-- name: matter_follow_reseal exec (code str, was str, address str)
UPDATE matter_follow SET address = $address WHERE code = $code AND address = $was;
