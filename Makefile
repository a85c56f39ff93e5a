# gongzhi 共治: one file, wildcards. A new capability touches no line of this.
#
#   make            the program: build/gongzhi
#   make check      unit tests, both stores, with ASan and UBSan
#   make e2e        scenarios on the real binary, HTTP and Chromium
#   make lint fuzz bench dist deb

CC ?= gcc
PKGS = libmicrohttpd sqlite3 libpq jansson yaml-0.1 libcrypto libsodium libdeflate libcurl libzip libxml-2.0 \
       xlsxwriter libjpeg libpng libqrencode libseccomp
CSTD = -std=c11 -D_GNU_SOURCE
WARN = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
HARD = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fcf-protection
OPT ?= -O2 -g
SAN =
B ?= build
CPPFLAGS += -I. -Isrc -I$(B)/gen -MMD -MP $(shell pkg-config --cflags $(PKGS))
ifeq ($(SAN),)
CFLAGS += $(CSTD) $(WARN) $(OPT) $(HARD)
LDFLAGS += -Wl,-z,relro,-z,now
else
CFLAGS += $(CSTD) $(WARN) -O1 -g -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
# seventy test programs are linked: lld, where it is, takes a third of the time
LDFLAGS += -fsanitize=$(SAN) $(if $(shell command -v ld.lld),-fuse-ld=lld)
endif
LDLIBS += $(shell pkg-config --libs $(PKGS)) -lgcrypt -linih -lgeos_c -lm -lpthread

