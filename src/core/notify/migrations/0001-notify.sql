-- Notices inside the application.
CREATE TABLE notice (
	id BIGINT PRIMARY KEY,
	recipient BIGINT NOT NULL,
	at BIGINT NOT NULL,
	kind TEXT NOT NULL,
	title TEXT NOT NULL,
	body TEXT NOT NULL,
	link TEXT NOT NULL,
	subject BIGINT NOT NULL,
	read_at BIGINT NOT NULL
){{STRICT}};
CREATE INDEX notice_unread ON notice (recipient, read_at, id);

-- Where else a person wants notices; the address is sealed.
CREATE TABLE notice_channel (
	recipient BIGINT NOT NULL,
	channel TEXT NOT NULL,
	address TEXT NOT NULL,
	PRIMARY KEY (recipient, channel)
){{STRICT}};

-- What waits to be delivered. state: queued, sent, failed. Address, subject and body are sealed, and emptied once delivered or given up.
CREATE TABLE notify_queue (
	id BIGINT PRIMARY KEY,
	channel TEXT NOT NULL,
	address TEXT NOT NULL,
	subject TEXT NOT NULL,
	body TEXT NOT NULL,
	state TEXT NOT NULL,
	tries BIGINT NOT NULL,
	created BIGINT NOT NULL,
	next_at BIGINT NOT NULL,
	done_at BIGINT NOT NULL,
	last_error TEXT NOT NULL
){{STRICT}};
CREATE INDEX notify_queue_due ON notify_queue (state, next_at);
CREATE INDEX notify_queue_done ON notify_queue (state, done_at);
