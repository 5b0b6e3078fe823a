#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Of two paths either is lost in every way there is, under a load that verifies
# what it wrote: no I/O error, no wrong byte, I/O goes on over the other path
# before long, and both carry I/O again each time. The server standing still for
# 20 s takes both paths and no more harm is done. LOSSES= of each kind (default 1).
# seconds: 285
# vms: pair
# kernels: none
# limit: 7200
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
kinds=${KINDS:-down@client down@server carrier@client silent@client silent@server silent@switch rdma@client
	rdma@server disconnect@client disconnect@server freeze@server}
# an in-tree peer notices silence after 35 s, the client waits 31 s more before it connects
patience=30
[ "$CLIENT$SERVER" = oursours ] || patience=120

fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536'
server_load /dev
client_load
map_paths ram0
load_start
both_carry 30

# An in-tree peer says goodbye by its port that is down, which leaves soft
# RDMA's connection manager deaf (see kernel/rtrs/port.c): that path is lost for good.
comes_back() {
	case $1 in
	down@client | carrier@client) [ "$CLIENT" = ours ] ;;
	down@server | carrier@server) [ "$SERVER" = ours ] ;;
	esac
}

# moved_soon KIND GAP: I/O stood still for so many milliseconds. With our own at both
# ends that takes a second at most (docs/multipath.md), and longer on a busy machine.
moved_soon() {
	local most
	[ "$CLIENT$SERVER" = oursours ] || return 0
	case $1 in
	freeze@*) return 0 ;;	# by either path
	silent@*) most=$(slowly 6000) ;;
	*) most=$(slowly 5000) ;;
	esac
	[ "$2" -le "$most" ] || fail "$1: I/O stood still for $2 ms"
}

# one_loss KIND LINK
one_loss() {
	local kind=$1 link=$2 reconnects gap
	read -r reconnects _ <<<"$(counters_of "$link")"
	on client 'ledger mark /run/ledger'
	lose "$kind" "$link"
	if [ "$kind" = freeze@server ]; then
		sleep 20	# how long it stands still, not a wait for something
	else
		noticed $patience "$link" "$reconnects"
		ledger_await 50 $patience
	fi
	heal "$kind" "$link"
	paths_are $patience connected 0 1
	both_carry $patience
	load_good
	lost=$((lost + 1))
	gap=$(ledger_value gap_ms)
	echo "$kind link $link: longest gap $gap ms, slowest request $(ledger_value slowest_ms) ms"
	moved_soon "$kind" "$gap"
}

lost=0
for ((round = 0; round < ${LOSSES:-1}; round++)); do
	for kind in $kinds; do
		if comes_back "$kind"; then
			one_loss "$kind" $((lost % 2))
		else
			echo "$kind: left out, an in-tree $([ "$CLIENT" = ours ] && echo server || echo client) does not come back from that"
		fi
	done
done
load_stop
[ $lost -gt 0 ] || fail "nothing was lost: $kinds"
echo "$lost losses, 0 I/O errors, 0 verify errors"
all_down
