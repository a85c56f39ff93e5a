-- name: calendar_days() -> day i64, kind i64
-- may scan: some hundred days, read whole at start
SELECT day, kind FROM calendar_day ORDER BY day;

-- name: calendar_put exec (day i64, kind i64, name str)
INSERT INTO calendar_day (day, kind, name) VALUES ($day, $kind, $name)
ON CONFLICT (day) DO UPDATE SET kind = excluded.kind, name = excluded.name;
