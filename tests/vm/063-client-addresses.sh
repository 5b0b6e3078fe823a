#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Addresses of either family: a disk mapped by IPv6 alone carries data and shows
# the addresses that it uses; a path of the other family over the other link
# joins the session, both carry, and the first one goes; a source address of the
# wrong family, or of nobody, is refused and leaves nothing. The server takes both
# families also where IPv6 sockets are told to leave IPv4 alone.
# vms: pair
# links: 2
# limit: 300
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

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

have_ours client || skip "our modules are not built"
ram_disks
on server 'sysctl -qw net.ipv6.bindv6only=1'
server_up
on server 'sysctl -qw net.ipv6.bindv6only=0'
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
ask "attr $disk unmap_device normal"
all_down
