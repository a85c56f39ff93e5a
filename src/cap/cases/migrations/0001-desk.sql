-- What became of several matters handled at once: a row a matter, for two days; the same form sent twice finds its rows.
CREATE TABLE cases_bulk (
	run TEXT NOT NULL,
	matter BIGINT NOT NULL,
	actor BIGINT NOT NULL,
	at BIGINT NOT NULL,
	action TEXT NOT NULL,
	result BIGINT NOT NULL,
	why TEXT NOT NULL,
	why_en TEXT NOT NULL,
	PRIMARY KEY (run, matter)
){{CLUSTERED}};
CREATE INDEX cases_bulk_at ON cases_bulk (at);

-- Saved filters: of one account (org 0) or shared with an organisation. lines: "state=open" each.
CREATE TABLE cases_view (
	id BIGINT PRIMARY KEY,
	owner BIGINT NOT NULL,
	org BIGINT NOT NULL,
	name TEXT NOT NULL,
	lines TEXT NOT NULL,
	created BIGINT NOT NULL
){{STRICT}};
CREATE INDEX cases_view_owner ON cases_view (owner, id);
CREATE INDEX cases_view_org ON cases_view (org, id) WHERE org > 0;

-- Up to where in the journal an account has looked at its lists; seen by nobody else.
CREATE TABLE cases_seen (
	account BIGINT PRIMARY KEY,
	seq BIGINT NOT NULL,
	at BIGINT NOT NULL
){{STRICT}};
