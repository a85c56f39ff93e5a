-- The lists in force above a place: the program takes the deepest.
-- name: rule_duty_of(category str) -> place str, owner str, source str
SELECT place, owner, source FROM duty WHERE category = $category ORDER BY category, place DESC;

-- name: rule_duty_put exec (place str, category str, owner str, source str)
INSERT INTO duty (place, category, owner, source) VALUES ($place, $category, $owner, $source)
ON CONFLICT (place, category) DO UPDATE SET owner = excluded.owner, source = excluded.source;
