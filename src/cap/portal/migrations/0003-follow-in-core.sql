-- The desk shows how many follow, and followers are told of the end: the table belongs to the matters now.
INSERT INTO matter_follow (code, matter, at, lang) SELECT code, matter, at, '' FROM portal_follow;
DROP TABLE portal_follow;
