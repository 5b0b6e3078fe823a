#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Opens that cannot succeed are answered with an error that tells the reason,
# and cost the session nothing: its other devices keep working.
# seconds: 10
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
ram_disks 2
on server 'modprobe loop max_loop=1
	modprobe -r null_blk; modprobe null_blk nr_devices=1 gb=1 zoned=1 zone_size=64 zone_nr_conv=4
	test -b /dev/loop0 || mknod /dev/loop0 b 7 0
	blockdev --setro /dev/ram1'
server_up dev_search_path=/dev
client_up
keep=$(opened s1 ram0)

refused 'No such file' s1 no-such-disk
refused 'Block device required' s1 null
refused 'Block device required' s1 shm
refused 'Not a directory' s1 null/ram0
refused 'No medium found' s1 loop0
on server 'grep -qv none /sys/block/nullb0/queue/zoned' || fail "no zoned disk to try with"
refused 'Operation not supported' s1 nullb0
refused 'Permission denied' s1 ram1 rw
disk=$(opened s1 ram1 ro)
[ "$(counter opens_refused)" -ge 6 ] || fail "refusals not counted"
peer "unmap $disk"
peer "put $keep 0 alive"
[ "$(peer "get $keep 0 5")" = alive ] || fail "the other device does not work"
peer "unmap $keep"
all_down
