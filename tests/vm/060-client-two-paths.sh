#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk is mapped though nobody answers at the first two of its three addresses,
# the one silent, the other unknown: rnbdctl tells why they are not connected, and
# they are once somebody is there. A disk with two paths: both carry I/O under
# every policy, and while a verifying load runs, the one and then the other is lost
# silently, by the administrator of either side, and comes back: no request fails,
# no byte is wrong.
# seconds: 70
# vms: pair
# check: 6.1
# limit: 500
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

# dead ADDRESS CAUSE: a path to it is there, without a connection, for that reason.
dead() {
	on client "until_true 20 eval 'rnbdctl -j list paths | jq -e \".items[] | select(.dst.address == \\\"ip:$1\\\" and
		.state != \\\"connected\\\" and .cause == \\\"$2\\\")\" >/dev/null'" ||
		fail "the path to $1, expected $2: $(on client 'rnbdctl list paths')"
}

have_ours client || skip "our modules are not built"
on client 'command -v rnbdctl >/dev/null' || skip "rnbdctl is not built"
ram_disks
server_up dev_search_path=/dev
# shellcheck disable=SC2034 # read by client_up
heartbeats=quick
client_up
disk=rnbd0

link_cut 0 server
on client "{ echo 'sessname=s1 path=ip:10.77.0.99 path=ip:10.77.0.1 path=ip:10.78.0.1 device_path=ram0' >$ctl/map_device; }" ||
	fail "map past addresses where nobody answers"
dead 10.77.0.99 addr-unresolved
dead 10.77.0.1 no-answer
paths_up 1 1
on client "dd if=/dev/$disk of=/dev/null bs=4k count=16 iflag=direct status=none" || fail "I/O by the last of three paths"
link_join 0 server
paths_up 2 20
on server 'ip address add 10.77.0.99/24 dev eth0'
paths_up 3 30
ask "attr $disk unmap_device normal && nothing_left" || fail "unmap with three paths"
on server 'ip address del 10.77.0.99/24 dev eth0'

on client "{ echo 'sessname=s1 path=ip:10.77.0.1 path=ip:10.78.0.1 device_path=ram0' >$ctl/map_device; }" || fail "map"
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
