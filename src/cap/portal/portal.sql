-- name: portal_channels_of(place str) -> kind str, name str, name_en str, phone str, address str, hours str
-- Of one town, in the order of the file they came from.
SELECT kind, name, name_en, phone, address, hours FROM portal_channel WHERE place = $place ORDER BY place, number;

-- name: portal_channels_clear exec(place str)
DELETE FROM portal_channel WHERE place = $place;

-- name: portal_channel_add exec(place str, number i64, kind str, name str, name_en str, phone str, address str, hours str)
INSERT INTO portal_channel (place, number, kind, name, name_en, phone, address, hours)
VALUES ($place, $number, $kind, $name, $name_en, $phone, $address, $hours);
