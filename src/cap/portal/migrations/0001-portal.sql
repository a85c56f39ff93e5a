-- Ways to reach a town that are no web page: its service counters and telephones.
CREATE TABLE portal_channel (
	place TEXT NOT NULL,
	number BIGINT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	name_en TEXT NOT NULL,
	phone TEXT NOT NULL,
	address TEXT NOT NULL,
	hours TEXT NOT NULL,
	PRIMARY KEY (place, number)
) {{CLUSTERED}};
