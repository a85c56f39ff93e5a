-- A second factor beside the password (RFC 6238). secret: sealed. confirmed 0: it was shown, no code of it has been typed yet. last_step: a code is good once.
CREATE TABLE account_factor (
	account BIGINT PRIMARY KEY,
	secret TEXT NOT NULL,
	confirmed BIGINT NOT NULL,
	last_step BIGINT NOT NULL
) {{STRICT}};

-- Codes for when the telephone is lost, by keyed hash; each is good once.
CREATE TABLE account_recovery (
	account BIGINT NOT NULL,
	hash {{BLOB}} NOT NULL,
	PRIMARY KEY (account, hash)
) {{CLUSTERED}};
