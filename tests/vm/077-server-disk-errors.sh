#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Errors of the backing device arrive at the client as such, for reads and for
# writes, beside I/O that succeeds; a device that vanishes from the server fails
# its I/O and disturbs no other, and its session ends cleanly.
# seconds: 15
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
ram_disks 2
on server 'modprobe dm_mod; modprobe sd_mod
	modprobe scsi_debug dev_size_mb=16
	until_true 20 test -b /dev/sda
	{
		echo 0 8192 linear /dev/ram0 0
		echo 8192 8192 error
	} | dmsetup create --noudevsync --noudevrules half
	dmsetup mknodes'
server_up dev_search_path=/dev
client_up
disk=$(opened s1 mapper/half)
peer "put $disk 10 good"
[ "$(peer "get $disk 10 4")" = good ] || fail "the good half"
io_fails 'Input/output error' "get $disk 1024 4 && dd if=/dev/$disk bs=4096 skip=1024 count=1 iflag=direct"
io_fails 'Input/output error' "put $disk 1500 bad"
peer "put $disk 11 good"

gone=$(opened s1 sda)
peer "put $gone 1 here"
on server 'echo 1 >/sys/block/sda/device/delete; until_true 20 test ! -e /dev/sda'
io_fails 'Input/output error' "dd if=/dev/$gone bs=4096 count=1 iflag=direct"
io_fails 'Input/output error' "put $gone 1 lost"
peer "put $disk 12 good" || fail "the other device suffers"
peer "unmap $gone"
[ "$(exports)" = dm-0 ] || fail "exports: $(exports)"
peer "unmap $disk"
all_down
on server 'dmsetup remove --noudevsync --noudevrules half; rmmod scsi_debug'
