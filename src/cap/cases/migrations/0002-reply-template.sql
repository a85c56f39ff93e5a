-- Texts that save typing. place: whoever works in its subtree has them; org 0: every organisation; category and scenario '': any.
CREATE TABLE reply_template (
	id BIGINT PRIMARY KEY,
	place TEXT NOT NULL,
	org BIGINT NOT NULL,
	scenario TEXT NOT NULL,
	category TEXT NOT NULL,
	title TEXT NOT NULL,
	body TEXT NOT NULL,
	updated BIGINT NOT NULL,
	updated_by BIGINT NOT NULL
){{STRICT}};
CREATE INDEX reply_template_place ON reply_template (place, title, id);
