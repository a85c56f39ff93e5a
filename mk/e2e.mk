# make e2e: scenarios on the real binary; ONLY="login csrf" runs the files with these words in their names
#   E2E_JOBS files at a time (2), E2E_STORES="sqlite pg", E2E_ALL=1, E2E_SHOTS=1: see tests/e2e/run.mjs
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
