#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# More requests than the session has slots, while either link or both are lost at
# random, again before they are back, and the server's disk stands still at random
# moments. No request fails, no byte is wrong; and whenever a link is whole and the
# disk goes, requests end, be the other link lost or not: none that has a slot
# stands behind one that waits for it. STORM= seconds (default 60), SEED= to repeat.
# seconds: 95
# vms: pair
# check: 6.1
# limit: 1200
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
[ "$CLIENT$SERVER" = oursours ] || skip "an in-tree server may carry a lost write out over a newer one"
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536; modprobe dm_mod
	dmsetup create held --table "0 131072 linear /dev/ram0 0"; dmsetup mknodes held'
# twelve for I/O, four for messages; sixteen want them
server_load /dev/mapper sess_queue_depth=16
client_load
map_paths held fast_io_fail=-1
load_start

RANDOM=$((seed % 32768))
kinds=(silent@switch silent@client disconnect@server disconnect@client)
declare -A lost=()      # by link: how
held=no

hold() { on server 'dmsetup suspend --nolockfs --noflush held'; held=yes; }
release() { [ $held = no ] || on server 'dmsetup resume held'; held=no; }

take() {
	[ -z "${lost[$1]:-}" ] || return 0
	lost[$1]=${kinds[RANDOM % ${#kinds[@]}]}
	echo "link $1: ${lost[$1]}"
	case ${lost[$1]} in
	disconnect@server)
		# which may not have it yet, or not any more
		on server "cd /sys/class/rtrs-server/$session/paths/$(path_name "$1") 2>/dev/null || exit 0
			echo 1 >disconnect || [ ! -e disconnect ]" ;;
	*) lose "${lost[$1]}" "$1" ;;
	esac
}

# give LINK: its return begins, and may have to wait for the disk.
give() {
	local how=${lost[$1]:-}
	[ -n "$how" ] || return 0
	echo "link $1 is back"
	unset "lost[$1]"
	case $how in
	disconnect@client) on client "(echo 1 >$paths/$(path_name "$1")/reconnect) >/dev/null 2>&1 </dev/null &" ;;
	*) undo "$how" "$1" ;;
	esac
}

gust() {
	local link=$((RANDOM % 2))
	case $((RANDOM % 8)) in
	0 | 1) take $link ;;
	2 | 3) give $link ;;
	4) take 0; take 1 ;;
	5) [ $held = yes ] || { echo "the disk stands still"; hold; } ;;
	6) release ;;
	7) sleep "0.$((RANDOM % 10))" ;;	# how long it stays as it is, not a wait for something
	esac
}

# lull LINK...: the disk goes, these links are whole; another one is as it may be.
lull() {
	local link
	release
	for link in "$@"; do
		give "$link"
		# a disconnect that came before the end of a reconnect wins
		reconnect "$link"
	done
	paths_are 40 connected "$@"
	# less than the minute after which slots of a lost path free themselves
	ledger_await 40 "$([ "${VM_K:-}" = debug ] && echo 45 || echo 25)"
	load_good
}
# moved: requests that went on by another path than the one they were lost by.
moved() { on client "cat $paths/*/stats/rdma | awk '{ n += \$6 } END { print n }'"; }

storm=0 lulls=0
end=$((SECONDS + ${STORM:-60}))
while [ $SECONDS -lt $end ]; do
	for ((i = 0; i < 8; i++)); do gust; done
	storm=$((storm + 8)) lulls=$((lulls + 1))
	lull $((RANDOM % 2))
done
lull 0 1
both_carry 40
load_stop
[ "$(moved)" -gt 0 ] || fail "no request was ever moved: the storm has met none"
echo "$storm gusts, $lulls lulls, $(moved) requests moved"
all_down
on server 'dmsetup remove held'
