#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The network keeps what the client sends by one path and delivers it seconds later
# to a server that has noticed nothing. Meanwhile the client has given the path up,
# sent its writes by the other one and written the same blocks anew: none of the old
# writes may reach the disk. The server is told that the path is over before any of
# them goes by the other one.
# vms: pair
# check: 6.1
# limit: 300
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

KEPT_MS=$(slowly 6000)	# less than the server takes to miss the client
BLOCKS=16

need_modules
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536'
server_load /dev
client_load
# there all the time: soft RDMA of 7.3.4 may lose a queue pair, the CM's too, whose queue is replaced under it
on client 'modprobe sch_netem && for link in 0 1; do tc qdisc add dev eth$link root netem limit 100000; done'
map_paths ram0

# write_all DIGIT: into each block, all at once; by both paths in turn.
write_all() {
	cat <<-END
		for ((i = 0; i < $BLOCKS; i++)); do
			printf '$1%.0s' {1..4096} | dd of=/dev/$disk bs=4096 seek=\$i oflag=direct iflag=fullblock status=none &
			pids[i]=\$!
		done
		for ((i = 0; i < $BLOCKS; i++)); do wait \${pids[i]}; done
	END
}

# queue LINK WORD: for the client: of what its queue says of itself; "packets" have left it, "qlen" are in it.
queue() {
	cat <<-END
		tc -s -j qdisc show dev eth$1 | sed 's/.*"$2":\([0-9]*\).*/\1/'
	END
}

# The digits on the server's disk, each once where several in a row are alike.
on_disk() { on server "dd if=/dev/ram0 bs=4096 count=$BLOCKS iflag=direct status=none | tr -s 012"; }

shown=0 round=0
while ((shown < ${ROUNDS:-3})); do
	((++round <= 3 * ${ROUNDS:-3})) || fail "the client is too slow to show anything"
	link=$((round % 2))
	[ "$(on client "$(write_all 0); echo ok")" = ok ] || fail "a write"
	read -r took sent kept <<<"$(ON_LIMIT=60 on client "set -e
		tc qdisc change dev eth$link root netem delay ${KEPT_MS}ms limit 100000
		start=\$(date +%s%3N)
		$(write_all 1)
		$(write_all 2)
		echo \$((\$(date +%s%3N) - start)) \$($(queue $link packets)) \$($(queue $link qlen))")" ||
		fail "writes"
	[ "$(on_disk)" = 2 ] || fail "before the network delivers: $(on_disk)"
	[ "$kept" -gt 0 ] || fail "the network kept nothing"
	on client "arrived() { [ \$($(queue $link packets)) -ge $((sent + kept)) ]; }; until_true 20 arrived"
	on client "tc qdisc change dev eth$link root netem delay 0ms limit 100000"
	paths_are 60 connected 0 1
	echo "round $round: written anew after $took ms, $kept packets kept for $KEPT_MS ms, on the disk: $(on_disk)"
	[ "$(on_disk)" = 2 ] || fail "old writes went over newer ones: $(on_disk)"
	((took >= KEPT_MS)) || shown=$((shown + 1))
done
all_down
on client 'for link in 0 1; do tc qdisc del dev eth$link root; done'
