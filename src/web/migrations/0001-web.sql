-- Posts that have been done, so that the same post sent twice runs once. `born` is the hour in which the form was shown (part of
-- its key): rows arrive and go in order of time. status 0: done, but the answer is not known (a crash in between).
CREATE TABLE web_once (
	born BIGINT NOT NULL,
	id TEXT NOT NULL,
	at BIGINT NOT NULL,
	status BIGINT NOT NULL,
	location TEXT,
	flash TEXT,
	type TEXT,
	body TEXT,
	PRIMARY KEY (born, id)
) {{CLUSTERED}};

-- What somebody had typed when the session ended: sealed, for an hour, found by the hash of a cookie.
CREATE TABLE web_draft (
	id TEXT NOT NULL PRIMARY KEY,
	at BIGINT NOT NULL,
	sealed {{BLOB}} NOT NULL
) {{STRICT}};
CREATE INDEX web_draft_at ON web_draft (at);
