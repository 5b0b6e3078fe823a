#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Discard, write zeroes and flush of the client arrive at the backing device: a
# discard gives its blocks back, zeroes read as zeroes, and a range of the whole
# device goes through in one command.
# vms: pair
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
on server 'modprobe loop max_loop=0; mount -t tmpfs none /mnt
	truncate -s 64M /mnt/image
	losetup -f --show /mnt/image' >/dev/null
server_up dev_search_path=/dev
client_up
disk=$(opened s1 loop0)
blocks() { on server 'stat -c %b /mnt/image'; }

peer "fio --name=fill --filename=/dev/$disk --rw=write --bs=64k --size=64m --direct=1 \
	--ioengine=libaio --iodepth=8 --buffer_pattern=0xdeadbeef --end_fsync=1 >/dev/null"
full=$(blocks)
[ "$full" -ge 131072 ] || fail "only $full blocks of the image are filled"
peer "blkdiscard -o 1048576 -l 4194304 /dev/$disk"
[ "$(blocks)" -le $((full - 8192)) ] || fail "a discard gave no blocks back"
[ "$(peer "get $disk 256 4")" = 0000 ] || fail "discarded blocks have content"
[ "$(peer "get $disk 2000 4" | od -An -tx1 | tr -d ' ')" = deadbeef ] || fail "the discard reached too far"

if peer "test \$(cat /sys/block/$disk/queue/write_zeroes_max_bytes) != 0"; then
	peer "blkdiscard -z -o 8192000 -l 1048576 /dev/$disk"
	[ "$(peer "get $disk 2000 4")" = 0000 ] || fail "zeroed blocks have content"
	[ "$(peer "get $disk 2256 4" | od -An -tx1 | tr -d ' ')" = deadbeef ] || fail "zeroes reached too far"
fi
peer "blkdiscard /dev/$disk"
[ "$(blocks)" -le 64 ] || fail "$(blocks) blocks are left after a discard of everything"
[ "$(counter bad_io)" = 0 ] || fail "the server refused I/O"
peer "unmap $disk"
all_down
on server 'losetup -d /dev/loop0 && umount /mnt'
