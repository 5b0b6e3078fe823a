#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# RDMA devices are taken away and given back under a load that verifies, on
# either side: one, the other, both at once, again before the first is back in
# use. I/O goes on or waits, without an error, and both paths carry I/O again.
# ROUNDS= (default 1).
# vms: pair
# kernels: none
# limit: 7200
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536'
server_load /dev
client_load
map_paths ram0
load_start

all_back() {
	paths_are 60 connected 0 1
	both_carry 30
	load_good
}

for ((round = 0; round < ${ROUNDS:-1}; round++)); do
	for where in client server; do
		for links in '0' '1' '0 1' '1 0'; do
			for link in $links; do lose rdma@$where "$link"; done
			[ "${#links}" != 1 ] || ledger_await 50 30
			for link in $links; do heal rdma@$where "$link"; done
			all_back
			echo "$where, links $links: slowest request $(ledger_value slowest_ms) ms"
		done
		lose rdma@$where 0
		heal rdma@$where 0
		lose rdma@$where 0
		ledger_await 50 30
		heal rdma@$where 0
		all_back
	done
done
load_stop
all_down
