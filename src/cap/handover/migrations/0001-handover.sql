-- What one shift leaves to the next. text: sealed, people write telephone numbers. taken: the hand-over with which it was passed on; 0: not yet.
CREATE TABLE handover_note (
	id BIGINT PRIMARY KEY,
	place TEXT NOT NULL,
	at BIGINT NOT NULL,
	author BIGINT NOT NULL,
	text TEXT NOT NULL,
	taken BIGINT NOT NULL
){{STRICT}};
CREATE INDEX handover_note_place ON handover_note (place, taken, id);

-- Work handed from one to another. state: 0 offered, 1 taken, 2 withdrawn. Numbers are those of the moment it was offered.
CREATE TABLE handover (
	id BIGINT PRIMARY KEY,
	place TEXT NOT NULL,
	at BIGINT NOT NULL,
	giver BIGINT NOT NULL,
	taker BIGINT NOT NULL,
	state BIGINT NOT NULL,
	taken_at BIGINT NOT NULL,
	open BIGINT NOT NULL,
	late BIGINT NOT NULL,
	tonight BIGINT NOT NULL
){{STRICT}};
CREATE INDEX handover_place ON handover (place, state, id);
