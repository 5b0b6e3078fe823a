#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk with two paths: both carry I/O under every policy, and while a
# verifying load runs, the one and then the other is lost silently, by the
# administrator of either side, and comes back: no request fails, no byte is
# wrong.
# vms: pair
# check: 6.1
# links: 2
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

dir=/sys/class/rtrs-client/s1
# paths_up N SECONDS
paths_up() {
	on client "until_true $2 eval 'test \$(grep -lx connected $dir/paths/*/state | wc -l) = $1'" ||
		fail "not $1 paths up: $(on client "grep . $dir/paths/*/state")"
}
# requests: of each path, a line each
requests() { on client "for f in $dir/paths/*/stats/rdma; do set -- \$(cat \$f); echo \$((\$1 + \$3)); done"; }

carried() {
	on client "echo $1 >$dir/mpath_policy; for f in $dir/paths/*/stats/rdma; do echo 1 >\$f; done
		fio --name=p --filename=/dev/$disk --rw=randread --bs=4k --size=16m --number_ios=600 --iodepth=16 \
			--ioengine=libaio --direct=1 --minimal >/dev/null" || fail "$1: fio"
	# bursts of which nothing follows the last request: none of them may be left in a queue
	ON_LIMIT=40 on client "fio --name=b --filename=/dev/$disk --rw=randwrite --bs=4k --size=16m --number_ios=320 --iodepth=32 \
		--iodepth_batch=32 --iodepth_batch_complete_min=32 --ioengine=libaio --direct=1 --minimal >/dev/null" ||
		fail "$1: a burst does not end"
	# that one is slower than the other is a reason to go by the other alone
	[ "$1" != min-latency ] || return 0
	for n in $(requests); do
		[ "$n" -ge 20 ] || fail "$1: $(requests | tr '\n' ' ')"
	done
}

have_ours client || skip "our modules are not built"
ram_disks
server_up dev_search_path=/dev
client_up
on client "{ echo 'sessname=s1 path=ip:10.77.0.1 path=ip:10.78.0.1 device_path=ram0' >$ctl/map_device; }" || fail "map"
disk=rnbd0
paths_up 2 20
for policy in round-robin min-inflight min-latency; do carried $policy; done
on client "echo min-inflight >$dir/mpath_policy"

load_begin "$disk" --bsrange=512-64k --size=32m --iodepth=16
moves() {
	local before
	before=$(requests | awk '{ n += $1 } END { print n }')
	on client "until_true 20 eval 'test \$(awk \"{n+=\\\$1+\\\$3} END {print n}\" $dir/paths/*/stats/rdma) -gt $((before + 20))'" ||
		fail "$1: I/O stands still"
	load_lives
}

for link in 0 1; do
	link_cut $link client
	paths_up 1 20
	moves "link $link cut"
	link_join $link client
	paths_up 2 20
	moves "link $link back"
done
on client "echo 1 >\$(ls -d $dir/paths/* | head -1)/disconnect"
paths_up 1 20
moves "disconnected"
on client "for p in $dir/paths/*; do grep -qx connected \$p/state || echo 1 >\$p/reconnect; done"
paths_up 2 20
on server "echo 1 >\$(ls -d /sys/class/rtrs-server/s1/paths/* | head -1)/disconnect"
moves "disconnected by the server"
paths_up 2 20
load_end
on client "awk '{n+=\$6} END {print \"moved requests:\", n}' $dir/paths/*/stats/rdma"
ask "attr $disk unmap_device normal" || fail "unmap"
unload client
unload server
log_clean client
log_clean server
