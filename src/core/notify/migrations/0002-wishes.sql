-- class: 0 news, 1 something to do, 2 past its time. place: where it is about, for bundling. mail_at: when it may leave by mail; 0: not, or gone.
ALTER TABLE notice ADD COLUMN class BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notice ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE notice ADD COLUMN mail_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX notice_subject ON notice (subject) WHERE read_at = 0;
CREATE INDEX notice_mail ON notice (mail_at, recipient) WHERE mail_at > 0;
CREATE INDEX notice_mail_of ON notice (recipient, id) WHERE mail_at > 0;

-- How an account wants each class: 0 by mail at once, 1 only here, 2 once a day, 3 not at all. No row: 0.
CREATE TABLE notice_choice (
	recipient BIGINT NOT NULL,
	class BIGINT NOT NULL,
	mode BIGINT NOT NULL,
	PRIMARY KEY (recipient, class)
){{CLUSTERED}};

-- No mail between these minutes of the day (equal: at any time); mailed: when the last one was bundled.
CREATE TABLE notice_quiet (
	recipient BIGINT PRIMARY KEY,
	from_minute BIGINT NOT NULL,
	to_minute BIGINT NOT NULL,
	mailed BIGINT NOT NULL
){{STRICT}};
