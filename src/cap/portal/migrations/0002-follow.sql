-- Somebody who would have reported the same thing follows it instead, by a code of his own. It lies where its matter lies.
CREATE TABLE portal_follow (
	code TEXT PRIMARY KEY,
	matter BIGINT NOT NULL,
	at BIGINT NOT NULL
) {{STRICT}};
CREATE INDEX portal_follow_of ON portal_follow (matter);
