#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Paths are added to a session and removed from it under a load that verifies:
# over another device, over the other address family of the same one, the one
# the session began with removed, one added twice refused; under each policy.
# Every path carries I/O while it is there, none of it fails, and the last path
# can be removed: the session stays, and goes on with the next one.
# vms: pair
# kernels: none
# limit: 900
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536'
server_load /dev
client_load
MAP_LINKS=0 map_paths ram0
load_start

add() { on client "echo '$1' >$paths/../add_path"; }
remove() { ON_LIMIT=60 on client "echo 1 >'$paths/$1/remove_path'; test ! -e '$paths/$1'" || fail "remove $1"; }
policy() { on client "echo $1 >$paths/../mpath_policy"; }
there() { [ "$(on client "ls $paths" | sort | tr '\n' ' ')" = "${1:+$1 }" ] || fail "paths: $(on client "ls $paths")"; }
# carries_all PATH...: requests go by each of them.
carries_all() {
	local path now
	for path in "$@"; do
		read -r _ now <<<"$(watch "counters '$paths/$path'")"
		watch "until_true 20 carries '$paths/$path' $now" || fail "$path carries nothing"
	done
	load_good
}

first=$(path_name 0) second=$(path_name 1) v6=ip:fd77::2@ip:fd77::1
for policy in round-robin min-inflight min-latency; do
	policy $policy
	carries_all "$first"
	add ip:10.78.0.1 || fail "a second device"
	there "$first $second"
	policy round-robin	# the others may leave one idle
	carries_all "$first" "$second"
	policy $policy
	! add ip:10.78.0.1 2>/dev/null || fail "a path was added twice"
	remove "$first"
	there "$second"
	carries_all "$second"
	add ip:10.77.0.2@ip:10.77.0.1 || fail "the first path again, with its source"
	remove "$second"
	carries_all "$first"
done
policy round-robin
add ip:fd77::1 || fail "another address family"
there "$first $v6"
carries_all "$first" "$v6"
remove "$first"
carries_all "$v6"
! add ip:10.77.0.99 2>/dev/null || fail "a path to nowhere"
there "$v6"
add ip:10.77.0.1
remove "$v6"
load_stop

remove "$first"
there ''
add ip:10.78.0.1 || fail "a path after the last one"
on client "until_true 20 has /sys/block/$disk/rnbd/state open"
on client "dd if=/dev/$disk of=/dev/null bs=4k count=16 iflag=direct status=none" || fail "I/O by the new path"
all_down
