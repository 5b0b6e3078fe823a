#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A client loses its power under a load that verifies. The server is free of its
# session, and of the exports, within 35 s; and the client, booted again, has its
# session name and its disk at once, whether the server has noticed by then or not,
# and what it writes is not disturbed by what its last life had under way.
# KILLS= of each (default 1).
# vms: pair
# boot: fresh
# kernels: none
# limit: 1800
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
on server 'anew brd rd_nr=1 rd_size=65536'
server_load /dev

client_back() {
	local started
	fixed_neighbours
	client_load
	started=$(clock client)
	map_paths ram0
	took=$(($(clock client) - started))
	# the last client's ledger went with it; its blocks mean nothing to this one
	on client "dd if=/dev/zero of=/dev/$disk bs=1M seek=16 count=2 oflag=direct conv=notrunc status=none"
	load_start
	ledger_await 200 60
	load_good
}
forgotten() {
	on server 'until_true 50 eval "! ls /sys/class/rtrs-server/* >/dev/null 2>&1 &&
		! ls /sys/class/rnbd-server/ctl/devices/* >/dev/null 2>&1"' || fail "the session is still there"
}

client_back
for ((round = 0; round < ${KILLS:-1}; round++)); do
	killed=$(clock server)
	vm_kill client
	forgotten
	took=$(($(clock server) - killed))
	echo "free of the session after $took ms"
	[ $took -le "$(slowly 35000)" ] || fail "the server took $took ms"
	vm_start client
	client_back

	vm_kill client
	vm_start client
	client_back
	echo "the name again after $took ms"
	[ $took -le "$(slowly 25000)" ] || fail "the name was kept for $took ms"
done
load_stop
all_down
