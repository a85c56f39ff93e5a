# make fuzz: every tests/fuzz/fuzz_*.c with clang's libFuzzer, ASan and UBSan, FUZZ_SECONDS each, two at a time (FUZZ_JOBS), starting from
# tests/fuzz/corpus/NAME/. Finds are left in build/fuzz/found/; put the ones that were mended into the corpus.
FUZZ_SECONDS ?= 5
FUZZ_CC ?= $(if $(shell command -v ccache),ccache )clang
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZFLAGS = -fsanitize=fuzzer,address,undefined

.PHONY: fuzz fuzz-build
fuzz-build:
	+@$(MAKE) --no-print-directory B=build/fuzz CC="$(FUZZ_CC)" WARN=-w SAN=fuzzer-no-link,address,undefined \
		$(FUZZERS:%=build/fuzz/fuzz_%)
fuzz: fuzz-build
	@tools/run-fuzz build/fuzz $(FUZZ_SECONDS) $(FUZZERS)

$(B)/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/libgongzhi.a
	$(CC) $(FUZZFLAGS) $(filter -fuse-ld=%,$(LDFLAGS)) -o $@ $< $(B)/libgongzhi.a $(LDLIBS)
-include $(wildcard $(B)/tests/fuzz/*.d)
