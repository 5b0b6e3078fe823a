#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The driver of an interface that is down keeps packets it was given, and soft
# RDMA keeps a queue pair as long as one of its packets is kept. Requests do not
# wait for that: they go on by the other path. Nor does anything else: the path
# is tried again, its disk is taken away and the session ends. When the interface
# is up again, so is the path, and nothing is left. The same when the path was lost
# a moment before the interface, so that it has said its goodbye already.
# seconds: 65
# vms: pair
# check: 6.1
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536'
# that the driver has no room is no news to the kernel for five seconds; with a limit to
# what may be under way, it has none at once
on client 'for queue in /sys/class/net/eth0/queues/tx-*; do
	! test -e $queue/byte_queue_limits || echo 100000000 >$queue/byte_queue_limits/limit_min
done'
server_load /dev
client_load
map_paths ram0
path=$paths/$(path_name 0)
path_is() { ON_LIMIT=$(($1 + 30)) on client "until_true $1 has $path/state $2" || fail "the path is not $2"; }

# sent: what soft RDMA has given to eth0. keeps: whether the driver keeps the packet of
# the one who marks, and so all behind it.
# shellcheck disable=SC2034 # for the client
client_words='
port=/sys/class/infiniband/rxe0/ports/1
sent() { nth $port/hw_counters/sent_pkts 1 -gt "$1"; }
keeps() { grep -q " 01004D0A:0009 .. 0*[1-9A-F]" /proc/net/udp; }
# behind more than the network takes from a driver that it takes nothing from
mark() {
	for ((i = 0; i < 100; i++)); do printf %4000s x >/dev/udp/10.77.0.1/9; done
	{
		echo $BASHPID >/run/marker
		printf x >&5
		read -r _ <&9
	} 5>/dev/udp/10.77.0.1/9 >/dev/null 2>&1 &
	until_true 5 keeps
	cat $port/hw_counters/sent_pkts
}'

kept() { on client "$client_words; keeps" || fail "no packet is kept: $1"; }

at=0
# keep COMMANDS: the packets, from just before the commands: writes, which all go by this
# path in the end. Its loss is noticed when the interface is down, not before.
keep() {
	local before
	link_stall 0 client
	before=$(on client "$client_words; echo 1500 >$paths/../heartbeat_busy_ms; mark") || fail "the network takes all"
	ledger_start at=$at blocks=512 threads=8 pause=500
	at=$((at + 512))	# the next one does not know these numbers
	on client "$client_words; until_true 5 sent $((before + 8)); $1" || fail "no packet is on its way, or the path does not end"
	kept "nothing was on its way"
}
down='ip link set eth0 down'
# what the path says at its end is kept, too
goodbye="read -r before <\$port/cm_tx_msgs/dreq
	(echo 1 >$path/disconnect) >/dev/null 2>&1 &
	until_true 5 nth \$port/cm_tx_msgs/dreq 1 -gt \$before"
ended="until_true 10 has $path/state disconnected
	echo 1 >$path/reconnect || :	# it is not connected at once"
release() {
	link_flow 0 client
	on client 'ip link set eth0 up; kill $(</run/marker)'
	fixed_neighbours
}
# unhindered: neither the requests nor the path's return wait for the packets.
unhindered() {
	ledger_await 50 20
	ON_LIMIT=40 on client 'ledger stop /run/ledger 20' ||
		fail "requests wait for the packets of a lost path"
	on client "until_true 10 eval 'rnbdctl list paths -j | grep -Eq \"(waiting|connecting)\"'" ||
		fail "the path is not tried again: $(on client "rnbdctl list paths")"
}

keep "$down"
unhindered
kept "nothing had to wait for them"
release
path_is 30 connected
ledger_stop
ledger_good

keep "$goodbye; $down; $ended"
unhindered
kept "nothing had to wait for them"
release
path_is 30 connected
ledger_stop
ledger_good

keep "$down"
took=$(ON_LIMIT=90 on client "SECONDS=0; echo force >/sys/block/$disk/rnbd/unmap_device; echo \$SECONDS")
[ "$took" -le "$(slowly 10)" ] || fail "the unmap took $took s"
on client 'until_true 5 none "/sys/class/rtrs-client/*"' || fail "the session stays"
kept "the unmap had nothing to wait for"
release
on client 'pkill -x ledger || :; until_true 10 gone ledger'
map_paths ram0

# no packet is left, but the interface has no carrier: the device takes what waits for it along
keep "$goodbye"
lose carrier@client 0
on client "$ended"
unhindered
link_flow 0 client
on client "$client_words; until_true 10 eval '! keeps'; kill \$(</run/marker)" || fail "packets are kept"
took=$(ON_LIMIT=90 on client 'SECONDS=0; rdma link delete rxe0; echo $SECONDS')
[ "$took" -le "$(slowly 10)" ] || fail "the device's removal took $took s"
ledger_stop
ledger_good
undo carrier@client 0
all_down
on client 'rdma link add rxe0 type rxe netdev eth0'
