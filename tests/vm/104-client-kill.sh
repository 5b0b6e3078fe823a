#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A client loses its power under load. The server is free of its session, and of
# the exports, within 35 s; and the client, booted again, has its session name
# and its disk at once, whether the server has noticed by then or not.
# KILLS= of each (default 1).
# vms: pair
# links: 2
# boot: fresh
# kernels: none
# limit: 1800
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
on server 'modprobe brd rd_nr=1 rd_size=65536'
server_load /dev

client_back() {
	fixed_neighbours
	client_load
	map_paths ram0
	# the last client's ledger went with it; its blocks mean nothing to this one
	on client "dd if=/dev/zero of=/dev/$disk bs=1M count=4 oflag=direct conv=notrunc status=none"
	ledger_start blocks=1024 threads=16
	ledger_await 200 60
}
forgotten() {
	on server 'until_true 50 bash -c "! ls /sys/class/rtrs-server/* >/dev/null 2>&1 &&
		! ls /sys/class/rnbd-server/ctl/devices/* >/dev/null 2>&1"' || fail "the session is still there"
}

client_back
for ((round = 0; round < ${KILLS:-1}; round++)); do
	vm_kill client
	killed=$SECONDS
	forgotten
	echo "free of the session after $((SECONDS - killed)) s"
	[ $((SECONDS - killed)) -le "$(slowly 37)" ] || fail "the server took $((SECONDS - killed)) s"
	vm_start client
	client_back

	vm_kill client
	vm_start client
	started=$SECONDS
	client_back
	echo "the name again within $((SECONDS - started)) s of the boot"
	[ $((SECONDS - started)) -le "$(slowly 30)" ] || fail "the name was kept for $((SECONDS - started)) s"
done
ledger_good
ledger_stop
all_down
