-- The log. Every column is part of the leaf of the Merkle tree (docs/journal.md): a row can never be changed unseen.
CREATE TABLE journal (
	seq BIGINT PRIMARY KEY,
	at BIGINT NOT NULL,
	actor BIGINT NOT NULL,
	kind TEXT NOT NULL,
	subject BIGINT NOT NULL,
	place TEXT NOT NULL,
	data TEXT NOT NULL
) {{STRICT}};
CREATE INDEX journal_subject ON journal (subject, seq);
-- Reports of residents have no actor: their entries, by far the most, are not in here.
CREATE INDEX journal_actor ON journal (actor, seq) WHERE actor <> 0;

-- Full nodes of level 8 (256 leaves) and above; below that they are computed from the entries again.
CREATE TABLE journal_node (
	level BIGINT NOT NULL,
	idx BIGINT NOT NULL,
	hash {{BLOB}} NOT NULL,
	PRIMARY KEY (level, idx)
) {{CLUSTERED}};

CREATE TABLE journal_head (
	size BIGINT PRIMARY KEY,
	at BIGINT NOT NULL,
	root {{BLOB}} NOT NULL,
	signature {{BLOB}} NOT NULL,
	key_id TEXT NOT NULL
) {{STRICT}};

-- One row: the random name of this log (part of every signed head) and its hash, which never change.
CREATE TABLE journal_log (
	id BIGINT PRIMARY KEY,
	name TEXT NOT NULL,
	hash TEXT NOT NULL
) {{STRICT}};

CREATE TABLE journal_cursor (
	name TEXT PRIMARY KEY,
	seq BIGINT NOT NULL
) {{STRICT}};
