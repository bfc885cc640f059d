# virqsim.  `make help` lists the targets.
BUILD ?= build
CC ?= gcc
CXX ?= g++
WARN = -Wall -Wextra -Wshadow -Wconversion -Wundef -Werror
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(WARN) -Wstrict-prototypes -Wmissing-prototypes -I. -MMD -MP $(CFLAGS)
ALL_CXXFLAGS = -std=c++17 $(WARN) -I. -MMD -MP $(CFLAGS)
LIB_C := $(shell find sim models software -name '*.c' -not -path '*/test/*' -not -path 'sim/cli/*' | sort)
CLI_C := $(shell find sim/cli -name '*.c' | sort)
TEST_C := $(shell find sim models software tests -name '*_test.c' | sort)
TEST_CC := $(shell find tests -name '*.cc' | sort)
LDLIBS = -lyaml -ljansson -lm -lpthread

obj = $(patsubst %,$(BUILD)/obj/%.o,$(basename $(1)))

all: $(BUILD)/libvirqsim.a

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -c -o $@ $<

$(BUILD)/libvirqsim.a: $(call obj,$(LIB_C))
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/virqsim: $(call obj,$(CLI_C)) $(BUILD)/libvirqsim.a
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/unit_tests: $(call obj,$(TEST_C)) $(call obj,$(TEST_CC)) $(BUILD)/libvirqsim.a
	$(CXX) $(CFLAGS) -o $@ $^ $(LDLIBS) -lgtest

check: $(BUILD)/unit_tests
	$(BUILD)/unit_tests --gtest_brief=1

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
