#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Slots of requests that went by a lost path without an answer are not used for
# others at first, but a path that stays away does not keep them: a minute later
# the other path has all of them again.
# vms: pair
# links: 2
# limit: 400
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
fixed_neighbours
on server 'modprobe -r brd 2>/dev/null; modprobe brd rd_nr=1 rd_size=65536; modprobe dm_mod
	dmsetup create held --table "0 131072 linear /dev/ram0 0"; dmsetup mknodes held'
# twelve for I/O, four for messages
server_load /dev/mapper sess_queue_depth=16
client_load
map_paths held
stat_of() { on client "cut -d' ' -f$2 $paths/$(path_name "$1")/stats/rdma"; }
# in_flight LINK COUNT SECONDS
in_flight() {
	ON_LIMIT=$(($3 + 30)) on client "until_true $3 bash -c '[ \$(cut -d\" \" -f5 $paths/$(path_name "$1")/stats/rdma) = $2 ]'" ||
		fail "link $1 has $(stat_of "$1" 5) requests in flight, not $2"
}
hold() { on server 'dmsetup suspend --nolockfs --noflush held'; }
release() { on server 'dmsetup resume held'; }
twelve() {
	on client "rm -f /run/fio.rc
		(fio --name=t --filename=/dev/$disk --rw=randwrite --bs=4k --size=4m --number_ios=12 --iodepth=12 \
			--ioengine=libaio --direct=1 --minimal >/dev/null 2>&1; echo \$? >/run/fio.rc) >/dev/null 2>&1 </dev/null &"
}
ended() {
	[ "$(ON_LIMIT=90 on client 'until_true 60 test -s /run/fio.rc; cat /run/fio.rc')" = 0 ] || fail "a request failed"
}

# twelve_lost: all slots for I/O have a request on its way by link 0, which is lost;
# link 1 takes them over.
twelve_lost() {
	lose disconnect@client 1
	hold
	twelve
	in_flight 0 12 20
	reconnect 1
	lose disconnect@client 0
}

twelve_lost
[ "$(stat_of 0 6)" = 12 ] || fail "$(stat_of 0 6) requests moved, not 12"
release
ended

# The other path has what was not on its way, but for the last slot: it is lost
# as well, and without that slot nobody could open the disk again.
hold
twelve
in_flight 1 3 20
lose disconnect@client 1
release
reconnect 1
on client "until_true 20 grep -qx connected $paths/$(path_name 1)/state"
on client "until_true 20 grep -qx open /sys/block/$disk/rnbd/state" || fail "the disk is not open again"
ended

reconnect 0
paths_are 20 connected 0 1
twelve_lost
release
ended

# and a minute later it has all
hold
twelve
in_flight 1 3 20
in_flight 1 12 90
release
ended
reconnect 0
twelve
ended
paths_are 20 connected 0 1
all_down
on server 'dmsetup remove held'
