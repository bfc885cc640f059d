# virqsim.  `make help` lists the targets; docs/building.md says more.
#
# Sources are found by their place in the tree, so that a new file needs no
# line here.  Everything generated goes to $(BUILD).

BUILD ?= build
# The verilated twins: the same whatever CFLAGS are.
RTL ?= $(BUILD)/rtl
CFLAGS ?= -O3 -g
# GCC's generic tuning copies and clears small structures by REP instructions,
# which take long to start.
TUNE ?= $(if $(filter x86_64,$(shell uname -m)),-mtune=skylake)
# The objects are complete either way; what has to be fast is linked with it.
LTO ?= $(if $(filter -O3,$(CFLAGS)),-flto=auto -ffat-lto-objects)
PYTHON = /usr/bin/python3# Debian's own: python3-yaml and so on belong to it
ifeq ($(origin CC),default)
CC = gcc
endif
ifeq ($(origin CXX),default)
CXX = g++
endif

# All cores; a -j of the command line wins.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

# Short lines while building; `make V=1` shows the commands.
ifneq ($(V),1)
Q = @
say = @echo "$(strip $(1))"
endif

WARN = -Wall -Wextra -Wshadow -Wconversion -Wundef -Werror
# Without -ffp-contract=off a machine with fused multiply-add rounds otherwise.
COMMON = $(WARN) -ffp-contract=off -I. -MMD -MP
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(COMMON) -Wstrict-prototypes \
	-Wmissing-prototypes -fopenmp $(TUNE) $(CFLAGS) $(LTO)
ALL_CXXFLAGS = -std=c++17 $(COMMON) $(TUNE) $(CFLAGS) $(LTO)
LINK = $(Q)$(CXX) -fopenmp $(TUNE) $(CFLAGS) $(or $(call fast,$@),-fno-lto) $(LDFLAGS)
fast = $(if $(filter $(PROGRAM) $(BENCHES),$(1)),$(LTO))
LDLIBS = -lyaml -ljansson -llzma -lm -lpthread

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
DIFFERENTIAL_C := $(call sources,tests/differential,-name '*.c')
BENCH_C := $(call sources,bench,-name '*_bench.c')
SCRIPT_TESTS := $(call sources,tests/cli examples,-name '*_test.sh' \
	-o -name '*_test.py')
