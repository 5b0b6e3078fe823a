#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file system on a mapped disk: files keep their checksums over unmount, unmap
# and a new map, and fsck finds nothing. Mapped read-only the disk mounts, reads
# the same and takes no write of any kind.
# seconds: 25
# vms: pair
# limit: 400
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up
disk=$(mapped /dev/ram0)
ON_LIMIT=200 on client "set -e
	mkfs.ext4 -qF /dev/$disk
	mkdir -p /run/m
	mount /dev/$disk /run/m
	mkdir /run/m/d
	for i in {1..60}; do head -c \$((RANDOM * 8)) /dev/urandom >/run/m/d/\$i; done
	rm /run/m/d/1?
	cp -r /run/m/d /run/m/e
	(cd /run/m && sha256sum */* >/tmp/sums)
	umount /run/m
	fsck.ext4 -fn /dev/$disk >/dev/null" || fail "the file system"
ask "attr $disk unmap_device normal"

disk=$(mapped /dev/ram0 access_mode=ro)
[ "$(on client "cat /sys/block/$disk/ro")" = 1 ] || fail "not read-only"
ON_LIMIT=200 on client "set -e
	mount -o ro /dev/$disk /run/m
	(cd /run/m && sha256sum --quiet -c /tmp/sums)
	never() { ! \"\$@\" 2>/dev/null || { echo \"\$* worked\"; exit 1; }; }
	never touch /run/m/x
	umount /run/m
	never dd if=/dev/zero of=/dev/$disk bs=4k count=1 oflag=direct conv=notrunc
	never blkdiscard -f /dev/$disk
	never blkdiscard -fz /dev/$disk
	fsck.ext4 -fn /dev/$disk >/dev/null" || fail "read-only"
ask "attr $disk unmap_device normal"

disk=$(mapped /dev/ram0 access_mode=migration)
file "$disk" access_mode migration
ON_LIMIT=200 on client "set -e
	mount /dev/$disk /run/m
	(cd /run/m && sha256sum --quiet -c /tmp/sums)
	touch /run/m/x
	umount /run/m
	fsck.ext4 -fn /dev/$disk >/dev/null" || fail "mapped again"
ask "attr $disk unmap_device normal"
all_down
