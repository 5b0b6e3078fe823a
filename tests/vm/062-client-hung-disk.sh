#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk of the server hangs while the server lives: requests of it are waited
# for, however long it takes, the log names them, and none fails when the disk
# goes on. The client's disk unmaps by force all the same; another disk of that
# session goes on when the server's is over it, without an error.
# seconds: 30
# vms: pair
# limit: 300
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

# hangs: a write of the mapped disk, from when the server's stands still; in $writer.
hangs() {
	on server 'dmsetup suspend --nolockfs --noflush slow'
	ON_LIMIT=100 on client "dd if=/dev/zero of=/dev/$slow bs=4k count=1 oflag=direct status=none" &
	writer=$!
	on client "until_true 10 runs dd"
}

have_ours client || skip "our modules are not built"
ram_disks
on server 'modprobe dm_mod; dmsetup create slow --table "0 65536 linear /dev/ram1 0"
	dmsetup mknodes slow'
server_up
client_up
slow=$(mapped /dev/mapper/slow) other=$(mapped /dev/ram0)
on client "echo 2000 >/sys/block/$slow/queue/io_timeout"

hangs
on client "until_true 20 said '$slow: WRITE of 4096 bytes at sector 0 is not answered'" ||
	fail "the log does not name it"
on client 'pgrep -x dd >/dev/null' || fail "the write did not wait"
on server 'dmsetup resume slow'
wait $writer || fail "the write failed"
file "$slow" state open

hangs
ON_LIMIT=150 on client "fio --name=v --filename=/dev/$other --rw=randwrite --bs=4k --size=4m --rate_iops=200 \
	--iodepth=16 --ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null" &
load=$!
on client "until_true 20 nth /sys/block/$other/stat 5 -gt 100"
unmapped "$slow" force
! wait $writer || fail "the write went on without a disk"
on server 'dmsetup resume slow'
wait $load || fail "the other disk of the session had an error"
slow=$(mapped /dev/mapper/slow)
ask "attr $slow unmap_device normal; attr $other unmap_device normal"
all_down
on server 'dmsetup remove slow'
