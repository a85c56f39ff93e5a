-- Organisations that help the one which leads (协办). open: it still has to add its part; due follows the matter's, so that an inbox reads them in
-- order. parts: how many a matter has, so that those without need no look.
CREATE TABLE matter_part (
	matter BIGINT NOT NULL,
	org BIGINT NOT NULL,
	place TEXT NOT NULL,
	asked BIGINT NOT NULL,
	done BIGINT NOT NULL,
	done_by BIGINT NOT NULL,
	open BOOLEAN NOT NULL,
	due BIGINT NOT NULL,
	PRIMARY KEY (matter, org)
){{CLUSTERED}};
CREATE INDEX matter_part_open ON matter_part (org, due, matter) WHERE open;
CREATE INDEX matter_part_place ON matter_part (place);
ALTER TABLE matter ADD COLUMN parts BIGINT NOT NULL DEFAULT 0;
CREATE INDEX matter_merged ON matter (merged_into, id) WHERE merged_into > 0;
-- Which step a photograph came with; 0: the filing.
ALTER TABLE matter_file ADD COLUMN step BIGINT NOT NULL DEFAULT 0;
