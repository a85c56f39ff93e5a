-- One row: how many entries there are, and a keyed sum over the root of the tree they make. Written with every batch, so that entries behind
-- the last signed head cannot be altered, added or cut off unseen either (docs/journal.md).
CREATE TABLE journal_edge (
	id BIGINT PRIMARY KEY,
	size BIGINT NOT NULL,
	mac {{BLOB}} NOT NULL
) {{STRICT}};
