-- Lists at a million matters: an index for each condition that can be rare in a district or in the whole city, so that a page looks at few
-- rows. The key of a district is the first 6 letters of a place's key.
CREATE INDEX matter_district ON matter (substr(place, 1, 6), created, id);
CREATE INDEX matter_channel ON matter (channel, created, id);
CREATE INDEX matter_scenario ON matter (scenario, created, id);
CREATE INDEX matter_person ON matter (holder, created, id) WHERE holder > 0;
-- An inbox of a part of a town, or of one of the desks of an organisation, is told from the index alone.
DROP INDEX matter_desk_town;
CREATE INDEX matter_desk_town ON matter (desk, town, due, id, place) WHERE desk IS NOT NULL;
DROP INDEX matter_holder_due;
CREATE INDEX matter_holder_due ON matter (holder_org, due, id, desk, place) WHERE desk IS NOT NULL AND holder_org > 0;
