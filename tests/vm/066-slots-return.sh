#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Slots of requests that went by a lost path without an answer are not used for
# others at first. While one path has nearly all of them the other one is lost,
# too, and comes back: what it carried is sent again at once, though the block
# layer has requests that wait for a slot (ROUNDS= times, default 3; SERVER=intree).
# A path that stays away does not keep slots for ever: a minute later the other one
# has all of them again, if the server is ours. And with one slot for I/O and one for
# messages, the message lost by a path that stays away: the other path opens the disk.
# seconds: 85
# vms: pair
# limit: 1800
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536; modprobe dm_mod
	dmsetup create held --table "0 131072 linear /dev/ram0 0"; dmsetup mknodes held'
# twelve for I/O, four for messages
server_load /dev/mapper sess_queue_depth=16
client_load
map_paths held
stat_of() { on client "cut -d' ' -f$2 $paths/$(path_name "$1")/stats/rdma"; }
# in_flight LINK COUNT SECONDS
in_flight() {
	ON_LIMIT=$(($3 + 30)) on client "until_true $3 nth $paths/$(path_name "$1")/stats/rdma 5 = $2" ||
		fail "link $1 has $(stat_of "$1" 5) requests in flight, not $2"
}
hold() { on server 'dmsetup suspend --nolockfs --noflush held'; }
release() { on server 'dmsetup resume held'; }
twelve() {
	on client "rm -f /run/fio.rc
		(rc=0; fio --name=t --filename=/dev/$disk --rw=randwrite --bs=4k --size=4m --number_ios=12 --iodepth=12 \
			--ioengine=libaio --direct=1 --minimal >/dev/null 2>&1 || rc=\$?; echo \$rc >/run/fio.rc) >/dev/null 2>&1 </dev/null &"
}
# queues: where the block layer has the requests that have not ended.
queues() {
	on client "cd /sys/kernel/debug/block/$disk && grep -H . requeue_list hctx*/{dispatch,busy} /sys/block/$disk/inflight" || :
}
# ended: within 20 s, on a slow kernel too, for after a minute our server's slots free themselves.
ended() {
	local rc
	rc=$(ON_LIMIT=90 on client "VM_SLOW=1 until_true 20 test -s /run/fio.rc && cat /run/fio.rc") || { queues; fail_of "requests hang"; }
	[ "$rc" = 0 ] || fail_of "a request failed: fio ends with $rc"
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
	since=$SECONDS
}

# three_lost: the other path has what was not on its way, but for the last slot: it is
# lost as well, and without that slot nobody could open the disk again.
three_lost() {
	hold
	twelve
	in_flight 1 3 20
	lose disconnect@client 1
	release
	reconnect 1
	on client "until_true 20 has $paths/$(path_name 1)/state connected"
	on client "until_true 20 has /sys/block/$disk/rnbd/state open" || fail_of "the disk is not open again"
	ended
}

twelve_lost
[ "$(stat_of 0 6)" = 12 ] || fail "$(stat_of 0 6) requests moved, not 12"
release
ended
for ((round = 1; round <= ${ROUNDS:-3}; round++)); do
	# a round that begins later could be helped by that minute
	if [ "$SERVER" = ours ] && [ $((SECONDS - since)) -gt 25 ]; then
		reconnect 0
		paths_are 20 connected 0 1
		twelve_lost
		release
		ended
	fi
	three_lost
done

reconnect 0
paths_are 20 connected 0 1
if [ "$SERVER" = ours ]; then
	linger=/sys/kernel/debug/rtrs-client/linger_ms
	[ "$(on client "cat $linger")" = 60000 ] || fail "a lost path keeps its slots for $(on client "cat $linger") ms"
	fails client 'Invalid argument' "echo 99 >$linger"
	on client "echo $(slowly 10)000 >$linger"
	twelve_lost
	release
	ended
	# and after that time it has all
	hold
	twelve
	in_flight 1 3 20
	[ "$(on client 'grep -c ": fenced" /sys/kernel/debug/rtrs-client/slots')" = 12 ] || fail "$(on client 'cat /sys/kernel/debug/rtrs-client/slots')"
	in_flight 1 12 40
	on server 'until_true 10 eval "test \$(grep -c \"^fo chunk .* of \" /sys/kernel/debug/rtrs-server/operations) = 12"' ||
		fail "$(on server 'cat /sys/kernel/debug/rtrs-server/operations')"
	release
	ended
	reconnect 0
fi
twelve
ended
paths_are 20 connected 0 1
all_down

# An in-tree server takes the same bytes only in the place of a lost message, and here the
# first one, which is no open, may be the lost one (docs/multipath.md).
if [ "$SERVER" = intree ]; then
	on server 'dmsetup remove held'
	exit
fi
server_load /dev/mapper sess_queue_depth=2
client_load
map_paths held fast_io_fail=-1
# message_lost: the first message by link 0 is lost with it, while link 1 is away and a
# write has the slot for I/O; false if the disk was open before that was seen.
message_lost() {
	lose disconnect@client 1
	hold
	on client "rm -f /run/fio.rc /run/seen
		(rc=0; dd if=/dev/zero of=/dev/$disk bs=4k count=1 oflag=direct 2>/dev/null || rc=\$?; echo \$rc >/run/fio.rc) >/dev/null 2>&1 </dev/null &"
	in_flight 0 1 20
	lose disconnect@client 0
	release
	on server 'modprobe sch_netem && tc qdisc replace dev eth0 root netem delay 400ms'
	ON_LIMIT=$(slowly 90) on client "cd $paths/$(path_name 0)
		(until [ -e /run/seen ] || grep -qx connected state; do echo 1 >reconnect || :; done) >/dev/null 2>&1 </dev/null &
		until_true 60 nth stats/rdma 5 = 1 && touch /run/seen && echo 1 >disconnect" ||
		fail_of "nothing is sent by link 0"
	on client "[ ! -s /run/fio.rc ] && ! grep -qx open /sys/block/$disk/rnbd/state"
}
tries=1
until message_lost; do
	[ $tries -lt 5 ] || fail "the message was answered each time before it could be lost"
	tries=$((tries + 1))
	on server 'tc qdisc del dev eth0 root'
	reconnect 0
	reconnect 1
	ended
	paths_are 20 connected 0 1
done
reconnect 1
ended
on server 'tc qdisc del dev eth0 root'
reconnect 0
paths_are 40 connected 0 1
all_down
on server 'dmsetup remove held'
