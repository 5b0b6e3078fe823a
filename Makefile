# SPDX-License-Identifier: GPL-2.0-or-later
# make            modules for the running kernel (KDIR= for another) and rnbdctl
# make install    rnbdctl, its manual page, completions and schemas (PREFIX=/usr/local, DESTDIR=); modules: see README.md, DKMS
# make check      unit, simulation, golden outputs, fuzz corpus, lints: about a minute, no root, no RDMA
# make vm K=6.12 [T=040] [PEER=intree]
# make sim        a million schedules of the simulation instead of the few thousand of make check (SIM_COUNT=): minutes
# make nightly    scripts/check, make sim, every test on the oldest and the newest kernel, in-tree peers of the other
#                 kernels, losses of paths by the hundred, the set on a debug kernel, a few losses there and on the
#                 newest one, the fail-over table, clang-tidy; goes on where it was stopped, ends with a table
# make analyze    sparse, checkpatch, clang-tidy
# make clean
KDIR ?= /lib/modules/$(shell uname -r)/build
BUILD := build

.PHONY: all modules ctl install tests check sim vm nightly analyze clean

# Without kernel headers the tool is still worth having; asking for modules by name fails instead.
all: ctl
	@if [ -e $(KDIR)/Makefile ]; then $(MAKE) modules; \
	else echo "modules: not built, no kernel headers at $(KDIR) (install linux-headers-$(shell uname -r), or set KDIR=)"; fi

modules:
	$(MAKE) -C kernel KDIR=$(KDIR) modules

include ctl/ctl.mk
include tests/tests.mk

check:
	@tests/run

vm:
	scripts/vm $(if $(K),K=$(K)) $(if $(T),T=$(T)) $(if $(PEER),PEER=$(PEER))

sim: $(TB)/sim-fast
	$< --count $(or $(SIM_COUNT),1000000)

nightly:
	scripts/nightly

analyze:
	scripts/analyze

clean:
	$(MAKE) -C kernel KDIR=$(KDIR) clean
	rm -rf $(BUILD)
