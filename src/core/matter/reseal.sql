-- name: matter_sealed_page(matter i64, field str, n i64) -> matter i64, field str, sealed blob
SELECT matter, field, sealed FROM matter_value WHERE (matter, field) > ($matter, $field) ORDER BY matter, field LIMIT $n;

-- name: matter_reseal exec (matter i64, field str, was blob, sealed blob)
UPDATE matter_value SET sealed = $sealed WHERE matter = $matter AND field = $field AND sealed = $was;
