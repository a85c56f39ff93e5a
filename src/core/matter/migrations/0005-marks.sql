-- The full-text index gets marks (core/matter/similar.h): its tailer reads the journal from the beginning once more.
UPDATE journal_cursor SET seq = 0 WHERE name = 'matter-search';
