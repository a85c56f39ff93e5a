-- What somebody of the staff has begun to type, one row a form; sealed, since it may hold personal data.
CREATE TABLE web_kept (
	account BIGINT NOT NULL,
	form TEXT NOT NULL,
	at BIGINT NOT NULL,
	sealed TEXT NOT NULL,
	PRIMARY KEY (account, form)
){{CLUSTERED}};
CREATE INDEX web_kept_at ON web_kept (at);
