#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The RDMA device goes while operations are held at the disk: its removal waits
# for nothing but the device. The session lives on until the disk lets go, and
# is not there twice: the client is not admitted before. Then it comes back by
# the device that was added again, and what it writes and reads is right.
# The same for the end of a single path. Unloading tells the clients at once.
# seconds: 30
# vms: pair
# check: 6.1
# kernels: edge
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
have_ours client || skip "our modules are not built"
ram_disks 1
on server 'modprobe dm_mod
	dmsetup create held --table "0 32768 linear /dev/ram0 0"
	dmsetup mknodes held'
before=$(rdma_objects server)
server_up dev_search_path=/dev/mapper
queue_pairs() { on server "rdma resource show rxe0 | grep -o ' qp [0-9]*'"; }
idle=$(queue_pairs)
client_up
disk=$(opened s1 held)
session=/sys/class/rtrs-server/s1
path=/sys/class/rtrs-client/s1/paths/ip:10.77.0.2@ip:10.77.0.1
writer() {
	on client "setsid fio --name=w --filename=/dev/$disk --rw=randwrite --bs=16k --size=8m --offset=4m \
		--time_based --runtime=300 --iodepth=8 --ioengine=libaio --direct=1 \
		>/dev/null 2>&1 </dev/null & sleep 1"
}
held() { on server 'dmsetup suspend --nolockfs --noflush held'; }
state() { on client "until_true $2 has $path/state $1" || fail "the path is never $1"; }

peer "put $disk 0 one"
for way in device path; do
	writer
	held
	if [ $way = device ]; then
		on server 'within 10 rdma link delete rxe0' || fail "the device does not go"
		on server 'rdma link add rxe0 type rxe netdev eth0'
	else
		on server "echo 1 >$session/paths/ip:10.77.0.2@ip:10.77.0.1/disconnect"
		on server "until_true 10 eval 'rdma resource show rxe0 | grep -qE \"$idle( |\$)\"'" ||
			fail "queue pairs wait for the disk: $(queue_pairs), not $idle"
	fi
	state disconnected 10
	# as often as it tries: not before the disk is done with the old operations
	on client 'sleep 3'
	state disconnected 1
	on server "test -e $session" || fail "the session ended under its operations"
	on server 'dmsetup resume held'
	state connected 60
	on client "pkill -KILL fio || :; until_true 30 gone fio; \
		until_true 60 has /sys/block/$disk/rnbd/state open"
	[ "$(peer "get $disk 0 3")" = one ] || fail "wrong data after the $way was gone"
	peer "put $disk 0 one"
done

writer
log_mark client
on server 'within 50 rmmod rnbd-server'
state disconnected 5
grep -q 'the peer closed the path' <<<"$(log_since client)" || fail "the client was not told"
unload server
[ "$(rdma_objects server)" = "$before" ] || fail "left: $(rdma_objects server), before: $before"
log_clean server
on client "pkill fio || :; echo force >/sys/block/$disk/rnbd/unmap_device; until_true 30 test ! -e /sys/block/$disk"
unload client
on server 'dmsetup remove held'
