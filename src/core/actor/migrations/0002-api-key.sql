-- Keys of programs. A program is an account whose password is empty: no form lets it in.
CREATE TABLE api_key (
	id BIGINT PRIMARY KEY,
	account BIGINT NOT NULL,
	name TEXT NOT NULL,
	key_hash {{BLOB}} NOT NULL UNIQUE, -- keyed: whoever reads the store cannot try keys
	created BIGINT NOT NULL,
	by_account BIGINT NOT NULL,        -- 0: on the command line
	expires BIGINT NOT NULL,
	used_day BIGINT NOT NULL,          -- days since 1970-01-01 in China; 0: never used
	revoked BIGINT NOT NULL,           -- 0: in force
	UNIQUE (account, name, revoked)    -- the name of a revoked key may be used again
) {{STRICT}};
