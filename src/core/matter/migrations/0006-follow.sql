-- The language in which the reporter reads: mail to him is written in it. Absent: not known.
ALTER TABLE matter ADD COLUMN lang TEXT;

-- Somebody who would have reported the same thing follows it instead, by a code of his own; address: sealed, where he wants to be told of the end.
CREATE TABLE matter_follow (
	code TEXT PRIMARY KEY,
	matter BIGINT NOT NULL,
	at BIGINT NOT NULL,
	lang TEXT NOT NULL,
	address TEXT
){{STRICT}};
CREATE INDEX matter_follow_of ON matter_follow (matter, code);
