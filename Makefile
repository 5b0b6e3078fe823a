# SPDX-License-Identifier: GPL-2.0-or-later
# make            modules for the running kernel (KDIR= for another) and rnbdctl
# make install    rnbdctl, its manual page, completions and schemas (PREFIX=/usr/local, DESTDIR=); modules: see README.md, DKMS
# make check      unit, simulation, golden outputs, fuzz corpus, lints: about a minute, no root, no RDMA
# make vm K=6.12 [T=040] [PEER=intree]
# make sim        a million schedules of the simulation instead of the few thousand of make check (SIM_COUNT=): minutes
# make nightly    scripts/check, make sim, every test on the oldest and the newest kernel, in-tree peers of the other
#                 kernels, losses of paths by the hundred, the set on a debug kernel, a few losses there and on the
#                 newest one, the fail-over table, clang-tidy
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
	scripts/check
	$(MAKE) sim
	scripts/vm K=6.1
	scripts/vm K=7.2
	scripts/vm K=6.12 PEER=intree
	scripts/vm K=7.2 PEER=intree
	LOSSES=10 REBOOTS=20 KILLS=5 ROUNDS=20 scripts/vm K=6.1 T=100-,102-,104-,106-,107-,108-,110-
	SYNC=flush REBOOTS=5 scripts/vm K=6.1 T=102-
	STORM=600 ROUNDS=50 scripts/vm K=6.1 T=066-,109-
	STORM=600 ROUNDS=50 scripts/vm K=7.2 T=066-,109-
	SERVER=intree ROUNDS=50 scripts/vm K=6.1 T=066-
	SERVER=intree ROUNDS=50 scripts/vm K=7.2 T=066-
	LOSSES=2 scripts/vm K=6.1 T=101-,103-
	scripts/vm K=7.2 T=100-,102-,104-,106-,108-,110-
	scripts/vm K=7.2 T=101-,103-
	LEAKS=yes scripts/vm K=debug
	LEAKS=yes scripts/vm K=debug T=100-,102-,104-,106-,108-,110-
	scripts/vm K=debug T=101-,103-
	scripts/bench-failover
	scripts/analyze clang-tidy

analyze:
	scripts/analyze

clean:
	$(MAKE) -C kernel KDIR=$(KDIR) clean
	rm -rf $(BUILD)
