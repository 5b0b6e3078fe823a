#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A forced close takes the device from the client: I/O fails at once, even
# under load, the device is free on the server, and a remap brings it back under
# a new id. Nothing but "1" is taken.
# seconds: 20
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
ram_disks 2
server_up dev_search_path=/dev
client_up
disk=$(opened s1 ram0)
other=$(opened s1 ram1)
file=/sys/class/rnbd-server/ctl/devices/ram0/sessions/s1/force_close
peer "put $disk 3 before"

for word in 0 2 yes ''; do
	rc=0
	on server "echo '$word' >$file" 2>/dev/null || rc=$?
	[ $rc != 0 ] || fail "force_close took \"$word\""
done
peer "fio --name=load --filename=/dev/$disk --rw=randread --bs=4k --iodepth=16 --ioengine=libaio \
	--direct=1 --time_based --runtime=20 >/dev/null 2>&1" &
load=$!
on client "until_true 10 nth /sys/block/$disk/stat 1 -gt 50"
# the directory cannot go before the write into it has returned
on server "echo 1 >$file && until_true 5 test ! -e $file" || fail "force_close"
rc=0
wait $load || rc=$?
[ $rc != 0 ] || fail "I/O went on after a forced close"
[ "$(exports)" = ram1 ] || fail "exports: $(exports)"
[ "$(counter forced_closes)" = 1 ] || fail "forced close not counted"
[ "$(counter unknown_device)" -gt 0 ] || fail "I/O after the forced close not counted"
on server 'mkdir -p /run/m && mkfs.ext4 -qF /dev/ram0 && mount /dev/ram0 /run/m && umount /run/m' ||
	fail "the device is not free"
peer "put $other 3 other" || fail "the session's other device suffers"
peer "unmap $disk"
disk=$(opened s1 ram0)
peer "put $disk 3 after"
[ "$(peer "get $disk 3 5")" = after ] || fail "not usable after the remap"

# with everybody at it at once
for round in 1 2 3 4 5; do
	on server "echo 1 >$file" &
	on server "echo 1 >$file" 2>/dev/null &
	peer "unmap $disk"
	wait
	disk=$(opened s1 ram0)
	peer "put $disk 3 round-$round"
done
peer "unmap $disk $other"
all_down
