#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# RAID says that it can refuse I/O instead of waiting, and waits all the same: here
# for its superblock, which this test writes, or does not. Nobody else waits with
# it: the other disk on the same connection goes on and the RDMA device can be
# removed. The same of a stack that hides the RAID, from its second wait on.
# seconds: 15
# vms: pair
# check: 6.1
# kernels: edge
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
have_ours client || skip "our modules are not built"
on server 'modprobe raid1 2>/dev/null' || skip "this kernel has no RAID"

# the array asks its manager, which is us, before the first write after a pause
array() { on server "echo $1 >/sys/block/md0/md/array_state"; }
asking() { on server 'until_true 10 has /sys/block/md0/md/array_state write-pending' || fail "the array does not ask"; }
# write DISK BLOCK: its exit code in /run/rc, once it ends
write() {
	on client "rm -f /run/rc; (rc=0; dd if=/dev/zero of=/dev/$1 bs=4k count=1 seek=$2 oflag=direct conv=notrunc 2>/dev/null || rc=\$?
		echo \$rc >/run/rc) >/dev/null 2>&1 </dev/null &"
}
written() { [ "$(on client 'until_true 20 test -s /run/rc; cat /run/rc')" = 0 ] || fail "the write failed"; }
# others_go_on TEXT: while a write is at the array
others_go_on() {
	ON_LIMIT=40 peer "for i in {1..10}; do timeout 20 dd if=/dev/zero of=/dev/$fast bs=4k count=1 oflag=direct \
		conv=notrunc status=none || exit; done; put $fast 1 $1" || fail "the other disk waits for the array"
	[ "$(peer "get $fast 1 ${#1}")" = "$1" ] || fail "the other disk has other data"
	on client 'test ! -e /run/rc' || fail "the array did not wait"
}

ram_disks 2
on server 'set -e
	echo md0 >/sys/module/md_mod/parameters/new_array
	cd /sys/block/md0/md
	echo external:rnbd >metadata_version
	echo raid1 >level
	echo 1 >raid_disks
	echo 8192 >component_size
	cat /sys/block/ram1/dev >new_dev
	echo 0 >dev-ram1/slot
	echo active >array_state
	echo clean >array_state'
server_up dev_search_path=/dev
neighbours
# one connection, so that both disks are on it
on client 'modprobe rtrs-client conns_per_path=1'
client_up
fast=$(opened s1 ram0)

raid=$(opened s1 md0)
write "$raid" 1
asking
others_go_on raid
on server 'within 8 rdma link delete rxe0' || fail "the device does not go"
on server 'rdma link add rxe0 type rxe netdev eth0'
array active
written
peer "unmap $raid"

on server 'dmsetup create stack --table "0 16384 linear /dev/md0 0"'
stack=$(opened s1 dm-0)
array clean
write "$stack" 1
asking
array active
written
array clean
write "$stack" 2
asking
others_go_on stack
array active
written
peer "unmap $stack $fast"
all_down
on server 'dmsetup remove stack; echo clear >/sys/block/md0/md/array_state; modprobe -r raid1; modprobe -r brd'
