#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The server loses its power in the middle of writes and boots again with its
# disk, whose cache is volatile: no write that was acknowledged as durable, by FUA
# or by a flush behind it, is lost, the client's disk works again without anybody
# doing anything, every request ends. REBOOTS= (default 2); SYNC=flush: durable by
# flushes behind many writes instead of FUA.
# vms: none
# links: 2
# kernels: none
# limit: 7200
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

truncate -s 64M "$VM_RUN/disk.img"
vm_start client links=2
vm_start server links=2 "disk=$VM_RUN/disk.img"
need_modules

# serve: what the server's boot does.
serve() {
	fixed_neighbours
	on server 'modprobe nbd nbds_max=1 && nbd_disk serve /dev/nbd0 /run/nbd 64 /dev/vda - volatile >/dev/null'
	server_load /dev
}

serve
client_load
map_paths nbd0
! on client "grep -q through /sys/block/$disk/queue/write_cache" || fail "the disk hides its cache"
sync=${SYNC:-dsync}
for ((round = 1; round <= ${REBOOTS:-2}; round++)); do
	ledger_resume blocks=2048 threads=16 pause=1000 "sync=$sync"
	ledger_await $((100 + RANDOM % 200)) 60
	vm_kill server
	errors=$(ledger_value errors)
	vm_start server
	serve
	listens=$SECONDS
	# what no flush had covered may be gone: its user hears of it until he opens the disk anew
	if [ "$sync" = flush ] && [ "$CLIENT" = ours ]; then
		on client "until_true 60 eval '! ledger stat /run/ledger | grep -q \"errors $errors \"'" ||
			fail "flushes go on as if nothing had happened"
		ledger_stop
		ledger_resume blocks=2048 threads=16 pause=1000 "sync=$sync"
	fi
	ledger_await 1 120
	echo "round $round: durable writes again $((SECONDS - listens)) s after the server listens ($sync)," \
		"$(ledger_value errors) I/O errors so far, slowest request $(ledger_value slowest_ms) ms"
	[ "$(ledger_value bad)" = 0 ] || fail "wrong data: $(on client 'head -n 5 /run/ledger.out')"
	paths_are 120 connected 0 1
	ledger_stop
done
all_down
