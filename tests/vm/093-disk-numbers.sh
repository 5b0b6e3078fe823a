#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk unmapped by force under its users keeps its number until the last of them has
# gone, be it a mount, an open file, a table of device mapper or the mount of a
# partition: a new disk mounts with its own content and no complaint of the kernel,
# is in use when it is and not because the old one is, and gets the number that is
# free again. So does the next mapping after one that failed.
# seconds: 60
# vms: pair
# kernels: all
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"
. "$(dirname "$0")/lib/rnbdctl.sh"

have_ours client || skip "our modules are not built"
on client 'command -v rnbdctl >/dev/null' || skip "rnbdctl is not built"
on server 'anew brd rd_nr=3 rd_size=16384'
server_up
client_up

# A disk of that name is there: the kernel says so, with a trace, and takes no second one.
on client 'modprobe -r null_blk; modprobe null_blk nr_devices=0
	grep -q " /sys/kernel/config " /proc/mounts || mount -t configfs none /sys/kernel/config
	mkdir /sys/kernel/config/nullb/rnbd0 && echo 1 >/sys/kernel/config/nullb/rnbd0/power && test -b /dev/rnbd0'
refused 'File exists' "sessname=s1 path=$path device_path=/dev/ram0"
on client 'rmdir /sys/kernel/config/nullb/rnbd0 && modprobe -r null_blk'
log_forgive client

# file systems that name their disk; /dev/ram2 has it in a partition, of sectors 2048 to 30719
for n in 0 1 2; do disk=$(mapped /dev/ram$n); done
[ "$disk" = rnbd2 ] || fail "a mapping that failed has kept its number: the third disk is $disk"
# shellcheck disable=SC2016 # for the guest's shell
ON_LIMIT=120 on client 'set -e
	printf "\0\0\0\0\203\0\0\0\0\10\0\0\0\160\0\0" | dd of=/dev/rnbd2 bs=1 seek=446 conv=notrunc status=none
	printf "\125\252" | dd of=/dev/rnbd2 bs=1 seek=510 conv=notrunc status=none
	blockdev --rereadpt /dev/rnbd2
	mkdir -p /run/old /run/old-part /run/new
	for disk in rnbd0 rnbd1 rnbd2p1; do
		mkfs.ext4 -qF /dev/$disk
		mount /dev/$disk /run/new
		echo "$disk" >/run/new/which
		umount /run/new
	done' || fail "file systems"
does unmap rnbd1 rnbd2

# lost DEVICE: unmapped by force, while it is in use; mapped again it is another disk. Prints that.
lost() {
	local disk
	disk=$(ask "disk_of $1")
	does unmap --force "$disk"
	on client "! test -e /sys/block/$disk && ! test -e /dev/$disk" || fail "$disk is still there"
	mapped "$1"
}

# each user has one of the old disks, and /dev/ram0 is mapped again each time
on client 'mount /dev/rnbd0 /run/old'
disk=$(lost /dev/ram0)
# the file system of the old mount may be found in place of the new one's, or its name be taken
other=$(mapped /dev/ram1)
on client "mount /dev/$disk /run/new && grep -qx rnbd0 /run/new/which && echo again >/run/new/which && umount /run/new" ||
	fail "/dev/ram0 mapped anew does not mount"
on client "mount /dev/$other /run/new && grep -qx rnbd1 /run/new/which" || fail "/dev/ram1 does not mount"
[ "$disk $other" = 'rnbd1 rnbd2' ] || fail "new disks beside a mounted rnbd0 are $disk and $other"
exits 10 '/run/new' unmap "$other"
on client 'umount /run/new'
does unmap "$other"

on client "sleep 1000 </dev/$disk & echo \$! >/tmp/user"
disk=$(lost /dev/ram0)
[ "$disk" = rnbd2 ] || fail "the new disk beside an open rnbd1 is $disk"

on client "dmsetup create held --table '0 8192 linear /dev/$disk 0'"
disk=$(lost /dev/ram0)
[ "$disk" = rnbd3 ] || fail "the new disk beside rnbd2 below device mapper is $disk"
does unmap "$disk"

disk=$(mapped /dev/ram2)
on client "mount /dev/${disk}p1 /run/old-part"
disk=$(lost /dev/ram2)
on client "mount /dev/${disk}p1 /run/new && grep -qx rnbd2p1 /run/new/which" || fail "the partition of $disk does not mount"
[ "$disk" = rnbd4 ] || fail "the new disk beside rnbd3 with a mounted partition is $disk"
exits 10 '/run/new' unmap "$disk"
on client 'umount /run/new'
does unmap "$disk"

# the last user goes, and the number is there
fails client 'is in use' 'rmmod rnbd-client'
on client 'umount /run/old-part'
[ "$(mapped /dev/ram2) $(mapped /dev/ram0)" = 'rnbd3 rnbd4' ] || fail "number 3 is not free, or one below is"
on client 'dmsetup remove held'
[ "$(mapped /dev/ram1)" = rnbd2 ] || fail "number 2 is not free, or one below is"
does unmap rnbd2 rnbd3 rnbd4
on client 'kill $(cat /tmp/user); until_true 10 eval "! kill -0 $(cat /tmp/user) 2>/dev/null"'
[ "$(mapped /dev/ram0)" = rnbd1 ] || fail "number 1 is not free, or one below is"
on client 'umount /run/old'
[ "$(mapped /dev/ram1)" = rnbd0 ] || fail "number 0 is not free"
on client 'mount /dev/rnbd1 /run/new && grep -qx again /run/new/which && umount /run/new' || fail "what was written is not there"
does unmap rnbd0 rnbd1

# unloading, tried from before the last user goes
disk=$(mapped /dev/ram0)
on client "sleep 1000 </dev/$disk & echo \$! >/tmp/user"
does unmap --force "$disk"
on client 'until_true 20 rmmod rnbd-client 2>/dev/null & rmmod=$!; kill $(cat /tmp/user); wait $rmmod' ||
	fail "not unloaded when the last user went"
all_down
