#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A server that is late with its answers while its adapter acknowledges all it
# gets is not left, though a request waits for it: its disk holds a write back, and
# for two seconds none of its words reaches the client, heartbeats neither.
# vms: pair
# links: 2
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"
. "$(dirname "$0")/lib/ghost.sh"

need_modules
ghost_up nbd0
on server 'modprobe sch_netem && modprobe sch_prio && modprobe cls_u32'

# late LINK SECONDS: of what leaves the server, number 28 is the kind of an InfiniBand
# message: 0x0b carries a heartbeat, or the answer to one. Acknowledgements pass.
# Prints how many were swallowed.
late() {
	on server "tc qdisc replace dev eth$1 root handle 1: prio bands 4 &&
		tc qdisc add dev eth$1 parent 1:4 netem loss 100% &&
		tc filter add dev eth$1 parent 1: protocol ip u32 match u8 0x0b 0xff at 28 flowid 1:4 &&
		sleep $2 && tc -s -j qdisc show dev eth$1 | jq 'map(select(.kind == \"netem\"))[0].drops'
		tc qdisc del dev eth$1 root"
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
[ "$now" = "$reconnects" ] || fail "the path was lost"
paths_are 1 connected 0 1
all_down
