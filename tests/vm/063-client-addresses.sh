#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Addresses of either family: a disk mapped by IPv6 alone carries data and shows
# the addresses that it uses; a path of the other family over the other link
# joins the session, both carry, and the first one goes; a source address of the
# wrong family, or of nobody, is refused and leaves nothing. The server takes both
# families also where IPv6 sockets are told to leave IPv4 alone. A map with addresses
# or a port that the session of that name has not is refused by sysfs, by netlink and
# by rnbdctl alike; an address that it lacks beside one that it has is added and
# carries I/O, also for a disk that is mapped already. Of two that make a session by
# the same name to two addresses at once only one does.
# seconds: 85
# vms: pair
# limit: 500
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"
. "$(dirname "$0")/lib/rnbdctl.sh"

dir=/sys/class/rtrs-client/s1
six=ip:fd77::2@ip:fd77::1
four=ip:10.78.0.2@ip:10.78.0.1

has() {
	local got
	got=$(on client "for p in $dir/paths/*; do echo \${p##*/} \$(cat \$p/state); done | sort" | paste -sd' ')
	[ "$got" = "$*" ] || fail "paths are \"$got\", expected \"$*\""
}
count() { on client "awk '{ print \$1 + \$3 }' $dir/paths/$1/stats/rdma"; }
verified() {
	ON_LIMIT=120 on client "fio --name=v --filename=/dev/$disk --rw=randwrite --bsrange=512-64k --size=8m --iodepth=8 \
		--ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null" || fail "fio over $1"
}

# netlink TEXT ARGUMENTS: netlink_map must be refused with that text
netlink() {
	local text=$1 out
	shift
	! out=$(on client "netlink_map $*") || fail "netlink_map $* was not refused"
	[[ $out = *"$text"* ]] || fail "netlink_map $*: \"$out\", expected \"$text\""
}
# settles STATE...: as has, a moment later
settles() {
	on client "until_true 20 eval 'test \"\$(echo \$(for p in $dir/paths/*; do echo \${p##*/} \$(cat \$p/state); done | sort))\" = \"$*\"'" ||
		has "$@"
}

have_ours client || skip "our modules are not built"
on client 'command -v rnbdctl >/dev/null' || skip "rnbdctl is not built"
ram_disks
on server 'sysctl -qw net.ipv6.bindv6only=1'
server_up
on server 'sysctl -qw net.ipv6.bindv6only=0'
# shellcheck disable=SC2034 # read by client_up
heartbeats=quick
client_up
refused 'Invalid argument' 'sessname=s1 path=ip:10.77.0.2@ip:fd77::1 device_path=/dev/ram0'
refused 'Cannot assign requested address' 'sessname=s1 path=ip:fd77::99@ip:fd77::1 device_path=/dev/ram0'
ask nothing_left || fail "a refused map left something"

path=ip:fd77::1
disk=$(mapped /dev/ram0)
has "$six" connected
[ "$(on client "cat $dir/paths/$six/src_addr $dir/paths/$six/dst_addr" | paste -sd' ')" = 'ip:fd77::2 ip:fd77::1' ] ||
	fail "addresses: $(on client "cat $dir/paths/$six/*_addr")"
verified IPv6
[ "$(on server 'ls /sys/class/rtrs-server/*/paths')" = "$six" ] ||
	fail "the server calls it $(on server 'ls /sys/class/rtrs-server/*/paths')"

on client "echo round-robin >$dir/mpath_policy; echo ip:10.78.0.1 >$dir/add_path" || fail "a path of the other family"
has "$four" connected "$six" connected
for p in $six $four; do on client "echo 1 >$dir/paths/$p/stats/rdma"; done
verified 'both families'
for p in $six $four; do [ "$(count "$p")" -gt 20 ] || fail "$p carries $(count "$p") requests"; done

on client "echo 1 >$dir/paths/$six/remove_path" || fail "remove"
has "$four" connected
verified IPv4

# another server, by a mistake in the name: refused at each door, for a disk that is mapped and for a new one
unique='Name not unique'
none='none of these addresses'
for device in /dev/ram0 /dev/ram1; do
	refused "$unique" "sessname=s1 path=ip:10.77.0.1 path=ip:10.78.0.2@ip:10.78.0.99 device_path=$device"
	refused "$unique" "sessname=s1 path=ip:10.78.0.1 dest_port=4321 device_path=$device"
	netlink "$unique on network: the session has $none" s1 $device 0 10.77.0.1
	netlink "$unique on network: the session has $none" s1 $device 4321 10.78.0.1
	exits 4 'has no path to ip:10.77.0.1: it is one to ip:10.78.0.1' map $device from s1 --path 10.77.0.1
	exits 4 'rnbdctl path add s1' map $device from s1 --path 10.77.0.1 -n
	exits 4 'uses port 1234, not 4321' map $device from s1 --path 10.78.0.1 --port 4321
	exits 4 's1' --sysfs /sys map $device from s1 --path 10.77.0.1
	exits 4 's1' --sysfs /sys map $device from s1 --path 10.78.0.1 --port 4321
done
[ "$(log_since client | grep -c "s1: not mapped: .*$none")" -ge 4 ] || fail "lines in the log: $(log_since client)"
has "$four" connected
[ "$(on client 'ls -d /sys/block/rnbd*')" = "/sys/block/$disk" ] || fail "a refused map left a disk"

