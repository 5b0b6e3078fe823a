# SPDX-License-Identifier: GPL-2.0-or-later
# Test programs. tests/run builds and runs them; add a source file and it is part of the next run.
#   tests/unit/*.cc         Catch2 cases through tests/catch.h. Files that include a ctl/ header are linked with rnbdctl's objects
#                           (build/tests/unit-ctl), all others with the pure files under sanitizers (build/tests/unit-pure).
#   tests/sim/*.cc          the simulation, a program of its own with the pure files under sanitizers (build/tests/sim-all);
#                           its last line counts; without sanitizers it is build/tests/sim-fast, for a million schedules
#   tests/wire/*.cc         wire-check, which compares captures of real traffic with our builders (build/tests/wire-check)
#   tests/vm/host/switch/*.c  the network of the test guests, here with sanitizers (build/tests/switch)
#   tests/fuzz/fuzz_X.cc    one LLVMFuzzerTestOneInput(data, size); its inputs are tests/fuzz/corpus/X/* (build/tests/fuzz_X)
TEST_OPTIMIZE := -O1 -g
TEST_CXXFLAGS = -std=c++20 $(CTL_WARN) $(TEST_OPTIMIZE) -Iinclude -Ikernel -I.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

UNIT_ALL := $(wildcard tests/unit/*.cc)
UNIT_CTL := $(if $(UNIT_ALL),$(shell grep -lE '^\#include "(\.\./\.\./)?ctl/' $(UNIT_ALL)))
UNIT_PURE := $(filter-out $(UNIT_CTL),$(UNIT_ALL))
SIM_SRC := $(wildcard tests/sim/*.cc)
WIRE_SRC := $(wildcard tests/wire/*.cc)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.cc)

TB := $(BUILD)/tests
SAN_PURE_OBJ := $(PURE_SRC:%.c=$(TB)/san/%.o)
test_objs = $(patsubst %.cc,$(TB)/$(1)/%.o,$(2)) $(TB)/main.o

# Catch2 v2 comes as one header, v3 as a library.
CATCH_LIBS = $(shell pkg-config --libs catch2 2>/dev/null | grep -o -- '-lCatch2\b')
CTL_TEST_OBJ = $(filter-out $(BUILD)/ctl/main.o,$(CTL_OBJ))

TEST_PROGRAMS := $(if $(UNIT_PURE),$(TB)/unit-pure) $(if $(UNIT_CTL),$(TB)/unit-ctl) $(if $(SIM_SRC),$(TB)/sim-all) \
	$(if $(WIRE_SRC),$(TB)/wire-check) $(TB)/switch $(FUZZ_SRC:tests/fuzz/%.cc=$(TB)/%)

tests: $(TEST_PROGRAMS)

$(TB)/san/kernel/%.o: kernel/%.c
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) -O1 -g $(SANITIZE) -MMD -MP -c $< -o $@

$(TB)/san/tests/%.o: tests/%.cc
	@mkdir -p $(@D)
	$(CXX) $(TEST_CXXFLAGS) $(SANITIZE) -MMD -MP -c $< -o $@

$(TB)/plain/tests/%.o: tests/%.cc
	@mkdir -p $(@D)
	$(CXX) $(TEST_CXXFLAGS) -Ictl $(shell pkg-config --cflags $(CTL_PACKAGES)) -MMD -MP -c $< -o $@

$(TB)/fast/kernel/%.o: kernel/%.c
	@mkdir -p $(@D)
	$(CC) $(PURE_CFLAGS) -O2 -MMD -MP -c $< -o $@

$(TB)/fast/tests/%.o: tests/%.cc
	@mkdir -p $(@D)
	$(CXX) $(TEST_CXXFLAGS) -O2 -MMD -MP -c $< -o $@

# Catch2 itself is neither to be optimised nor examined: a third of a minute saved.
$(TB)/main.o: tests/main.cc tests/catch.h
	@mkdir -p $(@D)
	$(CXX) -std=c++20 -O0 -I. -c $< -o $@

$(TB)/unit-pure: $(call test_objs,san,$(UNIT_PURE)) $(SAN_PURE_OBJ)
	$(CXX) $(SANITIZE) $^ $(CATCH_LIBS) -o $@

$(TB)/unit-ctl: $(call test_objs,plain,$(UNIT_CTL)) $(CTL_TEST_OBJ) $(PURE_LIB)
	$(CXX) $(LDFLAGS) $^ $(shell pkg-config --libs $(CTL_PACKAGES)) $(CATCH_LIBS) -o $@

$(TB)/sim-all: $(SIM_SRC:%.cc=$(TB)/san/%.o) $(SAN_PURE_OBJ)
	$(CXX) $(SANITIZE) $^ -o $@

$(TB)/sim-fast: $(SIM_SRC:%.cc=$(TB)/fast/%.o) $(PURE_SRC:%.c=$(TB)/fast/%.o)
	$(CXX) $^ -o $@

$(TB)/wire-check: $(WIRE_SRC:%.cc=$(TB)/san/%.o) $(SAN_PURE_OBJ)
	$(CXX) $(SANITIZE) $^ -o $@

$(TB)/switch: $(wildcard tests/vm/host/switch/*)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra -Werror -O1 -g $(SANITIZE) $(filter %.c,$^) -o $@

$(TB)/fuzz_%: $(TB)/san/tests/fuzz/fuzz_%.o $(TB)/san/tests/fuzz/driver.o $(SAN_PURE_OBJ)
	$(CXX) $(SANITIZE) $^ -o $@

.SECONDARY:
-include $(shell find $(TB) -name '*.d' 2>/dev/null)