# Every folder of examples/ is a program, unless it shows a Makefile of its own.
EXAMPLE_DIRS := $(filter-out $(patsubst %Makefile,%,\
	$(wildcard examples/*/Makefile)),$(wildcard examples/*/))

obj = $(patsubst %,$(BUILD)/obj/%.o,$(basename $(1)))
SC_TESTS := $(patsubst %.cc,$(BUILD)/sc-tests/%,$(notdir $(SC_TEST_CC)))
BENCHES := $(patsubst %.c,$(BUILD)/%,$(BENCH_C))
EXAMPLES := $(patsubst %/,$(BUILD)/%,$(EXAMPLE_DIRS))
# Every models/NAME/rtl is a twin, with a lock-step test of its own.
TWINS := $(sort $(patsubst models/%/rtl/,%,$(dir $(wildcard models/*/rtl/*.sv))))
LOCKSTEP := $(TWINS:%=$(BUILD)/lockstep/%)
TWIN_PACKAGES := $(foreach n,$(TWINS),$(RTL)/$(n)/$(n)_regs_pkg.sv)
LOCKSTEP_C := $(filter-out %_test.c,$(wildcard tests/lockstep/*.c))
VERILATED := $(RTL)/verilated.o $(RTL)/verilated_threads.o
# Twins that a machine can have: sim/sc/NAME_twin.cc.
SC_TWINS := $(patsubst sim/sc/%_twin.cc,%,$(wildcard sim/sc/*_twin.cc))
# The I/O APIC comes in two sizes; a machine's remapping unit has a cache of any
# size, the one in lock-step the default.
SIZES_ioapic := ioapic ioapic120
SC_SIZES_iommu := iommu1024
# $(call rtl_of,NAME), $(call sc_rtl_of,NAME): the verilated twin in each size,
# for lock-step and for a machine
verilated = $(foreach n,$(1),$(RTL)/$(n)/V$(n)__ALL.a)
rtl_of = $(call verilated,$(or $(SIZES_$(1)),$(1)))
sc_rtl_of = $(call verilated,$(or $(SC_SIZES_$(1)),$(SIZES_$(1)),$(1)))
SC_RTL := $(foreach n,$(SC_TWINS),$(call sc_rtl_of,$(n))) $(VERILATED)
# As one file a twin is built in half the time.
TWIN_OPT ?= -O2
VERILATOR_INCLUDE ?= /usr/share/verilator/include
PROGRAM := $(BUILD)/virqsim

SUBMAKE = +@$(MAKE) --no-print-directory
RUN_TESTS = @BUILD=$(BUILD) PYTHON=$(PYTHON) \
	TEST_JOBS=$(patsubst -j%,%,$(filter -j%,$(MAKEFLAGS))) tools/run-tests.sh

.PHONY: all
all: $(BUILD)/libvirqsim.a $(PROGRAM) ## build (the default)

# ---- what people call ----------------------------------------------------

.PHONY: demo check test results results-update asan bench cov lint format
.PHONY: help clean rtl-check lockstep-long mutants

demo: ## install what is missing, build, compare the example scenario
	@tools/install-deps.sh build
	$(SUBMAKE) all
	$(BUILD)/virqsim compare scenarios/eli-netperf.yaml

check: $(BUILD)/unit_tests $(PROGRAM) ## lint, unit tests, one golden scenario
	$(RUN_TESTS) tools/lint.py $(BUILD)/unit_tests \
		'tools/results.sh eli-netperf'

# They run side by side; what takes longest starts first.
test: ## everything there is to test; installs what is missing
	@tools/install-deps.sh
	@tools/install-qemu10.sh $(BUILD)/qemu10
	$(SUBMAKE) test-programs asan-built
	$(RUN_TESTS) $(ASAN_TESTS) $(LONG_TESTS) $(BUILD)/unit_tests \
		$(RTL_CHECK) $(LOCKSTEP) $(SC_TESTS) $(BUILD)/differential \
		$(filter-out $(LONG_TESTS),$(SCRIPT_TESTS)) \
		tools/results.sh tools/lint.py

rtl-check: $(TWIN_PACKAGES) ## lint the RTL twins and synthesize them
	$(RUN_TESTS) $(RTL_CHECK)

lockstep-long: $(LOCKSTEP) ## C and RTL in lock-step for 50 million cycles
	@set -e; for t in $(LOCKSTEP); do $$t --cycles 50000000; done

results: $(PROGRAM) ## re-create the reference results and compare them
	@BUILD=$(BUILD) tools/results.sh

results-update: $(PROGRAM) ## make them, and the numbers in the pages, anew
	@BUILD=$(BUILD) tools/results.sh --update
	@BUILD=$(BUILD) VIRQSIM_UPDATE_DOCS=1 $(PYTHON) tests/cli/docs_test.py

asan: ## unit tests and a scenario with AddressSanitizer and UBSan
	$(SUBMAKE) asan-built
	$(RUN_TESTS) $(ASAN_TESTS)

mutants: ## break models and twins, one fault at a time; takes an hour
	$(PYTHON) tools/mutants.py

bench: $(BENCHES) $(LOCKSTEP) ## run every bench/*_bench.c; speed of the twins
	@set -e; for b in $(BENCHES); do echo "== $$b"; $$b; done
	@set -e; for t in $(LOCKSTEP); do echo "== $$t"; $$t --bench; done

cov: ## lines that the unit tests run, per file
	$(SUBMAKE) BUILD=$(BUILD)/cov CFLAGS='-O0 -g --coverage' \
		$(BUILD)/cov/unit_tests
	@tools/cov.sh $(BUILD)/cov

lint: ## layering, sizes, forbidden words, layout
	@$(PYTHON) tools/lint.py

format: ## apply clang-format to all C and C++
	@find . \( -path './build*' -o -name .git \) -prune -o \
		\( -name '*.[ch]' -o -name '*.cc' \) -print0 | xargs -0 clang-format -i

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 16

clean: ## remove everything generated
	rm -rf $(BUILD)

RTL_CHECK = $(if $(TWINS),'tools/rtl-check.sh $(TWINS)')
LONG_TESTS = tests/cli/mutants_test.py tests/cli/docs_test.py

ASAN = BUILD=$(BUILD)/asan RTL=$(RTL) CFLAGS='-O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined'
ASAN_TESTS = $(BUILD)/asan/unit_tests \
	'tests/asan_scenario.sh $(BUILD)/asan/virqsim'

# ---- programs ------------------------------------------------------------

.PHONY: test-programs asan-programs asan-built
test-programs: all $(BUILD)/unit_tests $(SC_TESTS) $(EXAMPLES) $(LOCKSTEP) \
	$(BUILD)/differential
asan-programs: $(BUILD)/unit_tests $(PROGRAM)
asan-built: $(SC_RTL)
	$(SUBMAKE) $(ASAN) asan-programs

$(BUILD)/libvirqsim.a: $(call obj,$(LIB_C)) $(BUILD)/sources
	$(call say,AR $@)
	@rm -f $@
	$(Q)ar rcs $@ $(filter %.o,$^)

$(PROGRAM): $(call obj,$(CLI_C) $(SC_CC)) $(SC_RTL) $(BUILD)/libvirqsim.a
	$(call say,LINK $@)
	$(LINK) -o $@ $^ $(LDLIBS) -lsystemc

$(BUILD)/unit_tests: $(call obj,$(TEST_C) $(TEST_CC) $(LOCKSTEP_C)) \
		$(BUILD)/libvirqsim.a
	$(call say,LINK $@)
	$(LINK) -o $@ $^ $(LDLIBS) -lgtest

$(BUILD)/asan/unit_tests: always
	$(SUBMAKE) $(ASAN) $@

# $(call program_rule,program,sources,libraries,archives)
define program_rule
$(1): $(call obj,$(2)) $(4) $(BUILD)/libvirqsim.a
	$(call say,LINK $(1))
	@mkdir -p $$(@D)
	$$(LINK) -o $$@ $$^ $$(LDLIBS) $(3)
endef

# SystemC builds one design a process: one program a test.
$(foreach t,$(SC_TEST_CC),$(eval $(call program_rule,\
	$(BUILD)/sc-tests/$(basename $(notdir $(t))),\
	$(t) $(SC_TEST_SHARED_CC) $(SC_CC),-lgtest -lsystemc,$(SC_RTL))))
$(eval $(call program_rule,$(BUILD)/differential,$(DIFFERENTIAL_C),))
$(foreach b,$(BENCH_C),$(eval $(call program_rule,\
	$(BUILD)/$(basename $(b)),$(b),)))
$(foreach e,$(EXAMPLE_DIRS),$(eval $(call program_rule,\
	$(BUILD)/$(patsubst %/,%,$(e)),\
	$(call sources,$(e),-name '*.c' -o -name '*.cc') $(SC_CC),-lsystemc,$(SC_RTL))))

# ---- RTL twins -----------------------------------------------------------

# $(call twin_rules,NAME): the package made from the register table, the
# verilated twin, and what includes its header.
twin_sv = $(RTL)/$(1)/$(1)_regs_pkg.sv models/$(1)/rtl/$(1)_pkg.sv \
	$(filter-out %_pkg.sv,$(sort $(wildcard models/$(1)/rtl/*.sv)))
# $(call verilate_rule,PREFIX,NAME,parameters).  Compilers take many times as
# long for the longest functions whole.
define verilate_rule
$(RTL)/$(1)/V$(1)__ALL.a: $(call twin_sv,$(2))
	$$(call say,VERILATE $(1))
	@mkdir -p $$(@D)
	$$(Q)MAKEFLAGS= verilator --cc --build -j 1 -O3 --noassert \
		-MAKEFLAGS 'VM_PARALLEL_BUILDS=0 OPT_FAST=$(TWIN_OPT)' \
		--x-assign fast --x-initial fast --output-split-cfuncs 500 \
		--top-module $(2) --prefix V$(1) $(3) \
		--Mdir $$(@D) $$^ >$$(@D)/verilator.log || { cat $$(@D)/verilator.log; false; }
endef
# $(call includes_rtl,SOURCE,verilated twins)
define includes_rtl
$(call obj,$(1)): $(2)
$(call obj,$(1)): private ALL_CXXFLAGS += -isystem $(VERILATOR_INCLUDE) \
	$(patsubst %,-isystem %,$(dir $(2)))
endef
define twin_rules
$(RTL)/$(1)/$(1)_regs_pkg.sv: models/$(1)/$(1)_regs.def tools/regs-sv.py \
		$(wildcard models/$(1)/rtl/*.sv)
	@mkdir -p $$(@D)
	$$(Q)$$(PYTHON) tools/regs-sv.py $$< $$(filter %.sv,$$^) >$$@

$(call verilate_rule,$(1),$(1),)

$(call includes_rtl,models/$(1)/test/$(1)_lockstep_test.cc,$(call rtl_of,$(1)))
$(call includes_rtl,sim/sc/$(1)_twin.cc,$(call sc_rtl_of,$(1)))

$(BUILD)/lockstep/$(1): $(call obj,$(LOCKSTEP_C) $(call sources,\
		models/$(1)/test,-name '$(1)_lockstep*.c*')) \
		$(call rtl_of,$(1)) $(VERILATED) $(BUILD)/libvirqsim.a
	$$(call say,LINK $$@)
	@mkdir -p $$(@D)
	$$(LINK) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach n,$(TWINS),$(eval $(call twin_rules,$(n))))
$(eval $(call verilate_rule,ioapic120,ioapic,-GPins=120))
$(eval $(call verilate_rule,iommu1024,iommu,-GEntries=1024 -GWays=64 -GShown=1))

$(RTL)/%.o: $(VERILATOR_INCLUDE)/%.cpp
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 -O2 -I$(VERILATOR_INCLUDE) -c -o $@ $<

# Tests take longer to optimize than to run; what they test is optimized.
$(call obj,$(TEST_C) $(TEST_CC) $(SC_TEST_CC) $(SC_TEST_SHARED_CC)): \
	private override CFLAGS := $(patsubst -O%,-O0,$(CFLAGS))

# The bench of a single model stays outside of it: folded into a loop that asks
# the same again and again, a model would cost what it costs in no machine.
$(call obj,$(TWINS:%=bench/%_bench.c)): private override LTO :=

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	$(call say,CC $<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj/%.o: %.cc $(BUILD)/flags
	$(call say,CXX $<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(ALL_CXXFLAGS) -c -o $@ $<

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
