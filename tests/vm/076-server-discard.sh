#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Discard, write zeroes, flush and FUA of the client arrive at the backing
# device as what they are: a discard gives its blocks back, zeroes are one
# command and keep their blocks, a sync and a durable write flush its cache, and
# a range of the whole device goes through in one command.
# seconds: 25
# vms: pair
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
# a loop device on ext4 can do all of it and has a cache to flush
ram_disks 1 131072
on server 'modprobe loop max_loop=0
	mkfs.ext4 -q -E lazy_itable_init=0 /dev/ram0 && mount /dev/ram0 /mnt
	truncate -s 64M /mnt/image
	losetup -f --show /mnt/image' >/dev/null
server_up dev_search_path=/dev
client_up
disk=$(opened s1 loop0)
blocks() { on server 'stat -c %b /mnt/image'; }
# done_so_far WRITES|FLUSHES|DISCARDS: requests that the backing device has carried out
done_so_far() {
	local field
	case $1 in
	WRITES) field=5 ;; DISCARDS) field=12 ;; FLUSHES) field=16 ;;
	esac
	on server "awk '{ print \$$field }' /sys/block/loop0/stat"
}
# arrived WHAT COUNT BEFORE
arrived() {
	local now
	now=$(done_so_far "$1")
	[ $((now - $3)) = "$2" ] || fail "$((now - $3)) $1 arrived instead of $2"
}
feature() { peer "test \$(cat /sys/block/$disk/queue/$1) != 0" || fail "the disk does not offer $1"; }

peer "fio --name=fill --filename=/dev/$disk --rw=write --bs=64k --size=64m --direct=1 \
	--ioengine=libaio --iodepth=8 --buffer_pattern=0xdeadbeef --end_fsync=1 >/dev/null"
full=$(blocks)
[ "$full" -ge 131072 ] || fail "only $full blocks of the image are filled"
feature discard_max_bytes
before=$(done_so_far DISCARDS)
peer "blkdiscard -o 1048576 -l 4194304 /dev/$disk"
arrived DISCARDS 1 "$before"
[ "$(blocks)" -le $((full - 8192)) ] || fail "a discard gave no blocks back"
[ "$(peer "get $disk 256 4")" = 0000 ] || fail "discarded blocks have content"
[ "$(peer "get $disk 2000 4" | od -An -tx1 | tr -d ' ')" = deadbeef ] || fail "the discard reached too far"

feature write_zeroes_max_bytes
full=$(blocks)
before=$(done_so_far WRITES)
peer "blkdiscard -z -o 8192000 -l 1048576 /dev/$disk"
arrived WRITES 1 "$before"
feature write_zeroes_max_bytes	# it is no longer offered once it was refused
[ "$(blocks)" = "$full" ] || fail "zeroes gave blocks back: $(blocks) of $full"
[ "$(peer "get $disk 2000 4")" = 0000 ] || fail "zeroed blocks have content"
[ "$(peer "get $disk 2256 4" | od -An -tx1 | tr -d ' ')" = deadbeef ] || fail "zeroes reached too far"

before=$(done_so_far FLUSHES)
peer "dd if=/dev/zero of=/dev/$disk bs=4096 count=1 oflag=direct conv=notrunc status=none"
arrived FLUSHES 0 "$before"
peer "dd if=/dev/zero of=/dev/$disk bs=4096 count=1 oflag=direct conv=notrunc,fsync status=none"
arrived FLUSHES 1 "$before"
before=$(done_so_far FLUSHES)
peer "dd if=/dev/zero of=/dev/$disk bs=4096 count=3 oflag=direct,dsync conv=notrunc status=none"
# the block layer may flush after a FUA write once more
[ $(($(done_so_far FLUSHES) - before)) -ge 3 ] || fail "durable writes: $(($(done_so_far FLUSHES) - before)) flushes"

before=$(done_so_far DISCARDS)
peer "blkdiscard /dev/$disk"
arrived DISCARDS 1 "$before"
[ "$(blocks)" -le 64 ] || fail "$(blocks) blocks are left after a discard of everything"
[ "$(counter bad_io)" = 0 ] || fail "the server refused I/O"
peer "unmap $disk"
all_down
on server 'losetup -d /dev/loop0 && umount /mnt'
