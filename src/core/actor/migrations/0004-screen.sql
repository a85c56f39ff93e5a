-- A screen that hangs on a wall: lives long, may only look (docs/decisions/0027).
ALTER TABLE session ADD COLUMN screen BOOLEAN NOT NULL DEFAULT FALSE;
