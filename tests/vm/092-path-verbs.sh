#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Paths of a session under a verifying load, by rnbdctl and by the sysfs files:
# added, refused, deleted, disconnected, reconnected, their policy changed, the
# last one deleted and one added again. Files read as the ABI says. No request
# fails, no byte is wrong, and what did not come up is not left behind.
# seconds: 110
# vms: pair
# limit: 500
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"
. "$(dirname "$0")/lib/rnbdctl.sh"

dir=/sys/class/rtrs-client/s1
one=ip:10.77.0.2@ip:10.77.0.1
two=ip:10.78.0.2@ip:10.78.0.1

# changed ARGUMENTS, same ARGUMENTS: succeeds, and says whether it did anything
changed() { [ "$(field .changed "$@")" = true ] || fail "rnbdctl $*: $(on client "rnbdctl -j $*" 2>&1)"; }
same() { [ "$(field .changed "$@")" = false ] || fail "rnbdctl $* did it again"; }
# has NAME STATE...: the paths of the session, sorted
has() {
	local got
	got=$(on client "for p in $dir/paths/*; do [ ! -e \$p ] || echo \${p##*/} \$(cat \$p/state); done | sort" | paste -sd' ')
	[ "$got" = "$*" ] || fail "paths are \"$got\", expected \"$*\""
}
# reads FILE TEXT: of the session's directory, newlines included
reads() { cmp <(on client "cat $dir/$1") <(printf %s "$2") || fail "$1"; }
# store FILE TEXT: prints the error's text
store() { on client "{ echo '$2' >$dir/$1; } 2>&1" || return 1; }
refused() {
	local out
	! out=$(store "$2" "$3") || fail "$2 took \"$3\""
	[[ $out = *"$1"* ]] || fail "$2 \"$3\": \"$out\", expected \"$1\""
}
requests() { on client "cat $dir/paths/$1/stats/rdma | { read -r r _ w _; echo \$((r + w)); }"; }
# carries PATH...: each has done 20 requests more
carries() {
	local path before
	for path in "$@"; do
		before=$(requests "$path")
		on client "until_true 20 eval 'test \$(awk \"{print \\\$1+\\\$3}\" $dir/paths/$path/stats/rdma) -ge $((before + 20))'" ||
			fail "$path carries nothing"
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
changed map /dev/ram0 from s1 --path ip:10.77.0.1 --fast-io-fail -1
load_begin rnbd0 --bsrange=512-64k --size=32m --iodepth=8
carries $one

# add: what comes up stays, what does not is taken back, twice is once
changed path add s1 ip:10.78.0.1
has $one connected $two connected
carries $one $two
same path add s1 10.78.0.1
same path add s1 10.78.0.2@10.78.0.1
exits 11 'taken back' path add s1 10.78.0.99
exits 3 '"s2"' path add s2 10.78.0.1
has $one connected $two connected
does path add s1 10.78.0.99 --no-wait
on client "until_true 30 eval 'rnbdctl -j list paths | jq -e \".items[] | select(.dst.address == \\\"ip:10.78.0.99\\\" and .cause != \\\"none\\\")\" >/dev/null'" ||
	fail "a path without a server has no cause"
exits 12 '2/3 paths' status --check
changed path delete 10.78.0.99
exits 0 '2/2 paths' status --check

# policies, under load
for policy in round-robin min-latency min-inflight; do
	changed session set s1 --policy $policy
	on client "grep -q ^$policy $dir/mpath_policy" || fail "$policy is not set"
	# the slower path may rest
	[ $policy = min-latency ] || carries $one $two
done
same session set s1 --policy mi --max-reconnect-attempts -1
changed session set s1 --max-reconnect-attempts 9
reads max_reconnect_attempts $'9\n'
exits 2 'fastest' session set s1 --policy fastest
changed session set s1 --heartbeat-idle 3000 --heartbeat-busy 200 --heartbeat-missed 9
same session set s1 --heartbeat-idle 3000 --heartbeat-busy 200 --heartbeat-missed 9
exits 2 '20 ms to that' session set s1 --heartbeat-busy 3001 --policy rr
reads mpath_policy $'min-inflight (MI: 1)\n'
reads heartbeat_idle_ms $'3000\n'
reads heartbeat_busy_ms $'200\n'
reads heartbeat_missed_max $'9\n'
for value in 199 600001 0 fast; do refused 'Invalid argument' heartbeat_idle_ms $value; done
[ "$(field '.items[0] | [.heartbeat_idle_ms, .heartbeat_busy_ms, .heartbeat_missed_max] | @text' show s1)" = '[3000,200,9]' ] ||
	fail "$(on client 'rnbdctl show s1')"

# disconnect stays so until reconnect
changed path disconnect $two
same path disconnect $two
has $one connected $two disconnected
[ "$(field '.items[] | select(.name == "'$two'") | .state + " " + .cause' list paths)" = 'closed admin' ] ||
	fail "$(on client 'rnbdctl list paths')"
exits 12 'rnbdctl path reconnect' status --check
carries $one
changed path reconnect 10.78.0.1
has $one connected $two connected
changed path reconnect $one
changed session reconnect s1
has $one connected $two connected
carries $one $two

# the server's administrator closes a path: it comes back
changed_there() { [ "$(on server "rnbdctl -j $* 2>/dev/null | jq .changed")" = true ] || fail "server: rnbdctl $*"; }
reconnects=$(on client "cat $dir/paths/$two/stats/reconnects")
changed_there path disconnect s1/$two
on client "until_true 20 eval '! has $dir/paths/$two/stats/reconnects \"$reconnects\" && has $dir/paths/$two/state connected'" ||
	fail "a path that the server closed does not come back"
[ "$(on server "rnbdctl path delete $two >/dev/null 2>&1 || echo \$?")" = 2 ] || fail "the server deleted a client's path"
carries $one $two

# delete, the last one too: I/O waits for the next path
changed path delete $one
same path delete $one
has $two connected
carries $two
exits 0 'devices wait' path delete $two
has
exits 12 'rnbdctl path add s1' status --check
changed path add s1 ip:10.77.0.1
has $one connected
carries $one

# the same by files
reads add_path $'Usage: echo [<source addr>@]<destination addr> > add_path\n\n*addr ::= [ ip:<ipv4|ipv6> | gid:<gid> ]\n'
reads mpath_policy $'min-inflight (MI: 1)\n'
for file in reconnect disconnect remove_path; do reads "paths/$one/$file" "Usage: echo 1 > $file"$'\n'; done
reads "paths/$one/stats/reset_all" $'echo 1 to reset all statistics\n'
[ "$(on client "stat -c '%a %n' $dir/add_path $dir/[hm]* $dir/paths/*/* | sed 's,/.*/,,'" | paste -sd' ')" = \
	'644 add_path 644 heartbeat_busy_ms 644 heartbeat_idle_ms 644 heartbeat_missed_max 644 max_reconnect_attempts 644 mpath_policy 444 cur_latency 644 disconnect 444 dst_addr 444 hca_name 444 hca_port 644 reconnect 644 remove_path 444 src_addr 444 state 755 stats' ] ||
	fail "modes: $(on client "stat -c '%a %n' $dir/add_path $dir/[hm]* $dir/paths/*/*")"
[ "$(on client "stat -c '%a %n' $dir/paths/*/stats/* | sed 's,/.*/,,'" | paste -sd' ')" = \
	'644 cpu_migration_from 644 cpu_migration_to 644 rdma 644 reconnects 644 reset_all' ] || fail "modes of stats/"
refused 'Invalid argument' add_path 'ip:10.78.0'
refused 'Invalid argument' add_path ''
refused 'Invalid argument' add_path 'tcp:10.78.0.1'
refused 'File exists' add_path 'ip:10.77.0.1'
refused 'File exists' add_path $one
refused 'Network is unreachable' add_path 'ip:192.0.2.1'
has $one connected
store add_path ip:10.78.0.2,ip:10.78.0.1 || fail "add_path"
has $one connected $two connected
# with its source open, which turns out to be that of the other one
refused 'File exists' add_path ip:10.78.0.1
on client 'said "another path of the session has the same two addresses"' || fail "no cause is told"
has $one connected $two connected
for file in reconnect disconnect remove_path stats/rdma stats/reset_all; do
	refused 'Invalid argument' "paths/$two/$file" 0
done
carries $one $two
store "paths/$two/disconnect" 1 || fail "disconnect"
store "paths/$two/disconnect" 1 || fail "disconnect again"
has $one connected $two disconnected
store "paths/$two/reconnect" 1 || fail "reconnect"
store "paths/$two/reconnect" 1 || fail "reconnect a path that is up"
has $one connected $two connected
store "paths/$one/remove_path" 1 || fail "remove_path"
has $two connected
carries $two
# two who remove it, one who adds it back, again and again
on client "for i in {1..5}; do
		echo 1 >$dir/paths/$two/remove_path & { echo 1 >$dir/paths/$two/remove_path; } 2>/dev/null || :; wait
		test ! -e $dir/paths/$two && echo $two >$dir/add_path || exit 1
	done" || fail "remove and add"
has $two connected
carries $two

load_end
changed session disconnect s1
changed session reconnect s1

# an idle path is lost after half a minute of silence, or as soon as its session says: one that was there, one added later
store heartbeat_busy_ms 100 || fail "heartbeat_busy_ms"
store heartbeat_idle_ms 200 || fail "heartbeat_idle_ms"
changed path add s1 10.77.0.1
has $one connected $two connected
for path in "0 $one" "1 $two"; do
	read -r link name <<<"$path"
	link_cut "$link" client
	on client "until_true 15 eval '! has $dir/paths/$name/state connected'" || fail "silence for 15 s"
	exits 0 'stopped answering heartbeats' show "$name"
	link_join "$link" client
	on client "until_true 30 has $dir/paths/$name/state connected" || fail "the path does not come back"
done
changed session set s1 --heartbeat-idle 5000 --heartbeat-missed 5

# changed too often: fewer events, but none is left out without being counted, and the last one comes
on client "session_events >/tmp/events & echo \$! >/tmp/events.pid; until_true 5 has /tmp/events ready
	for i in {1..60}; do echo rr >$dir/mpath_policy; echo ml >$dir/mpath_policy; done"
all_told() { [ "$(on client "awk '\$1 == 1 { n += 1 + \$3 } END { print n + 0 }' /tmp/events")" = 120 ]; }
vm_wait 40 "the count of events" all_told || fail "events: $(on client 'cat /tmp/events')"
[ "$(on client 'kill $(cat /tmp/events.pid); wc -l </tmp/events')" -lt 120 ] || fail "no event was left out"
[[ $(on client 'tail -n 1 /tmp/events') = '1 min-latency '* ]] || fail "the last event: $(on client 'tail -n 1 /tmp/events')"
does unmap rnbd0
all_down
