#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The client's sysfs files are the ABI's, byte for byte, there when the disk's
# uevent comes; links name device and session; modes of the files as given.
# seconds: 15
# vms: pair
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

# same COMMAND TEXT: output of a command on the client, newlines included.
same() {
	cmp <(on client "$1") <(printf %s "$2") || fail "$1"
}

have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up
same "cat $ctl/map_device" 'Usage: echo "[dest_port=server port number] sessname=<name of the rtrs session> path=<[srcaddr@]dstaddr> [path=<[srcaddr@]dstaddr>] device_path=<full path on remote side> [access_mode=<ro|rw|migration>] [nr_poll_queues=<number of queues>]" > map_device

addr ::= [ ip:<ipv4> | ip:<ipv6> | gid:<gid> ]
'
same "readlink -f $ctl" $'/sys/devices/virtual/rnbd-client/ctl\n'
ask "map 'access_mode=ro device_path=/dev//ram0 dest_port=1234 path=10.77.0.2@$path sessname=s.1'" &&
	fail "a session name with a dot"
ask "map 'access_mode=ro  device_path=/dev//ram0 dest_port=1234 path=ip:10.77.0.2@$path  sessname=s1 '" ||
	fail "options in any order"
ask "map 'sessname=s1 device_path=/dev/ram1'" || fail "no path for a session that exists"
# who hears of the disk finds its files at once
on client 'uevents rnbd2 /sys/block/rnbd2/rnbd/state >/run/seen & until_true 5 grep -q ready /run/seen'
ask "map 'sessname=s1 device_path=/dev/ram1 access_mode=ro'" && fail "a device twice in one session"
ask "map 'sessname=s2 path=$path device_path=/dev/ram1 access_mode=ro'" || fail "a second session"
on client 'until_true 10 grep -q ^add /run/seen; pkill uevents'
[ "$(on client 'grep ^add /run/seen')" = 'add /sys/block/rnbd2/rnbd/state' ] || fail "too late: $(on client 'cat /run/seen')"
ask 'attr rnbd2 unmap_device normal'
dir=/sys/block/rnbd0/rnbd
same "cat $dir/unmap_device" $'Usage: echo <normal|force> > unmap_device\n'
same "cat $dir/resize" $'Usage: echo <new size in sectors> > resize\n'
same "cat $dir/remap_device" $'Usage: echo <1> > remap_device\n'
same "cat $dir/mapping_path" $'/dev//ram0\n'
same "cat $dir/state" $'open\n'
same "cat $dir/session" $'s1\n'
same "cat $dir/access_mode" $'ro\n'
same "cat /sys/block/rnbd1/rnbd/access_mode" $'rw\n'
same "cat $dir/nr_poll_queues" $'0\n'
same "cat $dir/fast_io_fail" $'30\n'
same "stat -c '%a %n' $dir/* | sed 's,/.*/,,'" '444 access_mode
644 fast_io_fail
444 mapping_path
444 nr_poll_queues
644 remap_device
644 resize
444 session
444 state
644 unmap_device
'
same "stat -c %a $ctl/map_device" $'644\n'
same "ls $ctl/devices" '!dev!!ram0@s1
!dev!ram1@s1
'
same "readlink -f '$ctl/devices/!dev!ram1@s1'" "$(on client 'readlink -f /sys/block/rnbd1')"$'\n'
same 'cat /sys/block/rnbd0/ro /sys/block/rnbd1/ro' $'1\n0\n'
same "awk '\$2 == \"rnbd\"' /proc/devices | wc -l" $'1\n'
major=$(on client "awk '\$2 == \"rnbd\" { print \$1 }' /proc/devices")
same 'cat /sys/block/rnbd0/dev /sys/block/rnbd1/dev' "$major:0"$'\n'"$major:64"$'\n'

attr_refused 'Invalid argument' rnbd1 unmap_device ''
attr_refused 'Invalid argument' rnbd1 unmap_device forced
attr_refused 'Invalid argument' rnbd1 remap_device 2
attr_refused 'Operation already in progress' rnbd1 remap_device 1
attr_refused 'Invalid argument' rnbd1 resize many
attr_refused 'out of range' rnbd1 resize 0x10000000000000000
attr_refused 'Invalid argument' rnbd1 resize 0
attr_refused 'Invalid argument' rnbd1 resize 131073
ask 'attr rnbd1 resize 0x4000' || fail "resize"
same 'cat /sys/block/rnbd1/size' $'16384\n'
ask 'attr rnbd1 resize 131072' || fail "back to the size of before"
same 'cat /sys/block/rnbd1/size' $'131072\n'

# the lowest number that is free
ask 'attr rnbd0 unmap_device normal && map sessname=s1 device_path=/dev/ram0' || fail "map again"
[ "$(ask 'disk_of /dev/ram0')" = rnbd0 ] || fail "number 0 was free"
ask 'attr rnbd0 unmap_device normal && attr rnbd1 unmap_device force'
all_down
