#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Unmapping ends whatever the server does: with I/O that waits for a server that
# is gone, with I/O that a server standing still does not answer, by force and,
# when nobody has the disk open, without; on a session of its own and on one
# shared with a disk whose I/O goes on afterwards, without an error. So does
# unloading the module.
# seconds: 30
# vms: pair
# limit: 500
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

load="fio --rw=randrw --bs=4k --iodepth=32 --ioengine=libaio --direct=1 --minimal"
busy() { on client "until_true 20 nth /sys/block/$1/stat 1 -gt 20"; }
becomes() { ON_LIMIT=100 on client "until_true $3 has /sys/block/$1/rnbd/state $2" || fail "$1 never $2"; }
# loaded DISK: I/O that never ends by itself; its process is in $user.
loaded() {
	ON_LIMIT=200 on client "$load --name=l --time_based --runtime=180 --filename=/dev/$1 >/dev/null 2>&1" &
	user=$!
	busy "$1"
}
have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up

# the server is gone: in use, then not in use
one=$(mapped /dev/ram0 fast_io_fail=-1) two=$(mapped /dev/ram1 fast_io_fail=-1)
loaded "$one"
unload server
becomes "$one" closed 10
attr_refused 'Device or resource busy' "$one" unmap_device normal
started=$SECONDS
unmapped "$one" force
[ $((SECONDS - started)) -le "$(slowly 6)" ] || fail "I/O that waits held up a forced unmap"
! wait $user || fail "I/O went on without a disk"
unmapped "$two" normal
ask nothing_left || fail "something is left"
server_up

one=$(mapped /dev/ram0 fast_io_fail=-1)
unload server
becomes "$one" closed 10
on client 'within 20 rmmod rnbd-client' || fail "unload while a disk is closed"
on client 'modprobe rnbd-client'
server_up

# the server stands still, the session has another disk
one=$(mapped /dev/ram0 fast_io_fail=-1) two=$(mapped /dev/ram1 fast_io_fail=-1)
ON_LIMIT=200 on client "$load --name=v --size=4m --filename=/dev/$two --verify=crc32c --verify_fatal=1 >/dev/null" &
verify=$!
loaded "$one"
busy "$two"
vm_freeze server
unmapped "$one" force
! wait $user || fail "I/O went on without a server"
vm_thaw server
wait $verify || fail "the other disk of the session had an error"
unmapped "$two" normal
ask nothing_left || fail "something is left"

# alone, and nobody has it open
one=$(mapped /dev/ram0)
vm_freeze server
unmapped "$one" normal
vm_thaw server

one=$(mapped /dev/ram0)
ask "attr $one unmap_device normal" || fail "unmap at the end"
all_down
