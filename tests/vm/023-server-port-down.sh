#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A port of the server goes down under writes that rewrite the same few blocks. The
# network keeps what it could not deliver and delivers it when the port is back,
# seconds later, when the blocks have been written anew by the other path: none of
# the old writes may reach the disk. The server ends such a path itself.
# seconds: 20
# vms: pair
# check: 6.1
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536'
server_load /dev
client_load
map_paths ram0
ledger_start blocks=16 threads=8 pause=0
ledger_await 500 60
for link in 0 1; do
	read -r reconnects _ <<<"$(counters_of $link)"
	link_rule $link hold late from=client op=send,write
	link_await $link late 1
	lose down@server $link
	noticed 30 $link "$reconnects"
	# by the other path, over all blocks
	ledger_await 200 60
	undo down@server $link
	link_release $link late >/dev/null
	paths_are 60 connected 0 1
	both_carry 30
	ledger_good
done
grep -q 'down: the network port of this machine went down' < <(log_since server) || fail "the server did not end the path"
ledger_stop
all_down
