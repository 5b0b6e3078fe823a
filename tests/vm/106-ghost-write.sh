#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A write that is still at the server's disk when its path is lost does not come
# back later: not after its block was written again over the other path, not
# with what another request has put into its chunk since, not after all paths
# were lost and it was failed to the application. The disk keeps that write back
# and lets later ones pass. ROUNDS= of each (default 2).
# vms: none
# kernels: none
# limit: 3600
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"
. "$(dirname "$0")/lib/ghost.sh"

rounds=${ROUNDS:-2}
ghost_guests
need_modules
# an in-tree client notices silence after 35 s
cuts=(disconnect@server)
[ "$CLIENT" = intree ] || cuts+=(silent@client rdma@client)

# rewritten ROUND CUT: one path is lost.
rewritten() {
	local link
	nbd hold "$block" 1
	send "first$1"
	nbd wait
	link=$(link_used)
	lose "$2" "$link"
	if ended "first$1" "$window"; then
		send "second$1"
		ended "second$1" 30 || fail "the second write does not end"
		nbd release
	else
		nbd release
		ended "first$1" 90 || fail "the held write never ends"
		send "second$1"
		ended "second$1" 30 || fail "the second write does not end"
	fi
	succeeded "first$1" "second$1"
	heal "$2" "$link"
}

# turned_over ROUND CUT: one path is lost, and other writes go through all slots;
# the disk takes the data when it does the write.
turned_over() {
	local link
	late_hold
	send "first$1"
	late_wait
	link=$(link_used)
	ledger_resume at=1024 blocks=256 threads=32 reads=0
	lose "$2" "$link"
	if ended "first$1" "$window"; then
		send "second$1"
		ended "second$1" 30 || fail "the second write does not end"
		ledger_await 200 60
		late_release
	else
		ledger_await 200 60
		late_release
		ended "first$1" 90 || fail "the held write never ends"
		send "second$1"
		ended "second$1" 30 || fail "the second write does not end"
	fi
	ledger_good
	ledger_stop
	succeeded "first$1" "second$1"
	heal "$2" "$link"
}

# abandoned ROUND CUT: all paths are lost for good, the application is told, and
# the path that did not carry the write is there first. After silence the server
# still thinks the other one alive.
abandoned() {
	local link sent=no
	nbd hold "$block" 1
	send "first$1"
	nbd wait
	link=$(link_used)
	lose "$2" $((1 - link))	# first, or the write moves there
	paths_are 60 disconnected $((1 - link))
	lose "$2" "$link"
	ended "first$1" 120 || fail "the held write never ends"
	[ "$(on client "cat /run/sent.first$1")" != 0 ] || fail "the first write succeeded without a path"
	[ "$2" = disconnect@client ] || undo "$2" $((1 - link))
	if back_soon $((1 - link)) "$2"; then
		send "second$1"
		sent=yes
		ended "second$1" "$window" || :
	fi
	nbd release
	if [ $sent = no ]; then
		back_soon $((1 - link)) "$2" 60 || fail "the disk does not come back"
		send "second$1"
	fi
	ended "second$1" 60 || fail "the second write does not end"
	succeeded "second$1"
	undo "$2" "$link"
	[ "$CLIENT" = ours ] || reconnect "$link"
}

# all_rounds NAME CUTS: counts in bad.
all_rounds() {
	local name=$1 i cut found bad=0
	shift
	for ((i = 0; i < rounds; i++)); do
		cut=${*:1 + i % $#:1}
		paths_are 120 connected 0 1
		"$name" "$i" "$cut"
		found=$(content)
		[ "$found" = "second$i" ] || bad=$((bad + 1))
		echo "$name $i, $cut: the block holds \"$found\""
	done
	result "$name" $bad
}

faults=0
ghost_up nbd0
all_rounds rewritten "${cuts[@]}"
all_down
ghost_up nbd0 fast_io_fail=0
all_rounds abandoned disconnect@client silent@switch
all_down
ghost_up vda
all_rounds turned_over "${cuts[@]}"
all_down
[ $faults = 0 ] || fail "$faults bad blocks"
