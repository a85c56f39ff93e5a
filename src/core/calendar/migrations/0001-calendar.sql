-- Days off and make-up workdays of the whole country: no place. day: days since 1970-01-01. kind: 1 holiday, 2 workday.
CREATE TABLE calendar_day (
	day BIGINT PRIMARY KEY,
	kind BIGINT NOT NULL,
	name TEXT NOT NULL
){{STRICT}};
