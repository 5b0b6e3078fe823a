#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The in-tree client works with our server: modes, verified data up to the
# largest request, flush and discard, errors, forced close and remap, and it
# leaves nothing behind; what both send is byte by byte what our builders make. rnbdctl
# does not take a mount that has lost its disk for one of the disk mapped next.
# seconds: 55
# vms: pair
# kernels: 6.1
# peers: intree
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"
. "$(dirname "$0")/lib/wire.sh"
. "$(dirname "$0")/lib/rnbdctl.sh"
export CLIENT=intree

have_ours server || skip "our modules are not built"
have_peers client || skip "the in-tree peers are not built"
on client 'command -v rnbdctl >/dev/null' || skip "rnbdctl is not built"
ram_disks 2 65536
on server 'modprobe loop max_loop=0
	mount -t tmpfs none /mnt; truncate -s 64M /mnt/image
	losetup -f --show /mnt/image' >/dev/null
server_up dev_search_path=/dev
client_up

wire_start
image=$(opened wire loop0)
wire_io "$image"
peer "unmap $image"
wire_check rkey,inval --intree-client

disk=$(opened s1 ram0)
ON_LIMIT=150 peer "fio --name=v --filename=/dev/$disk --rw=randwrite --bsrange=512-124k --size=24m \
	--iodepth=16 --ioengine=libaio --direct=1 --fsync=64 --verify=crc32c --verify_fatal=1 --minimal >/dev/null"
reader=$(opened s1 ram1 ro)
peer "get $reader 0 4 >/dev/null"
refused 'No such file' s1 nothing
refused 'Operation not permitted' s2 ram0 rw
refused 'Invalid argument' s2 ../dev/ram0

image=$(opened s1 loop0)
peer "mkfs.ext4 -q /dev/$image && mkdir -p /run/m && mount -o discard /dev/$image /run/m &&
	head -c 8M /dev/urandom >/run/m/f && sync && sum=\$(md5sum </run/m/f) &&
	umount /run/m && fsck.ext4 -fn /dev/$image >/dev/null && mount /dev/$image /run/m &&
	[ \"\$sum\" = \"\$(md5sum </run/m/f)\" ] && umount /run/m" || fail "file system"
peer "blkdiscard /dev/$image"

on server 'cd /sys/class/rnbd-server/ctl/devices/ram0/sessions
	echo 1 >s1/force_close
	until_true 5 test ! -e s1'
io_fails 'Input/output error' "put $disk 0 stale"
peer "put $image 0 other"
peer "unmap $disk"
disk=$(opened s1 ram0)
peer "put $disk 0 fresh"
[ "$(peer "get $disk 0 5")" = fresh ] || fail "not usable after a forced close"
[ "$(counter violations)" = 0 ] || fail "violations counted"
peer "unmap $disk $reader $image"

# rnbdctl finds mounts by number: a disk that this client took by force keeps its own, too
disk=$(opened s1 ram0)
peer "mkfs.ext4 -qF -O ^has_journal /dev/$disk && mount /dev/$disk /run/m"
exits 10 '/run/m' unmap "$disk"
does unmap --force "$disk"
new=$(opened s1 ram0)
does unmap "$new"
peer "umount /run/m"
all_down
on server 'losetup -d /dev/loop0 && umount /mnt'
