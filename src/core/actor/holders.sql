-- name: actor_holders_at(places str[], role str, org i64?) -> account i64, place str
SELECT g.account, g.place FROM grant_ g JOIN account a ON a.id = g.account
WHERE g.place IN ($places[]) AND g.role = $role AND a.active AND a.password <> '' {{when org: AND g.org = $org}};