# ---- sources -------------------------------------------------------------------------------------------------------
SRCS := $(filter-out %/main.c,$(filter-out $(wildcard src/*/test_*.c src/*/*/test_*.c),$(wildcard src/*/*.c src/*/*/*.c)))
TESTS := $(wildcard src/*/test_*.c src/*/*/test_*.c)
ROOMS := $(sort $(patsubst src/%/,%,$(dir $(wildcard src/*/*.c src/*/*/*.c))))
# rooms with SQL, templates
SQLROOMS := $(sort $(foreach d,$(wildcard src/* src/core/* src/cap/*),$(if $(wildcard $(d)/*.sql $(d)/migrations/*.sql),$(patsubst src/%,%,$(d)))))
HTMLROOMS := $(sort $(foreach d,$(wildcard src/* src/core/* src/cap/*),$(if $(wildcard $(d)/html/*.html),$(patsubst src/%,%,$(d)))))
CAPS := $(sort $(patsubst src/cap/%/,%,$(wildcard src/cap/*/)))
ASSETS := $(sort $(wildcard web/css/*.css web/js/*.js web/img/* web/dist/*.js web/dist/*.mjs web/dist/*.css web/dist/*.txt web/dist/*.gz))
POS := $(sort $(wildcard src/*/en.po src/*/*/en.po scenarios/en.po))

# ---- generated -----------------------------------------------------------------------------------------------------
T = $(B)/tools
GENC := $(foreach r,$(SQLROOMS),$(B)/gen/$(r)/$(notdir $(r)).sql.c) \
        $(foreach r,$(HTMLROOMS),$(B)/gen/$(r)/$(notdir $(r)).html.c) \
        $(B)/gen/caps.c $(B)/gen/modules.c $(B)/gen/assets.c $(B)/gen/i18n.c
GENH := $(filter %.sql.h %.html.h,$(GENC:.c=.h))

OBJS := $(SRCS:%.c=$(B)/%.o) $(GENC:%.c=%.o)
MAINOBJ := $(B)/src/main.o

.PHONY: all check check-tests e2e lint fuzz bench dist deb clean asan FORCE
.SECONDARY:
all: $(B)/gongzhi

$(B)/gongzhi: $(OBJS) $(MAINOBJ)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(T)/%: tools/%.c
	@mkdir -p $(T)
	$(CC) $(CSTD) $(WARN) -O1 -g -o $@ $<

$(T)/tplc: tools/tplc_html.h

define SQL_RULE
$(B)/gen/$(1)/$(notdir $(1)).sql.c $(B)/gen/$(1)/$(notdir $(1)).sql.h &: $(T)/sqlc $(wildcard src/$(1)/*.sql src/$(1)/migrations/*.sql)
	@mkdir -p $(B)/gen/$(1)
	$(T)/sqlc $(notdir $(1)) src/$(1) $(B)/gen/$(1)/$(notdir $(1)).sql
endef
$(foreach r,$(SQLROOMS),$(eval $(call SQL_RULE,$(r))))

define HTML_RULE
$(B)/gen/$(1)/$(notdir $(1)).html.c $(B)/gen/$(1)/$(notdir $(1)).html.h &: $(T)/tplc $(wildcard src/$(1)/html/*.html)
	@mkdir -p $(B)/gen/$(1)
	$(T)/tplc $(1) $(B)/gen/$(1)/$(notdir $(1)).html $(sort $(wildcard src/$(1)/html/*.html))
endef
$(foreach r,$(HTMLROOMS),$(eval $(call HTML_RULE,$(r))))

# the folder lists themselves: rewritten only when they change
$(B)/gen/rooms.list: FORCE
	@mkdir -p $(B)/gen
	@echo '$(CAPS) | $(SQLROOMS)' | cmp -s - $@ || echo '$(CAPS) | $(SQLROOMS)' > $@
$(B)/gen/assets.list: FORCE
	@mkdir -p $(B)/gen
	@echo '$(ASSETS)' | cmp -s - $@ || echo '$(ASSETS)' > $@
FORCE:

$(B)/gen/caps.c: $(B)/gen/rooms.list
	@{ echo '#include "web/capability.h"'; \
	for c in $(CAPS); do echo "extern const struct capability cap_$$c;"; done; \
	echo 'const struct capability *const capabilities[] = {'; \
	for c in $(CAPS); do echo "	&cap_$$c,"; done; echo '	NULL};'; } > $@

$(B)/gen/modules.c: $(B)/gen/rooms.list
	@{ echo '#include "db/db.h"'; \
	for r in $(filter core/%,$(SQLROOMS)) $(filter-out core/% cap/%,$(SQLROOMS)) $(filter cap/%,$(SQLROOMS)); do echo "extern const struct db_module $$(basename $$r)_module;"; done; \
	echo 'const struct db_module *const db_modules[] = {'; \
	for r in $(filter core/%,$(SQLROOMS)) $(filter-out core/% cap/%,$(SQLROOMS)) $(filter cap/%,$(SQLROOMS)); do echo "	&$$(basename $$r)_module,"; done; echo '	NULL};'; } > $@

$(B)/gen/assets.c: $(T)/embed $(ASSETS) $(B)/gen/assets.list
	@mkdir -p $(B)/gen
	$(T)/embed $@ $(ASSETS)

$(B)/gen/i18n.c: $(T)/i18nc $(POS)
	@mkdir -p $(B)/gen
	$(T)/i18nc $@ $(POS)

$(B)/%.o: %.c | $(GENH)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(B)/gen/%.o: $(B)/gen/%.c | $(GENH)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# ---- unit tests: one binary a test file, linked with everything through a static library ------------------------------
$(B)/libgongzhi.a: $(OBJS)
	@rm -f $@
	@ar rcs $@ $^
TESTBINS := $(TESTS:%.c=$(B)/%)
$(B)/src/%: $(B)/src/%.o $(B)/libgongzhi.a $(B)/tests/unit.o
	$(CC) $(LDFLAGS) -o $@ $< $(B)/tests/unit.o $(B)/libgongzhi.a $(LDLIBS) -lcmocka
check-tests: $(TESTBINS)

asan:
	$(MAKE) B=build/asan SAN=address,undefined all check-tests
check:
	$(MAKE) B=build/asan SAN=address,undefined check-tests
	tests/run-unit build/asan

clean:
	rm -rf build

-include $(wildcard mk/*.mk)
-include $(OBJS:.o=.d) $(MAINOBJ:.o=.d) $(TESTS:%.c=$(B)/%.d) $(B)/tests/unit.d
