# make e2e: scenarios on the real binary; ONLY="login csrf" runs the files with these words in their names
# make shots: every page at 360, 768 and 1440 px in build/shots/
ONLY ?=
.PHONY: e2e shots
e2e: $(B)/gongzhi
	@tests/run-e2e $(ONLY)
shots: $(B)/gongzhi
	@tests/run-e2e --shots
