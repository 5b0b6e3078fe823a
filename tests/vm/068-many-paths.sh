#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A session has up to 128 paths: all of them connect and carry I/O that verifies,
# the one after them is refused by name, the loss of a link with half of them costs
# no request, and they come back with it; they can be removed under the load, down
# to the last one, and nothing is left of them. On a slow kernel there are 32, and
# nothing is said of the one after them.
# seconds: 40
# vms: pair
# limit: 400
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

dir=/sys/class/rtrs-client/s1

# addresses_come: 64 for each link on each side, with their neighbours; addresses_go
addresses_come() {
	local name first peer number link
	for link in 0 1; do
		for name in client:1:101:1 server:101:1:2; do
			IFS=: read -r name first peer number <<<"$name"
			on "$name" "for n in {0..63}; do
				echo address add 10.$((77 + link)).1.\$((n + $first))/24 dev eth$link
				echo neigh replace 10.$((77 + link)).1.\$((n + $peer)) lladdr $(vm_mac "$number" $link) dev eth$link
			done | ip -batch -" || fail "addresses of $name"
		done
	done
}
addresses_go() {
	local name
	for name in server client; do
		on "$name" 'for link in 0 1; do for what in addr neigh; do
			ip $what flush dev eth$link to 10.$((77 + link)).1.0/24
		done; done' || fail "addresses of $name stay"
	done
}
# pair LINK N
pair() { echo "ip:10.$((77 + $1)).1.$(($2 + 1))@ip:10.$((77 + $1)).1.$(($2 + 101))"; }
pairs() { local n; for ((n = 0; n < $2; n++)); do pair "$1" $n; done; }
# paths_up N SECONDS
paths_up() {
	ON_LIMIT=$(($2 + 30)) on client "until_true $2 eval 'test \$(cat $dir/paths/*/state | grep -cx connected) = $1'" ||
		fail "not $1 paths up: $(on client "cat $dir/paths/*/state" | sort | uniq -c | paste -sd' ')"
}
# all_carry PATH-GLOB: from now on
all_carry() {
	on client "for f in $dir/paths/$1/stats/rdma; do echo 1 >\$f; done
		until_true 40 eval '! awk \"{ print \\\$1 + \\\$3 }\" $dir/paths/$1/stats/rdma | grep -qx 0'" ||
		fail "not all carry: $(on client "grep -H '' $dir/paths/$1/stats/rdma" | grep ':0 .* 0 ' | head -n 3)"
	load_lives
}

have_ours client || skip "our modules are not built"
on client 'command -v rnbdctl >/dev/null' || skip "rnbdctl is not built"
addresses_come
ram_disks
load_ours server rtrs-server sess_queue_depth=128 max_chunk_size=32768
server_up
load_ours client rtrs-client conns_per_path=1
# shellcheck disable=SC2034 # read by client_up
heartbeats=quick
client_up
disk=$(mapped /dev/ram0)
on client "echo round-robin >$dir/mpath_policy"

# A slow kernel has no time for the heartbeats of 128 paths, nor to make many at once.
half=64 group=64
[ "${VM_K:-}" != debug ] || half=16 group=8
all=$((2 * half))
ON_LIMIT=150 on client "set -- $(pairs 0 $((half - 1)) | paste -sd' ')
	while [ \$# -gt 0 ]; do
		rnbdctl path add s1 \"\${@:1:$group}\" --timeout 100 >/dev/null || exit
		shift \$((\$# < $group ? \$# : $group))
	done" || fail "path add"
ON_LIMIT=150 on client "for p in $(pairs 1 $half | paste -sd' '); do
		echo \$p >$dir/add_path &
		((++n % $group)) || wait
	done; wait" || fail "add_path"
paths_up $all 10
if [ $all = 128 ]; then
	! out=$(on client "echo $(pair 0 63) >$dir/add_path" 2>&1) || fail "129 paths"
	[[ $out = *'No space left on device'* ]] || fail "add_path: $out"
	! out=$(on client "rnbdctl path add s1 $(pair 0 63) 2>&1") || fail "129 paths"
	[[ $out = *'as many paths as it can have'* ]] || fail "path add: $out"
	refused 'No space left on device' "sessname=s1 path=ip:10.77.0.1 path=$(pair 0 63) device_path=/dev/ram1"
	[[ $(log_since client) = *'the session has no room for these paths'* ]] || fail "a path of a map: $(log_since client)"
	[ "$(on client 'ls -d /sys/block/rnbd*')" = "/sys/block/$disk" ] || fail "a map without its paths left a disk"
	paths_up $all 10
fi

load_begin "$disk" --bsrange=512-16k --size=16m --iodepth=8
all_carry '*'
link_cut 1 client
paths_up $half 60
all_carry 'ip:10.77.*'
link_join 1 client
paths_up $all 100
all_carry '*'

ON_LIMIT=150 on client "for p in $dir/paths/*.1.*; do echo 1 >\$p/remove_path & done; wait; test \$(ls $dir/paths | wc -l) = 1" ||
	fail "paths are left: $(on client "ls $dir/paths")"
all_carry 'ip:10.77.0.*'
load_end
ask "attr $disk unmap_device normal" || fail "unmap"
all_down
addresses_go
