-- The language in which mail to this address is written: "en", "zh"; '' not said, so Chinese.
ALTER TABLE notice_channel ADD COLUMN lang TEXT NOT NULL DEFAULT '';
