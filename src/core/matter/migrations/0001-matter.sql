CREATE TABLE scenario (
	id TEXT NOT NULL,
	version BIGINT NOT NULL,
	digest {{BLOB}} NOT NULL,
	body TEXT NOT NULL,
	created BIGINT NOT NULL,
	PRIMARY KEY (id, version)
){{STRICT}};

-- due: 9007199254740991 (latest) when there is no deadline, so that "most urgent first" needs no special case.
-- desk: the roles that hold it, "handler" or "handler|leader"; NULL when it has ended. town: place cut at the town.
CREATE TABLE matter (
	id BIGINT PRIMARY KEY,
	code TEXT NOT NULL,
	scenario TEXT NOT NULL,
	scenario_version BIGINT NOT NULL,
	state TEXT NOT NULL,
	kind BIGINT NOT NULL,
	version BIGINT NOT NULL,
	place TEXT NOT NULL,
	town TEXT NOT NULL,
	lon DOUBLE PRECISION,
	lat DOUBLE PRECISION,
	category TEXT NOT NULL,
	title TEXT NOT NULL,
	channel TEXT NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	state_since BIGINT NOT NULL,
	due BIGINT NOT NULL,
	total_due BIGINT NOT NULL,
	kept_due BIGINT NOT NULL,
	suspended_since BIGINT NOT NULL,
	escalated BIGINT NOT NULL,
	closed BIGINT NOT NULL,
	holder_org BIGINT NOT NULL,
	holder_post BIGINT NOT NULL,
	holder BIGINT NOT NULL,
	handler BIGINT NOT NULL,
	reporter BIGINT NOT NULL,
	filed_by BIGINT NOT NULL,
	is_public BOOLEAN NOT NULL,
	demo BOOLEAN NOT NULL,
	judge_score BIGINT NOT NULL,
	judge_solved BIGINT NOT NULL,
	judged BIGINT NOT NULL,
	verdict TEXT NOT NULL,
	excluded BIGINT NOT NULL,
	merged_into BIGINT NOT NULL,
	reopened BIGINT NOT NULL,
	desk TEXT,
	source TEXT,
	source_id TEXT,
	fields TEXT NOT NULL
){{STRICT}};
CREATE UNIQUE INDEX matter_code ON matter (code);
CREATE UNIQUE INDEX matter_source ON matter (source, source_id) WHERE source IS NOT NULL;
CREATE INDEX matter_town ON matter (town, created, id);
CREATE INDEX matter_created ON matter (created, id, place);
CREATE INDEX matter_category ON matter (category, created, id);
CREATE INDEX matter_state ON matter (state, created, id);
CREATE INDEX matter_open ON matter (created, id, place) WHERE desk IS NOT NULL;
CREATE INDEX matter_desk_town ON matter (desk, town, due, id) WHERE desk IS NOT NULL;
CREATE INDEX matter_desk_due ON matter (desk, due, id, place) WHERE desk IS NOT NULL;
CREATE INDEX matter_due ON matter (due, id) WHERE desk IS NOT NULL;
CREATE INDEX matter_holder ON matter (holder_org, created, id) WHERE holder_org > 0;
CREATE INDEX matter_holder_due ON matter (holder_org, due, id) WHERE desk IS NOT NULL AND holder_org > 0;
CREATE INDEX matter_reporter ON matter (reporter, created, id) WHERE reporter > 0;

-- Personal values, sealed; lookup: keyed hash of a telephone number.
CREATE TABLE matter_value (
	matter BIGINT NOT NULL,
	field TEXT NOT NULL,
	place TEXT NOT NULL,
	sealed {{BLOB}} NOT NULL,
	lookup {{BLOB}},
	PRIMARY KEY (matter, field)
){{CLUSTERED}};
CREATE INDEX matter_value_lookup ON matter_value (lookup) WHERE lookup IS NOT NULL;

-- What people wrote when they acted; the journal holds its hash. The filing itself is the matter's row.
CREATE TABLE matter_step (
	id BIGINT PRIMARY KEY,
	matter BIGINT NOT NULL,
	place TEXT NOT NULL,
	at BIGINT NOT NULL,
	actor BIGINT NOT NULL,
	action TEXT NOT NULL,
	state_from TEXT NOT NULL,
	state_to TEXT NOT NULL,
	note TEXT NOT NULL,
	is_public BOOLEAN NOT NULL,
	vals TEXT NOT NULL
){{STRICT}};
CREATE INDEX matter_step_of ON matter_step (matter, id);
CREATE INDEX matter_step_place ON matter_step (place);

CREATE TABLE matter_file (
	id BIGINT PRIMARY KEY,
	matter BIGINT NOT NULL,
	place TEXT NOT NULL,
	name TEXT NOT NULL,
	type TEXT NOT NULL,
	path TEXT NOT NULL,
	thumb TEXT NOT NULL,
	size BIGINT NOT NULL,
	width BIGINT NOT NULL,
	height BIGINT NOT NULL
){{STRICT}};
CREATE INDEX matter_file_of ON matter_file (matter, id);
CREATE INDEX matter_file_place ON matter_file (place);

-- Sums by the day of filing; a row for every place above the matter down to its community. Public matters only.
CREATE TABLE matter_total (
	place TEXT NOT NULL,
	day BIGINT NOT NULL,
	scenario TEXT NOT NULL,
	category TEXT NOT NULL,
	channel TEXT NOT NULL,
	filed BIGINT NOT NULL,
	opened BIGINT NOT NULL,
	answered BIGINT NOT NULL,
	closed BIGINT NOT NULL,
	refused BIGINT NOT NULL,
	late_closed BIGINT NOT NULL,
	judged BIGINT NOT NULL,
	solved BIGINT NOT NULL,
	not_solved BIGINT NOT NULL,
	score1 BIGINT NOT NULL,
	score2 BIGINT NOT NULL,
	score3 BIGINT NOT NULL,
	score4 BIGINT NOT NULL,
	score5 BIGINT NOT NULL,
	PRIMARY KEY (place, day, scenario, category, channel)
){{CLUSTERED}};
-- How long closing took: bucket b holds times from 2^(b/8) to 2^((b+1)/8) minutes.
CREATE TABLE matter_total_time (
	place TEXT NOT NULL,
	day BIGINT NOT NULL,
	bucket BIGINT NOT NULL,
	n BIGINT NOT NULL,
	PRIMARY KEY (place, day, bucket)
){{CLUSTERED}};
{{SEARCH matter}};
