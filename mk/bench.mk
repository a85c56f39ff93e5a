# make bench: every benchmark with its small default size, some three minutes in all; make bench-NAME: one. Sizes by environment variables, see
# docs/benchmarks.md. Figures are ratios against a raw limit or a peer taken in the same run; no test depends on them.
BENCHES := $(patsubst bench/bench_%.c,%,$(wildcard bench/bench_*.c))
.PHONY: bench $(BENCHES:%=bench-%)
bench: $(BENCHES:%=$(B)/bench/bench_%) $(B)/gongzhi $(B)/bench/slow_sync.so
	@export SLOW_SYNC_SO=$(B)/bench/slow_sync.so; for b in $(BENCHES); do echo "== $$b"; GONGZHI_BINARY=$(B)/gongzhi $(B)/bench/bench_$$b || exit 1; done
# alone, the crash test runs as often as the goal asks
bench-crash: export CRASH_ROUNDS ?= 30
$(BENCHES:%=bench-%): bench-%: $(B)/bench/bench_% $(B)/gongzhi
	@GONGZHI_BINARY=$(B)/gongzhi $<
# a disk that takes longer, for one client alone
bench-intake: export SLOW_SYNC_SO ?= $(B)/bench/slow_sync.so
bench-intake: $(B)/bench/slow_sync.so
$(B)/bench/slow_sync.so: bench/slow_sync.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) -Wall -Wextra -Werror $(OPT) -shared -fPIC -o $@ $<
$(B)/bench/bench_%: $(B)/bench/bench_%.o $(B)/bench/common.o $(B)/bench/load.o $(B)/tests/unit.o $(B)/libgongzhi.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka
-include $(wildcard $(B)/bench/*.d)
