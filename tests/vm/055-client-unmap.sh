#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk in use is unmapped by force only, and then at once, with I/O on its way
# as well. With a server that stands still a forced unmap ends within 10
# seconds, and so does a mapping whose process is killed. Unloading the module
# unmaps everything; while a disk is open it is refused.
# seconds: 35
# vms: pair
# check: 7.2
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

load="fio --name=load --rw=randrw --bs=4k --iodepth=32 --ioengine=libaio --direct=1 --time_based"
busy() { on client "until_true 20 nth /sys/block/$1/stat 1 -gt 20"; }

have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up
one=$(mapped /dev/ram0) two=$(mapped /dev/ram1)
on client "sleep 1000 </dev/$one & echo \$! >/tmp/user"
attr_refused 'Device or resource busy' "$one" unmap_device normal
fails client 'is in use' 'rmmod rnbd-client'
ask "attr $one unmap_device force" || fail "force"
on client "test ! -e /sys/block/$one && test ! -e /dev/$one" || fail "$one is still there"
on client 'kill $(cat /tmp/user)'
on client "dd if=/dev/$two of=/dev/null bs=4k count=10 iflag=direct status=none" ||
	fail "the session's other disk suffers"

one=$(mapped /dev/ram0)
on client "$load --runtime=60 --filename=/dev/$one >/dev/null 2>&1" &
busy "$one"
ask "attr $one unmap_device force" || fail "force with I/O"
! wait $! || fail "I/O went on without a disk"
ask "attr $two unmap_device normal"
ask nothing_left || fail "something is left"

# a server that stands still, the disk busy
one=$(mapped /dev/ram0)
on client "$load --runtime=60 --filename=/dev/$one >/dev/null 2>&1" &
busy "$one"
vm_freeze server
unmapped "$one" force
! wait $! || fail "I/O went on without a server"

# a mapping nobody waits for any more
on client "echo 'sessname=s1 path=$path device_path=/dev/ram0' >$ctl/map_device & sleep 1
	kill -KILL \$!; until_true 10 test ! -e /sys/class/rtrs-client/s1" || fail "a killed mapping goes on"
vm_thaw server

one=$(mapped /dev/ram0) two=$(mapped /dev/ram1)
ON_LIMIT=100 on client 'rmmod rnbd-client' || fail "unload with mapped disks"
on client "test ! -e /dev/$one && test ! -e /dev/$two" || fail "disks are left"
[ "$(on client 'ls /sys/class/rtrs-client')" = '' ] || fail "a session is left"
on client 'modprobe rnbd-client'
on client "for i in {1..20}; do
	echo 'sessname=s1 path=$path device_path=/dev/ram0' >$ctl/map_device 2>/dev/null &
	echo 'sessname=s2 path=$path device_path=/dev/ram1' >$ctl/map_device 2>/dev/null &
	[ \$((i % 2)) = 0 ] || sleep 0.3
	until_true 20 rmmod rnbd-client 2>/dev/null || exit 1
	wait
	modprobe rnbd-client
done" || fail "unload while mapping"
all_down
