-- Who wants to be told of what. url: sealed, it may hold a key of the receiver; host: what is shown of it. secret: which of the derived secrets signs.
-- scenario, category, state, action: '' any. status: 0 in force, 1 paused, 2 stopped after failures, 3 stopped because its owner has no rights any more.
-- queued, done: numbers of the last event put in and of the last one delivered; between them is what waits. lost: events left out since the queue was full.
CREATE TABLE webhook (
	id BIGINT PRIMARY KEY,
	place TEXT NOT NULL,
	owner BIGINT NOT NULL,
	made_by BIGINT NOT NULL,
	created BIGINT NOT NULL,
	name TEXT NOT NULL,
	url TEXT NOT NULL,
	host TEXT NOT NULL,
	secret BIGINT NOT NULL,
	scenario TEXT NOT NULL,
	category TEXT NOT NULL,
	state TEXT NOT NULL,
	action TEXT NOT NULL,
	titles BOOLEAN NOT NULL,
	status BIGINT NOT NULL,
	queued BIGINT NOT NULL,
	done BIGINT NOT NULL,
	lost BIGINT NOT NULL,
	tries BIGINT NOT NULL,
	next_at BIGINT NOT NULL,
	failing_since BIGINT NOT NULL,
	last_ok BIGINT NOT NULL,
	attempts BIGINT NOT NULL
){{STRICT}};
CREATE INDEX webhook_status ON webhook (status, id);
CREATE INDEX webhook_owner ON webhook (owner, id);

-- What waits. at: when it was put in; entry: number in the journal; event: JSON.
CREATE TABLE webhook_event (
	webhook BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	at BIGINT NOT NULL,
	entry BIGINT NOT NULL,
	event TEXT NOT NULL,
	PRIMARY KEY (webhook, seq)
){{CLUSTERED}};

-- The last tries of each, in a ring: slot is the number of the try, modulo WEBHOOK_SHOWN.
CREATE TABLE webhook_attempt (
	webhook BIGINT NOT NULL,
	slot BIGINT NOT NULL,
	at BIGINT NOT NULL,
	ms BIGINT NOT NULL,
	first BIGINT NOT NULL,
	last BIGINT NOT NULL,
	answer BIGINT NOT NULL,
	why TEXT NOT NULL,
	PRIMARY KEY (webhook, slot)
){{CLUSTERED}};
