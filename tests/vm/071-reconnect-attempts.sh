#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# max_reconnect_attempts: a lost path is tried that many times again and is then
# closed for good, also when its link is back; rnbdctl says why, and its
# reconnect brings the path back. Where -1 is set while the path waits it goes
# on and comes back by itself. I/O by the other path meets no error.
# seconds: 120
# vms: pair
# limit: 300
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

one=ip:10.77.0.2@ip:10.77.0.1
two=ip:10.78.0.2@ip:10.78.0.1

rnbdctl_says() { on client "rnbdctl $* 2>&1" || fail "rnbdctl $*"; }
# query SESSION/PATH JQ: of that path
query() {
	echo "rnbdctl -j list paths 2>/dev/null | jq -er '.items[] | select(.session == \"${1%%/*}\" and .name == \"${1#*/}\") | $2'"
}
# path_becomes SESSION/PATH JQ SECONDS
path_becomes() {
	ON_LIMIT=$(($3 + 30)) on client "until_true $3 eval $(printf %q "$(query "$1" "$2") >/dev/null")" ||
		fail "never $2: $(on client "rnbdctl status")"
}
outcome() { on client "$(query s1/$two '"\(.state) \(.cause) \(.attempt) \(.stats.reconnect_failures)"')"; }
requests() { on client "cat /sys/class/rtrs-client/s1/paths/$1/stats/rdma | { read -r r _ w _; echo \$((r + w)); }"; }
# carries PATH...: of s1, each has done 20 requests more
carries() {
	local path before
	for path in "$@"; do
		before=$(requests "$path")
		path_becomes "s1/$path" ".stats | .reads + .writes >= $((before + 20))" 20
	done
	load_lives
}

have_ours client || skip "our modules are not built"
on client 'command -v rnbdctl >/dev/null' || skip "rnbdctl is not built"
ram_disks
server_up
# shellcheck disable=SC2034 # read by client_up
heartbeats=quick
client_up
# without them an attempt spends its time on looking for the neighbour
on client "ip neigh replace 10.78.0.1 lladdr $(vm_mac 1 1) dev eth1"
rnbdctl_says map /dev/ram0 from s1 --path ip:10.77.0.1 --path ip:10.78.0.1
rnbdctl_says map /dev/ram1 from s2 --path ip:10.78.0.1 --fast-io-fail -1
rnbdctl_says session set s1 --max-reconnect-attempts 2
rnbdctl_says session set s2 --max-reconnect-attempts 4
rnbdctl_says session set s1 --policy round-robin
path_becomes s1/$two '.state == "connected"' 20
load_begin rnbd0 --bsrange=512-16k --size=16m --iodepth=4
carries $one $two
[ "$(outcome)" = 'connected none 0 0' ] || fail "before: $(outcome)"

link_cut 1 client
ON_LIMIT=150 on client "dd if=/dev/rnbd1 of=/dev/null bs=4k count=1 iflag=direct status=none" &
reader=$!
on client "cd /sys/class/rtrs-client/s2 && until_true 20 has paths/$two/state disconnected &&
	echo -1 >max_reconnect_attempts" || fail "the path of s2 is not lost"
path_becomes s1/$two '.state == "closed"' 40
[ "$(outcome)" = 'closed no-answer 2 2' ] || fail "given up: $(outcome)"
path_becomes s2/$two '.attempt > 4' 60
rc=0
said=$(on client 'rnbdctl status --check 2>&1') || rc=$?
[ $rc = 12 ] || fail "status --check: $rc"
[[ $said = *"rnbdctl path reconnect $two"* ]] || fail "status --check: $said"
carries $one

link_join 1 client
path_becomes s2/$two '.state == "connected"' 60
# news of its own link reach the client, and do not open what was given up; not while
# a handshake is under way, which leaves the CM of soft RDMA deaf (docs/multipath.md)
monitor client 'set_link net1 off'
on client 'until_true 10 has /sys/class/net/eth1/carrier 0'
monitor client 'set_link net1 on'
path_becomes s2/$two '.state == "connected"' 60
wait $reader || fail "the read by the path that was to go on failed"
[ "$(outcome)" = 'closed no-answer 2 2' ] || fail "not closed for good: $(outcome)"
carries $one

rnbdctl_says path reconnect s1/$two
carries $one $two
[ "$(outcome)" = 'connected none 0 2' ] || fail "after reconnect: $(outcome)"
[ "$(on client "$(query s1/$one .stats.reconnects)")" = 0 ] || fail "the other path was lost, too"
load_end
rnbdctl_says unmap rnbd0 rnbd1
all_down
