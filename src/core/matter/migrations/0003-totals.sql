-- The mean time to close beside the median: exact, so it is summed. Totals are counted anew from the journal, since what has been counted does
-- not tell it; they now have rows for micro-grids too, so that a micro-grid can move to another grid.
DELETE FROM matter_total;
DELETE FROM matter_total_time;
ALTER TABLE matter_total_time ADD COLUMN ms BIGINT NOT NULL DEFAULT 0;
UPDATE journal_cursor SET seq = 0 WHERE name = 'matter-total';
-- What a list of a community or of the open ones asks most often is told from the index alone.
DROP INDEX matter_town;
CREATE INDEX matter_town ON matter (town, created, id, place);
DROP INDEX matter_open;
CREATE INDEX matter_open ON matter (created, id, place, due, state_since, suspended_since) WHERE desk IS NOT NULL;
