#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A server that is late with its answers while its adapter acknowledges all it
# gets is not left, though a request waits for it: its disk holds a write back, and
# for two seconds none of its words reaches the client, heartbeats neither.
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"
. "$(dirname "$0")/lib/ghost.sh"

need_modules
# there all the time: soft RDMA of 7.3 may lose a queue pair whose queue is replaced under it
on server 'modprobe sch_netem && modprobe sch_prio && modprobe cls_u32
	for link in 0 1; do
		tc qdisc add dev eth$link root handle 1: prio bands 4 &&
			tc qdisc add dev eth$link parent 1:4 netem loss 100% || exit
	done'
ghost_up nbd0

# late LINK SECONDS: of what leaves the server, number 28 is the kind of an InfiniBand
# message: 0x0b carries a heartbeat, or the answer to one. Acknowledgements pass.
# Prints how many were swallowed. One tc does it all: a program takes seconds to start
# on a machine that is short of time, and the client's patience ends after five.
late() {
	on server "exec 9<> <(:)
		{
			echo 'filter add dev eth$1 parent 1: prio 1 protocol ip u32 match u8 0x0b 0xff at 28 flowid 1:4'
			read -rt $2 -u 9 || :
			echo 'filter del dev eth$1 parent 1: prio 1'
		} | tc -batch - && tc -s -j qdisc show dev eth$1 | jq 'map(select(.kind == \"netem\"))[0].drops'"
}

nbd hold "$block" 1
send held
nbd wait
link=$(link_used)
read -r reconnects _ <<<"$(counters_of "$link")"
# how long the server is late, not a wait for something
swallowed=$(late "$link" 2)
[ "$swallowed" -gt 0 ] || fail "the server had nothing to say"
nbd release
ended held 30 || fail "the write does not end"
succeeded held
read -r now _ <<<"$(counters_of "$link")"
[ "$now" = "$reconnects" ] || fail_of "the path was lost"
paths_are 1 connected 0 1
all_down
on server 'for link in 0 1; do tc qdisc del dev eth$link root; done'
