#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The session is lost: the disk is closed. The server comes back: the disk is
# open again by itself, grown if the device has grown, also when the device
# comes some time after the server, or not as large as a disk at first. A device
# that shrank stays closed, until it is large enough and somebody writes
# remap_device; so does one that the server closed by force. The disk unmaps
# while it is closed.
# seconds: 80
# vms: pair
# limit: 500
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

# server_again MIB: the server's modules go and come, over a file of that size.
server_gone() { unload server; }
server_back() {
	on server "losetup -d /dev/loop0 2>/dev/null || :; truncate -s $1M /mnt/image &&
		losetup /dev/loop0 /mnt/image"
	server_up
}
# becomes STATE SECONDS
becomes() { on client "until_true $2 has /sys/block/$disk/rnbd/state $1" || fail "never $1"; }
size() { on client "cat /sys/block/$disk/size"; }
works() { on client "dd if=/dev/$disk bs=64k count=4 iflag=direct status=none | cmp - /tmp/data"; }

have_ours client || skip "our modules are not built"
on server 'modprobe loop max_loop=4; grep -q " /mnt " /proc/mounts || mount -t tmpfs none /mnt'
server_back 16
client_up
disk=$(mapped /dev/loop0 fast_io_fail=0)
on client "head -c 256k /dev/urandom >/tmp/data; dd if=/tmp/data of=/dev/$disk bs=64k oflag=direct status=none"
works || fail "data"

# another device is mapped while no path is there: it waits some seconds for one
on server 'truncate -s 1M /mnt/other && losetup /dev/loop1 /mnt/other'
session=/sys/class/rtrs-client/s1
on client "echo 1 >\$(echo $session/paths/*)/disconnect"
becomes closed 10
started=$SECONDS
refused 'not connected' 'sessname=s1 device_path=/dev/loop1'
took=$((SECONDS - started))
((took >= 5 && took <= $(slowly 15))) || fail "the map waited for $took s"
# given up meanwhile, it says so
ask "{ map 'sessname=s1 device_path=/dev/loop1' || :; } >/tmp/given-up &
	until_true 4 eval 'rnbdctl list | grep -q /dev/loop1' && rnbdctl unmap /dev/loop1@s1 && wait &&
	grep -q canceled /tmp/given-up" || fail "a map that was given up: $(on client 'cat /tmp/given-up')"
ask "{ sleep 0.5; echo 1 >\$(echo $session/paths/*)/reconnect; } >/dev/null 2>&1 &
	map 'sessname=s1 device_path=/dev/loop1' && attr \$(disk_of /dev/loop1) unmap_device normal" ||
	fail "map during an outage that ends"
becomes open 10

server_gone
becomes closed 10
started=$SECONDS
fails client 'Link has been severed' "dd if=/dev/$disk of=/dev/null bs=4k count=1 iflag=direct status=none"
[ $((SECONDS - started)) -le "$(slowly 5)" ] || fail "I/O waited"
attr_refused 'not connected' "$disk" remap_device 1
attr_refused 'No such file' "$disk" resize 1024
server_back 16
becomes open 90
works || fail "data after the outage"

# the server takes the device away and keeps the session
on server 'echo 1 >/sys/class/rnbd-server/ctl/devices/loop0/sessions/s1/force_close'
! works 2>/dev/null || fail "I/O of a device that the server closed"
becomes closed 5
ask "attr $disk remap_device 1" || fail "remap after a forced close"
works || fail "data after a forced close"

server_gone
becomes closed 10
server_back 24
becomes open 90
[ "$(size)" = 49152 ] || fail "not grown: $(size)"
works || fail "data after it grew"

# the server is there before its device is, then before the device is set up
server_gone
becomes closed 10
on server 'losetup -d /dev/loop0; mv /dev/loop0 /dev/loop0.away'
server_up
refusal='opened again: answer of the server: the server refused to open the device'
on client "until_true 60 said '$refusal'" || fail "nobody says that it is missing"
becomes closed 1
sleep 3 # a while of trying again in vain, not a wait for something
[ "$(on client "dmesg | grep -c '$refusal'")" = 1 ] ||
	fail "every try is told: $(on client "dmesg | grep '$refusal'")"
on server 'mv /dev/loop0.away /dev/loop0'
sleep 3
becomes closed 1
on server 'losetup /dev/loop0 /mnt/image'
becomes open 30
works || fail "data after the device came late"

server_gone
becomes closed 10
server_back 8
on client 'until_true 90 said "capacity shrank"' || fail "nobody says that it shrank"
becomes closed 1
attr_refused 'Protocol error' "$disk" remap_device 1
# nobody has looked at it: it might have lost what it had
on server 'truncate -s 24M /mnt/image && losetup -c /dev/loop0'
sleep 4
becomes closed 1
ask "attr $disk remap_device 1" || fail "remap"
becomes open 1
works || fail "data after the remap"

server_gone
becomes closed 10
ask "attr $disk unmap_device normal" || fail "unmap while closed"
all_down
on server 'losetup -d /dev/loop0 /dev/loop1; umount /mnt'
