# make e2e: scenarios on the real binary; ONLY="login csrf" runs the files with these words in their names
# make soak: the wall through a week in seven minutes (SOAK_DAYS, SOAK_DAY_SECONDS); not part of script/test
# make pictures: those of docs/img/ anew
# make shots: every page at 360, 768 and 1440 px in build/shots/
ONLY ?=
.PHONY: e2e shots soak pictures
e2e: $(B)/gongzhi
	@tests/run-e2e $(ONLY)
shots: $(B)/gongzhi
	@tests/run-e2e --shots
soak: $(B)/gongzhi
	@tests/run-e2e --soak
pictures: $(B)/gongzhi
	@tests/run-e2e --pictures
