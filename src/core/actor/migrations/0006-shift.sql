-- Whose shift it is at a place, since the hand-over that brought it. Of several at a place (two became one) the newest counts.
CREATE TABLE actor_shift (
	id BIGINT PRIMARY KEY,
	place TEXT NOT NULL,
	account BIGINT NOT NULL,
	since BIGINT NOT NULL
) {{STRICT}};
CREATE INDEX actor_shift_place ON actor_shift (place, since);
