-- Point layers: facilities, risk points and the like, each from a file. permission: '' everybody may see it, else the permission that is needed,
-- inside whose places the features are shown. version grows with every import.
CREATE TABLE map_layer (
	id BIGINT PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	title TEXT NOT NULL,
	permission TEXT NOT NULL,
	source TEXT NOT NULL,
	version BIGINT NOT NULL,
	updated BIGINT NOT NULL
) {{STRICT}};

-- fid: the feature's name in the file it came from, so that importing again changes and does not double. place '': not known where it belongs; a key of
-- the past is followed to where the place is now.
-- props: the other properties, a JSON object. run: the import that saw it last.
CREATE TABLE map_feature (
	id BIGINT PRIMARY KEY,
	layer TEXT NOT NULL,
	fid TEXT NOT NULL,
	place TEXT NOT NULL,
	name TEXT NOT NULL,
	kind TEXT NOT NULL,
	lon DOUBLE PRECISION NOT NULL,
	lat DOUBLE PRECISION NOT NULL,
	props TEXT NOT NULL,
	run BIGINT NOT NULL
) {{STRICT}};
CREATE UNIQUE INDEX map_feature_fid ON map_feature (layer, fid);
CREATE INDEX map_feature_layer ON map_feature (layer, id);
