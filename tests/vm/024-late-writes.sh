#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The network keeps what the client sends by one path and delivers it seconds later
# to a server that has noticed nothing. Meanwhile the client has given the path up,
# sent its writes by the other one and written the same blocks anew: none of the old
# writes may reach the disk. The server is told that the path is over before any of
# them goes by the other one.
# seconds: 35
# vms: pair
# check: 6.1
# limit: 300
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

BLOCKS=16

need_modules
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536'
server_load /dev
client_load
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

# The digits on the server's disk, each once where several in a row are alike.
on_disk() { on server "dd if=/dev/ram0 bs=4096 count=$BLOCKS iflag=direct status=none | tr -s 012"; }

for link in 0 1; do
	on client "$(write_all 0)" || fail "a write"
	link_rule $link hold late from=client
	on client "$(write_all 1)
		$(write_all 2)" || fail "writes"
	[ "$(on_disk)" = 2 ] || fail "before the network delivers: $(on_disk)"
	# a path that comes back does so behind all that was kept
	late=$(link_release $link late)
	[ "$late" -gt 0 ] || fail "the network kept nothing"
	paths_are 60 connected 0 1
	echo "link $link: $late packets late, on the disk: $(on_disk)"
	[ "$(on_disk)" = 2 ] || fail "old writes went over newer ones: $(on_disk)"
done
all_down
