#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The driver of an interface that is down keeps packets it was given, and soft
# RDMA keeps a queue pair as long as one of its packets is kept. Requests do not
# wait for that: they go on by the other path. Nor does anything else: the path
# is tried again, its disk is taken away and the session ends. When the interface
# is up again, so is the path, and nothing is left. The same when the path was lost
# a moment before the interface, so that it has said its goodbye already.
# vms: pair
# check: 6.1
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536; ip addr add 10.79.0.1/24 dev eth0
	ip neigh replace 10.79.0.2 lladdr 52:54:00:79:00:02 dev eth0'
# the client's adapter is above eth0, whose queue keeps what it is told to; it is there
# all the time, because soft RDMA of 7.3 loses a queue pair when it is replaced
on client 'rdma link delete rxe0; modprobe macvlan && modprobe sch_netem
	tc qdisc add dev eth0 root netem limit 100000
	ip link add link eth0 name above0 address 52:54:00:79:00:02 type macvlan mode bridge
	ip addr add 10.79.0.2/24 dev above0 && ip link set above0 up
	rdma link add rxe2 type rxe netdev above0'
server_load /dev
client_load
MAP_LINKS=1 map_paths ram0
above=$paths/ip:10.79.0.2@ip:10.79.0.1
above_is() { ON_LIMIT=$(($1 + 30)) on client "until_true $1 has $above/state $2" || fail "the path is not $2"; }
on client "echo ip:10.79.0.2@ip:10.79.0.1 >$paths/../add_path"
above_is 30 connected

kept() { [ "$(on client 'tc -s -j qdisc show dev eth0' | jq '.[0].qlen')" -gt 0 ] || fail "no packet is kept: $1"; }

# keep COMMANDS: the packets, from just before the commands, for longer than a request
# may take, and less than soft RDMA waits. In slots: what netem merely delays it takes
# away from its sender at once. No attempt to connect fits between that and the
# interface's end: one in the middle of it leaves soft RDMA's connection manager deaf.
keep() {
	on client "tc qdisc change dev eth0 root netem slot 45s 45s packets 1 limit 100000
		until_true 5 eval 'tc -s qdisc show dev eth0 | grep -Eq \"backlog .* [1-9][0-9]*p\"' || exit
		$1" || fail "no packet is on its way, or the path does not end"
	kept "nothing was on its way"
}
down='ip link set above0 down'
# what the path says at its end is kept, too
goodbye="echo 1 >$above/disconnect & sleep 0.3; $down; wait
	until_true 10 has $above/state disconnected || exit
	echo 1 >$above/reconnect || :	# it is not connected at once"
release() {
	on client "tc qdisc del dev eth0 root; tc qdisc add dev eth0 root netem limit 100000
		ip link set above0 up
		ip neigh replace 10.79.0.1 lladdr $(vm_mac 1 0) dev above0"
}
at=0
# load: for a loss that is noticed when the interface is down, not before
load() {
	on client "echo 1500 >$paths/../heartbeat_busy_ms"
	ledger_start at=$at blocks=512 threads=8 pause=500
	at=$((at + 512))	# the next one does not know these numbers
	ledger_await 100 30
}

# unhindered: neither the requests nor the path's return wait for the packets.
unhindered() {
	ON_LIMIT=40 on client 'ledger stop /run/ledger 20' ||
		fail "requests wait for the packets of a lost path"
	on client "until_true 10 eval 'rnbdctl list paths -j | grep -Eq \"(waiting|connecting)\"'" ||
		fail "the path is not tried again: $(on client "rnbdctl list paths")"
	kept "nothing had to wait for them"
}

load
keep "$down"
unhindered
release
above_is 30 connected
ledger_stop
ledger_good

load
keep "$goodbye"
unhindered
release
above_is 30 connected
ledger_stop
ledger_good

load
keep "$down"
took=$(ON_LIMIT=90 on client "SECONDS=0; echo force >/sys/block/$disk/rnbd/unmap_device; echo \$SECONDS")
[ "$took" -le "$(slowly 10)" ] || fail "the unmap took $took s"
on client 'until_true 5 none "/sys/class/rtrs-client/*"' || fail "the session stays"
kept "the unmap had nothing to wait for"
release
on client 'pkill -x ledger || :; until_true 10 gone ledger'
MAP_LINKS=1 map_paths ram0
on client "echo ip:10.79.0.2@ip:10.79.0.1 >$paths/../add_path"
above_is 30 connected

# no packet is left, but the interface stays down: the device takes what waits for it along
load
keep "$goodbye"
unhindered
on client 'tc qdisc del dev eth0 root'
took=$(ON_LIMIT=90 on client 'SECONDS=0; rdma link delete rxe2; echo $SECONDS')
[ "$took" -le "$(slowly 10)" ] || fail "the device's removal took $took s"
ledger_stop
ledger_good
all_down
on client 'ip link delete above0; rdma link add rxe0 type rxe netdev eth0'
