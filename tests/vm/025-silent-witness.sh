#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A path is lost with a request under way, and the only other one, by which the
# server is asked whether that is over there, is dead without a word: it carried
# nothing, so nobody has missed it. It is noticed as soon as one that carries
# requests, not when an idle path would be; the request then waits for a path.
# seconds: 15
# vms: pair
# check: 6.1
# limit: 300
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536; modprobe dm_mod
	dmsetup create slow --table "0 131072 linear /dev/ram0 0" && dmsetup mknodes'
server_load /dev
client_load
map_paths mapper/slow
# an idle path would be missed after minutes
on client "echo 60000 >$paths/../heartbeat_idle_ms"

# under_way LINK: requests that wait for their answer.
under_way() { on client "cut -d' ' -f5 $paths/$(path_name "$1")/stats/rdma"; }

for _ in 1 2; do
	on server 'dmsetup suspend --nolockfs --noflush slow'
	ON_LIMIT=200 on client "printf '7%.0s' {1..4096} | dd of=/dev/$disk bs=4k oflag=direct iflag=fullblock status=none" &
	writer=$!
	on client "until_true 10 grep -qE '^([0-9]+ ){4}1 ' $paths/*/stats/rdma"
	lost=0
	[ "$(under_way 0)" = 1 ] || lost=1
	witness=$((1 - lost))
	[ "$(under_way $lost) $(under_way $witness)" = '1 0' ] || fail "the request is not on its way by one path alone"
	read -r reconnects _ <<<"$(counters_of $witness)"
	lose silent@switch $witness
	lose disconnect@client $lost &
	order=$!
	noticed 20 $witness "$reconnects"
	# no path is taken back while the disk has something of a lost one
	on server 'dmsetup resume slow'
	undo silent@switch $witness
	wait $order
	paths_are 30 connected $witness
	reconnect $lost
	wait $writer || fail "the write failed"
	[ "$(on server 'dd if=/dev/ram0 bs=4096 count=1 iflag=direct status=none | tr -s 7')" = 7 ] || fail "the write got lost"
	paths_are 30 connected 0 1
	on server 'dd if=/dev/zero of=/dev/ram0 bs=4096 count=1 oflag=direct status=none'
done
all_down
on server 'dmsetup remove slow'
