#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every kind of I/O waits out an outage of the server: polled, that of a mounted
# filesystem, a disk's beside one of the same session that fails at once. What
# has to wait for the disk to be idle, a change of its scheduler, ends when the
# server is back. Each disk tells OFFLINE and ONLINE once, and that it has grown.
# seconds: 75
# vms: pair
# limit: 400
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

becomes() { ON_LIMIT=100 on client "until_true $3 has /sys/block/$1/rnbd/state $2" || fail "$1 never $2"; }
busy() { on client "until_true 20 awk '\$1 + \$5 > 100 { found = 1 } END { exit !found }' /sys/block/$1/stat"; }
server_back() {
	on server "losetup -d /dev/loop0 2>/dev/null || :; truncate -s $1M /mnt/image && losetup /dev/loop0 /mnt/image"
	server_up
}

have_ours client || skip "our modules are not built"
ram_disks
on server 'modprobe loop max_loop=4; grep -q " /mnt " /proc/mounts || mount -t tmpfs none /mnt'
server_back 16
client_up

# polled
disk=$(mapped /dev/ram0 nr_poll_queues=1)
ON_LIMIT=150 on client "fio --name=v --filename=/dev/$disk --rw=randwrite --bs=4k --size=4m --rate_iops=150 \
	--ioengine=pvsync2 --hipri --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null" &
load=$!
busy "$disk"
unload server
becomes "$disk" closed 10
server_up
becomes "$disk" open 60
wait $load || fail "polled I/O failed"
ask "attr $disk unmap_device normal"

# one that fails and one that waits, with a filesystem; the size of the first grows
one=$(mapped /dev/loop0 fast_io_fail=0) two=$(mapped /dev/ram1)
on client "uevents $one >/tmp/uevents.one & uevents $two >/tmp/uevents.two & until_true 5 grep -q ready /tmp/uevents.one /tmp/uevents.two"
on client "mkdir -p /mnt/two; mkfs.ext4 -q /dev/$two && mount /dev/$two /mnt/two && head -c 4m /dev/urandom >/tmp/data"
on client "sync; head -c 4m /tmp/data >/mnt/two/early" || fail "no file"
unload server
becomes "$two" closed 10
fails client 'Link has been severed' "dd if=/dev/$one of=/dev/null bs=4k count=1 iflag=direct status=none"
ON_LIMIT=150 on client "head -c 4m /tmp/data >/mnt/two/late; sync" &
load=$!
ON_LIMIT=150 on client "dd if=/dev/$two of=/dev/null bs=4k count=1 iflag=direct status=none" &
reader=$!
ON_LIMIT=150 on client "until_true 5 runs dd; echo mq-deadline >/sys/block/$two/queue/scheduler" &
scheduler=$!
sleep 2	# how long they wait at least, not a wait for something
on client "pgrep -x dd >/dev/null" || fail "I/O of $two did not wait"
server_back 24
becomes "$two" open 60
becomes "$one" open 10
wait $load || fail "the filesystem had errors"
wait $reader || fail "the read failed"
wait $scheduler || fail "the scheduler was not changed"
on client "echo 3 >/proc/sys/vm/drop_caches; cmp /tmp/data /mnt/two/early && cmp /tmp/data /mnt/two/late" || fail "wrong data"
on client "umount /mnt/two && fsck.ext4 -fn /dev/$two >/dev/null" || fail "the filesystem is damaged"
[ "$(on client 'tr "\n" , </tmp/uevents.one')" = ready,offline,'change RESIZE=1',online, ] ||
	fail "uevents: $(on client 'cat /tmp/uevents.one')"
[ "$(on client 'tr "\n" , </tmp/uevents.two')" = ready,offline,online, ] ||
	fail "uevents: $(on client 'cat /tmp/uevents.two')"
on client 'pkill uevents'
ask "attr $one unmap_device normal; attr $two unmap_device normal"
all_down
on server 'losetup -d /dev/loop0; umount /mnt'
