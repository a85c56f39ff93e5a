CREATE TABLE account (
	id BIGINT PRIMARY KEY,
	login TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	password TEXT NOT NULL,
	active BOOLEAN NOT NULL,
	rights BIGINT NOT NULL,          -- grows when roles of the account change: what a process remembers is then old
	created BIGINT NOT NULL
) {{STRICT}};

CREATE TABLE session (
	id BIGINT PRIMARY KEY,
	token_hash {{BLOB}} NOT NULL UNIQUE,
	account BIGINT NOT NULL,
	started BIGINT NOT NULL,
	seen BIGINT NOT NULL,
	ended BIGINT NOT NULL            -- 0: running
) {{STRICT}};
CREATE INDEX session_account ON session (account, ended);
CREATE INDEX session_started ON session (started);

CREATE TABLE org (
	id BIGINT PRIMARY KEY,
	parent BIGINT NOT NULL,
	name TEXT NOT NULL,
	kind TEXT NOT NULL,
	place TEXT NOT NULL
) {{STRICT}};
CREATE INDEX org_place ON org (place);
CREATE INDEX org_parent ON org (parent);

CREATE TABLE post (
	id BIGINT PRIMARY KEY,
	org BIGINT NOT NULL,
	name TEXT NOT NULL
) {{STRICT}};
CREATE INDEX post_org ON post (org);

CREATE TABLE role (
	name TEXT PRIMARY KEY,
	title TEXT NOT NULL,
	title_en TEXT NOT NULL,
	duty TEXT NOT NULL               -- system, security, audit: never together; "" none of these
) {{STRICT}};

CREATE TABLE role_permission (
	role TEXT NOT NULL,
	permission TEXT NOT NULL,
	PRIMARY KEY (role, permission)
) {{CLUSTERED}};

-- A role at a place in an organisation.
CREATE TABLE grant_ (
	id BIGINT PRIMARY KEY,
	account BIGINT NOT NULL,
	role TEXT NOT NULL,
	place TEXT NOT NULL,
	org BIGINT NOT NULL,
	post BIGINT NOT NULL,
	since BIGINT NOT NULL,
	by_account BIGINT NOT NULL,
	UNIQUE (account, role, place)
) {{STRICT}};
CREATE INDEX grant_place ON grant_ (place);
CREATE INDEX grant_post ON grant_ (post, account);
CREATE INDEX grant_org ON grant_ (org, account);

-- A party organisation works on a grid, villager group or building.
CREATE TABLE party_map (
	org BIGINT NOT NULL,
	place TEXT NOT NULL,
	since BIGINT NOT NULL,
	PRIMARY KEY (org, place)
) {{CLUSTERED}};
CREATE INDEX party_map_place ON party_map (place);

-- By keyed hash of what was typed as login, known or not: an unknown login locks like a known one.
CREATE TABLE login_failure (
	login_hash {{BLOB}} PRIMARY KEY,
	failures BIGINT NOT NULL,
	last BIGINT NOT NULL,
	locked_until BIGINT NOT NULL
) {{STRICT}};
CREATE INDEX login_failure_last ON login_failure (last);
