#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What netlink does, sysfs shows, and the other way round: rnbdctl maps, lists,
# remaps, sets and unmaps through the family rnbd-client, refusals name their
# reason, and 40 devices of one session come and go at once.
# seconds: 65
# vms: pair
# check: 7.2
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

# says TEXT COMMAND: rnbdctl must fail and say so.
says() {
	local out
	! out=$(on client "rnbdctl $2 2>&1") || fail "rnbdctl $2 did not fail"
	[[ $out = *"$1"* ]] || fail "rnbdctl $2: \"$out\", expected \"$1\""
}

have_ours client || skip "our modules are not built"
on client 'type rnbdctl >/dev/null 2>&1' || skip "rnbdctl is not built"
on server 'anew brd rd_nr=40 rd_size=1024'
server_up
client_up
on client 'rnbdctl map /dev/ram0 from s1 --path ip:10.77.0.1 --name tag0 --owner test' || fail "map"
[ "$(ask 'disk_of /dev/ram0')" = rnbd0 ] || fail "sysfs does not show it"
file rnbd0 session s1
file rnbd0 fast_io_fail 30
on client 'rnbdctl device set rnbd0 --fast-io-fail 0' || fail "device set"
file rnbd0 fast_io_fail 0
ask 'attr rnbd0 fast_io_fail -1'
on client 'rnbdctl show rnbd0 -j' >/tmp/show.$$
grep -Eq '"fast_io_fail[a-z_]*": *-1' /tmp/show.$$ || fail "show: $(cat /tmp/show.$$)"
rm /tmp/show.$$
on client 'rnbdctl map /dev/ram1 from s1 --fast-io-fail 4' || fail "map with a time"
file rnbd1 fast_io_fail 4
on client 'rnbdctl unmap rnbd1'
ask 'map sessname=s1 device_path=/dev/ram1 access_mode=ro' || fail "map by sysfs"
on client 'rnbdctl list -j' >/tmp/list.$$
grep -q '"tag0"' /tmp/list.$$ || fail "no tag in the list"
grep -q '/dev/ram1' /tmp/list.$$ || fail "what sysfs mapped is not in the list"
rm /tmp/list.$$
says 'no such device' 'map /dev/nosuch from s1'
says 'path' 'map /dev/ram0 from s9'
says 'a!b' 'map a!b from s1'
on client "sleep 1000 </dev/rnbd0 & echo \$! >/tmp/user"
says 'use' 'unmap rnbd0'
on client 'kill $(cat /tmp/user); until_true 5 rnbdctl unmap rnbd0' || fail "unmap"
on client 'rnbdctl unmap rnbd1; test ! -e /sys/block/rnbd1' || fail "unmap of what sysfs mapped"
ask nothing_left || fail "something is left"

on client "for i in {0..39}; do rnbdctl map /dev/ram\$i from s1 --path ip:10.77.0.1 --no-wait || exit 1; done
	until_true 30 eval '[ \$(grep -lx open /sys/block/rnbd*/rnbd/state | wc -l) = 40 ]'" || fail "40 maps at once"
ON_LIMIT=100 on client "for i in {0..39}; do echo normal >/sys/block/rnbd\$i/rnbd/unmap_device & done; wait
	! ls -d /sys/block/rnbd* 2>/dev/null" || fail "40 unmaps at once"
all_down
