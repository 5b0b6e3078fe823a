#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The server goes and comes back within fast_io_fail: verifying I/O sees nothing
# of it, no request fails. With fast_io_fail=0 I/O fails at once, with a few
# seconds it waits that long and fails then, until the server is back; with -1
# it waits until that is changed. The time can be given when mapping, changed in
# the device's file, and has a default, a parameter of the module.
# seconds: 70
# vms: pair
# limit: 500
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

state() { on client "cat /sys/block/$disk/rnbd/state"; }
becomes() { ON_LIMIT=100 on client "until_true $2 has /sys/block/$disk/rnbd/state $1" || fail "never $1"; }
# fails_in LEAST MOST: a read that begins when the device is closed fails after so many
# seconds, by the clock of the client: the server takes long to go on a slow kernel.
fails_in() {
	local took
	took=$(ON_LIMIT=100 on client "until_true 60 has /sys/block/$disk/rnbd/state closed && SECONDS=0 &&
		! dd if=/dev/$disk of=/dev/null bs=4k count=1 iflag=direct status=none 2>/dev/null && echo \$SECONDS") ||
		fail "I/O without a server"
	{ [ "$took" -ge "$1" ] && [ "$took" -le "$(slowly "$2")" ]; } || fail "failed after $took s, expected $1 to $2"
}
reads() { ON_LIMIT=100 on client "dd if=/dev/$disk of=/dev/null bs=4k count=1 iflag=direct status=none"; }

have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up
disk=$(mapped /dev/ram0)
file "$disk" fast_io_fail 30
for bad in -2 86401 '' 1s 0x10; do
	attr_refused 'Invalid argument' "$disk" fast_io_fail "$bad"
done
attr_refused 'out of range' "$disk" fast_io_fail 4294967296

# held: twice, the second time with a scheduler, which gives tags at dispatch
for scheduler in none mq-deadline; do
	on client "echo $scheduler >/sys/block/$disk/queue/scheduler"
	ON_LIMIT=150 on client "fio --name=v --filename=/dev/$disk --rw=randwrite --bs=4k --size=8m \
		--rate_iops=150 --iodepth=16 --ioengine=libaio --direct=1 --verify=crc32c \
		--verify_fatal=1 --minimal >/dev/null" &
	load=$!
	on client "until_true 20 nth /sys/block/$disk/stat 5 -gt 100"
	unload server
	becomes closed 10
	on client 'pgrep fio >/dev/null' || fail "I/O has ended"
	server_up
	becomes open 60
	wait $load || fail "I/O failed ($scheduler)"
done

# held by a request that comes only then; waiting ends when the time is set to less
ask "attr $disk fast_io_fail -1"
unload server
becomes closed 10
reads &
load=$!
sleep 4	# how long the request waits at least, not a wait for something
on client 'pgrep -x dd >/dev/null' || fail "I/O did not wait"
ask "attr $disk fast_io_fail 3"
! wait $load || fail "I/O without a server"
fails_in 0 5
server_up
becomes open 60
reads || fail "no I/O after the outage"

ask "attr $disk fast_io_fail 3"
fails_in 2 15 &
load=$!
unload server
wait $load || fail "a wait of 3 s"
[ "$(state)" = closed ] || fail "state $(state)"
fails_in 0 5
server_up
becomes open 60
reads || fail "no I/O after the second outage"
ask "attr $disk unmap_device normal"

disk=$(mapped /dev/ram0 fast_io_fail=0)
file "$disk" fast_io_fail 0
ON_LIMIT=150 on client "fio --name=v --filename=/dev/$disk --rw=randwrite --bs=4k --size=8m --time_based \
	--runtime=60 --iodepth=16 --ioengine=libaio --direct=1 --minimal >/dev/null 2>&1" &
load=$!
on client "until_true 20 nth /sys/block/$disk/stat 5 -gt 100"
started=$SECONDS
unload server
! wait $load || fail "I/O without a server"
[ $((SECONDS - started)) -le "$(slowly 20)" ] || fail "I/O waited $((SECONDS - started)) s"
fails_in 0 5
server_up
becomes open 60
reads || fail "no I/O after the third outage"
ask "attr $disk unmap_device normal"

on client 'echo 7 >/sys/module/rnbd_client/parameters/fast_io_fail'
fails client 'Invalid argument' 'echo -2 >/sys/module/rnbd_client/parameters/fast_io_fail'
disk=$(mapped /dev/ram0)
file "$disk" fast_io_fail 7
refused 'Invalid argument' "sessname=s1 device_path=/dev/ram1 fast_io_fail=-2"
ask "attr $disk unmap_device normal"
all_down
