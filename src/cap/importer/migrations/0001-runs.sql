-- How far an import has come: the same file with the same mapping goes on behind it.
CREATE TABLE importer_run (
	digest TEXT PRIMARY KEY,
	done BIGINT NOT NULL,
	updated BIGINT NOT NULL
) {{STRICT}};
