-- name: admin_state_get(name str) -> value str
SELECT value FROM admin_state WHERE name = $name;

-- name: admin_state_list(name_from str, name_to str) -> name str, value str
SELECT name, value FROM admin_state WHERE name >= $name_from AND name < $name_to ORDER BY name;

-- name: admin_state_set exec (name str, value str)
INSERT INTO admin_state (name, value) VALUES ($name, $value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;
