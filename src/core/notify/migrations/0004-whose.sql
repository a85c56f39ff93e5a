-- Whose address it goes to: "matter:ID" (its reporter), "follow:CODE", "account:ID:CHANNEL"; '' nobody's that could take it back, or done. Who takes his
-- address back takes back what waits for it.
ALTER TABLE notify_queue ADD COLUMN whose TEXT NOT NULL DEFAULT '';
CREATE INDEX notify_queue_whose ON notify_queue (whose) WHERE whose <> '';
