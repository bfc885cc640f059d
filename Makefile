# virqsim.  `make help` lists the targets; docs/building.md says more.
#
# Sources are found by their place in the tree, so that a new file needs no
# line here.  Everything generated goes to $(BUILD).

BUILD ?= build
CFLAGS ?= -O2 -g
PYTHON = /usr/bin/python3# Debian's own: python3-yaml and so on belong to it
ifeq ($(origin CC),default)
CC = gcc
endif
ifeq ($(origin CXX),default)
CXX = g++
endif

# All cores, unless a number of jobs was given.
ifeq ($(MAKELEVEL)$(findstring -j,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

WARN = -Wall -Wextra -Wshadow -Wconversion -Wundef -Werror
# Without -ffp-contract=off a machine with fused multiply-add rounds otherwise.
COMMON = $(WARN) -ffp-contract=off -I. -MMD -MP
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(COMMON) -Wstrict-prototypes \
	-Wmissing-prototypes -fopenmp $(CFLAGS)
ALL_CXXFLAGS = -std=c++17 $(COMMON) $(CFLAGS)
LINK = $(CXX) -fopenmp $(CFLAGS) $(LDFLAGS)
LDLIBS = -lyaml -ljansson -lm -lpthread

# $(call sources,folders,find's conditions)
sources = $(if $(wildcard $(1)),$(sort $(shell find $(wildcard $(1)) $(2))))

LIB_C := $(call sources,sim models software,-name '*.c' \
	-not -path '*/test/*' -not -path 'sim/cli/*')
CLI_C := $(call sources,sim/cli,-name '*.c' -not -path '*/test/*')
SC_CC := $(call sources,sim/sc,-name '*.cc' -not -path '*/test/*')
TEST_C := $(call sources,models sim software tests,-name '*_test.c')
TEST_CC := $(call sources,tests,-name '*.cc')
SC_TEST_CC := $(call sources,sim/sc,-path '*/test/*_test.cc')
SC_TEST_SHARED_CC := $(call sources,sim/sc,-path '*/test/*.cc' \
	-not -name '*_test.cc')
BENCH_C := $(call sources,bench,-name '*_bench.c')
SCRIPT_TESTS := $(call sources,tests/cli,-name '*_test.sh' -o -name '*_test.py')

obj = $(patsubst %,$(BUILD)/obj/%.o,$(basename $(1)))
SC_TESTS := $(patsubst %.cc,$(BUILD)/sc-tests/%,$(notdir $(SC_TEST_CC)))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(BENCH_C))
PROGRAM := $(if $(CLI_C),$(BUILD)/virqsim)
RUN_TESTS = BUILD=$(BUILD) PYTHON=$(PYTHON) tools/run-tests.sh

.PHONY: all
all: $(BUILD)/libvirqsim.a $(PROGRAM) ## build (the default)

# ---- what people call ----------------------------------------------------

.PHONY: demo check test asan bench cov lint format help clean

demo: ## install what is missing, build, compare the example scenario
	@tools/install-deps.sh build
	@$(MAKE) --no-print-directory all
	$(BUILD)/virqsim compare scenarios/eli-netperf.yaml

check: $(BUILD)/unit_tests $(PROGRAM) ## lint and unit tests: under a minute
	@$(RUN_TESTS) $(BUILD)/unit_tests

test: ## everything; installs what is missing
	@tools/install-deps.sh
	@$(MAKE) --no-print-directory test-programs
	@$(MAKE) --no-print-directory $(ASAN) test-programs-asan
	@$(RUN_TESTS) $(BUILD)/unit_tests $(SC_TESTS) \
		$(SCRIPT_TESTS) $(BUILD)/asan/unit_tests

ASAN = BUILD=$(BUILD)/asan CFLAGS='-O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined'
asan: ## unit tests with AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory $(ASAN) test-programs-asan
	@$(RUN_TESTS) $(BUILD)/asan/unit_tests

bench: $(BENCHES) ## build and run every bench/*_bench.c
	@set -e; for b in $(BENCHES); do echo "== $$b"; $$b; done

lint: ## layering, sizes, forbidden words, formatting
	@$(PYTHON) tools/lint.py

format: ## apply clang-format to all C and C++
	@find . -path ./build\* -prune -o \( -name '*.[ch]' -o -name '*.cc' \) \
		-print0 | xargs -0 clang-format -i

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) \
		| expand -t 16

clean: ## remove everything generated
	rm -rf $(BUILD)

# ---- programs ------------------------------------------------------------

.PHONY: test-programs test-programs-asan
test-programs: all $(BUILD)/unit_tests $(SC_TESTS)
test-programs-asan: $(BUILD)/unit_tests

$(BUILD)/libvirqsim.a: $(call obj,$(LIB_C)) $(BUILD)/sources
	@rm -f $@
	ar rcs $@ $(filter %.o,$^)

$(BUILD)/virqsim: $(call obj,$(CLI_C) $(SC_CC)) $(BUILD)/libvirqsim.a
	$(LINK) -o $@ $^ $(LDLIBS) -lsystemc

$(BUILD)/unit_tests: $(call obj,$(TEST_C) $(TEST_CC)) $(BUILD)/libvirqsim.a
	$(LINK) -o $@ $^ $(LDLIBS) -lgtest

# SystemC builds one design a process: one program a test.
define sc_test_rule
$(BUILD)/sc-tests/$(basename $(notdir $(1))): $(call obj,$(1) \
		$(SC_TEST_SHARED_CC) $(SC_CC)) $(BUILD)/libvirqsim.a
	@mkdir -p $$(@D)
	$$(LINK) -o $$@ $$^ $$(LDLIBS) -lgtest -lsystemc
endef
$(foreach t,$(SC_TEST_CC),$(eval $(call sc_test_rule,$(t))))

$(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(BUILD)/libvirqsim.a
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LDLIBS)

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj/%.o: %.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -c -o $@ $<

# Two files that change when the compilers' options do, and when a source of
# the library comes or goes; what depends on them is then built again.
.PHONY: always
$(BUILD)/flags: always
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) : $(CXX) $(ALL_CXXFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(ALL_CFLAGS) : $(CXX) $(ALL_CXXFLAGS)' >$@
$(BUILD)/sources: always
	@mkdir -p $(@D)
	@echo '$(LIB_C)' | cmp -s - $@ || echo '$(LIB_C)' >$@

.SECONDARY:
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