# beside an address of the session one that it lacks: added, by each door, and it carries
netlink 'File exists' s1 /dev/ram0 0 10.78.0.1 10.77.0.1
has "$four" connected
ask "map 'sessname=s1 path=ip:10.78.0.1 path=ip:fd77::1 dest_port=1234 device_path=/dev/ram1'" || fail "map with a path more"
settles "$four" connected "$six" connected
for p in $six $four; do on client "echo 1 >$dir/paths/$p/stats/rdma"; done
on client "dd if=/dev/$disk of=/dev/null bs=16k count=100 iflag=direct status=none" || fail "I/O by the path of a map"
for p in $six $four; do [ "$(count "$p")" -gt 20 ] || fail "$p carries $(count "$p") requests"; done
on client "echo 1 >$dir/paths/$six/remove_path; rnbdctl unmap /dev/ram1@s1"
[ "$(on client 'netlink_map s1 /dev/ram1 1234 10.78.0.1 10.77.0.1')" = ok ] || fail "netlink: a path more"
settles ip:10.77.0.2@ip:10.77.0.1 connected "$four" connected
on client "echo 1 >$dir/paths/ip:10.77.0.2@ip:10.77.0.1/remove_path"
plan=$(field .netlink map /dev/ram0 from s1 --path 10.78.0.1 --path fd77::1 -n)
[[ $plan = *'path-add session-id='*fd77::1* && $plan != *device-map* ]] || fail "the plan is $plan"
has "$four" connected
told=$(field '[.changed, (.results[0].paths_added | length)] | @text' map /dev/ram0 from s1 --path 10.78.0.1 --path fd77::1)
[ "$told" = '[true,1]' ] || fail "a path for a mapped disk: $told"
settles "$four" connected "$six" connected
[ "$(field '[.changed, .results[0].paths_added[]] | @text' map /dev/ram0 from s1 --path fd77::1)" = '[false]' ] || fail "added twice"
# what the map that added it fails for is not the path's fault, but it was not there before
on client "echo 1 >$dir/paths/$six/remove_path"
exits 9 'which it had added, was taken back' map /dev/nosuch from s1 --path 10.78.0.1 --path fd77::1
settles "$four" connected

# a path that was never connected, which sysfs does not show, is one all the same
on client 'rnbdctl path add s1 10.78.0.99 --no-wait' || fail "path add"
does --sysfs /sys map /dev/ram0 from s1 --path 10.78.0.99
netlink 'File exists' s1 /dev/ram0 0 10.78.0.99
on client 'rnbdctl path delete 10.78.0.99'
on client 'rnbdctl unmap /dev/ram0@s1 /dev/ram1@s1' || fail "unmap"
ask nothing_left || fail "something is left"

# two at once, when there is no session yet: both addresses are this server's, but that cannot be known
out=$(on client 'netlink_map s2 /dev/ram0 0 10.77.0.1 -- s2 /dev/ram1 0 10.78.0.1')
[ "$out" = $'ok\nok' ] || fail "refused too early to show anything: $out"
vm_wait 20 "the one that is refused" eval "log_since client | grep -q '@s2: not mapped: .*$none'" || fail "$(on client 'rnbdctl list')"
on client 'until_true 20 test -b /dev/rnbd0 && test $(ls -d /sys/block/rnbd* | wc -l) = 1' || fail "$(on client 'rnbdctl list')"
on client 'rnbdctl unmap rnbd0' || fail "unmap"
# the second one with an address more: the session that it joins has nothing to add it to yet
out=$(on client 'netlink_map s1 /dev/ram0 0 10.78.0.1 -- s1 /dev/ram1 0 10.78.0.1 10.77.0.1')
[ "$out" = $'ok\nok' ] || fail "two maps of one session: $out"
on client 'until_true 20 test -b /dev/rnbd0 -a -b /dev/rnbd1' || fail "$(on client 'rnbdctl list')"
settles ip:10.77.0.2@ip:10.77.0.1 connected "$four" connected
on client 'rnbdctl unmap rnbd0 rnbd1' || fail "unmap"

# a session whose first address is silent: it is compared already, and given a second one that brings it up
link_cut 0 server
on client "{ echo sessname=s3 path=ip:10.77.0.1 device_path=/dev/ram0 >$ctl/map_device & } 2>/dev/null
	until_true 5 test -e /sys/class/rtrs-client/s3" || fail "no session"
refused "$unique" "sessname=s3 path=ip:10.78.0.1 device_path=/dev/ram1"
ask "map 'sessname=s3 path=ip:10.77.0.1 path=ip:10.78.0.1 device_path=/dev/ram1'" || fail "a path for a session that is being made"
on client 'until_true 10 test -b /dev/rnbd0 -a -b /dev/rnbd1' || fail "$(on client 'rnbdctl list')"
link_join 0 server
on client 'rnbdctl unmap rnbd0 rnbd1' || fail "unmap"

# A path that has never been connected may be another machine's: when the server has
# forgotten the session it waits for one that has been.
link_cut 1 server
ask "map 'sessname=s1 path=ip:10.77.0.1 device_path=/dev/ram0'" || fail "map"
does path add s1 10.78.0.1 --no-wait
link_cut 0 server
unload server
server_up
link_join 1 server
on client 'until_true 30 eval "rnbdctl -j list paths | jq -e \".items[] | select(.dst.address == \\\"ip:10.78.0.1\\\" and .errno == \\\"ENXIO\\\" and .attempt > 2)\" >/dev/null"' ||
	fail "the path is not refused: $(on client 'rnbdctl list paths -j')"
[ -z "$(on server 'ls /sys/class/rtrs-server')" ] || fail "an address that nobody has answered for makes the session"
link_join 0 server
settles ip:10.77.0.2@ip:10.77.0.1 connected "$four" connected
on client 'rnbdctl unmap rnbd0' || fail "unmap"
all_down
