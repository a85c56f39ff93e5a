-- name: portal_channels_of(place str) -> kind str, name str, name_en str, phone str, address str, hours str
-- Of one town, in the order of the file they came from.
SELECT kind, name, name_en, phone, address, hours FROM portal_channel WHERE place = $place ORDER BY place, number;

-- name: portal_channels_clear exec(place str)
DELETE FROM portal_channel WHERE place = $place;

-- name: portal_channel_add exec(place str, number i64, kind str, name str, name_en str, phone str, address str, hours str)
INSERT INTO portal_channel (place, number, kind, name, name_en, phone, address, hours)
VALUES ($place, $number, $kind, $name, $name_en, $phone, $address, $hours);

-- name: portal_follow_put exec (code str, matter i64, at i64)
INSERT INTO portal_follow (code, matter, at) VALUES ($code, $matter, $at);

-- name: portal_follow_get(code str) -> matter i64, at i64
SELECT matter, at FROM portal_follow WHERE code = $code;

-- name: portal_follow_end exec (code str)
DELETE FROM portal_follow WHERE code = $code;

-- name: portal_follow_count one (matter i64) -> n i64
SELECT count(*) FROM portal_follow WHERE matter = $matter;
