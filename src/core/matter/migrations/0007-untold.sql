-- What the clocks have still to tell of: those whose deadline was told of are in it no more, so that a look costs what is new and not what is late.
CREATE INDEX matter_untold ON matter (due, id) WHERE desk IS NOT NULL AND escalated <> due AND due < 9007199254740991;
