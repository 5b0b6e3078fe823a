#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# min-latency leaves a slow link alone: of two paths, one with 100 ms more, nearly
# all requests go by the other, which round-robin does not do; when the delay
# moves to the other link the load moves, too. The policies are switched under a
# load that verifies: no request fails, no byte is wrong.
# seconds: 55
# vms: pair
# limit: 300
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

dir=/sys/class/rtrs-client/s1

# ---- run on the client ----

# counted: requests of both paths, in the order of the links
counted() { awk '{ printf "%d ", $1 + $3 }' "$dir"/paths/ip:10.7[78].*/stats/rdma; }
# more REQUESTS BEFORE BEFORE: that many since
more() { local now; read -ra now <<<"$(counted)"; [ $((now[0] + now[1] - $2 - $3)) -ge "$1" ]; }
# share REQUESTS: of at least so many by both paths from now on, the part of link 0 in percent
share() {
	local before after
	read -ra before <<<"$(counted)"
	until_true 40 more "$1" "${before[@]}" >&2 || return 1
	read -ra after <<<"$(counted)"
	echo $((100 * (after[0] - before[0]) / (after[0] + after[1] - before[0] - before[1])))
}
# by LINK: nearly all of the next requests
by() {
	local got
	got=$(share 200) || return 1
	echo "$got % by link 0"
	[ $(($1 ? 100 - got : got)) -gt 80 ]
}

both() { [ "$(grep -lx connected "$dir"/paths/*/state | wc -l)" = 2 ]; }
returned() { cat "$dir"/paths/*/stats/reconnects; }
# steadily REQUESTS: the share of so many while both paths stayed; status 2 when one did not
steadily() {
	local came
	until_true 40 both >&2 || return 1
	came=$(returned)
	share "$1" || return 1
	both && [ "$came" = "$(returned)" ] || return 2
}

# ---- run on the host ----

guest() { ON_LIMIT=${2:-60} on client "dir=$dir; $(declare -f counted more share by both returned steadily); $1"; }
policy() { on client "rnbdctl session set s1 --policy $1 >/dev/null" || fail "policy $1"; }
# delay LINK TIME: by netem, for a slow link is what the test needs, not one that keeps
# packets. Soft RDMA of 7.3.4 may lose a queue pair whose queue is replaced under it: it is changed.
delay() { on client "tc qdisc change dev eth$1 root netem delay $2"; }
# shared: by both alike. Soft RDMA of a slow kernel may lose a path meanwhile (it
# registers memory again with a retransmission); then, and there only, it is counted again.
patience=1
[ "${VM_K:-}" != debug ] || patience=3
shared() {
	local got rc tries
	for ((tries = patience; ; tries--)); do
		rc=0
		got=$(guest 'steadily 200' 120) || rc=$?
		((rc == 2 && tries > 1)) || break
	done
	((rc == 0)) || fail "I/O stands still or a path was lost ($rc): $got"
	((got >= 30 && got <= 70)) || fail "round-robin: $got % by link 0"
}
# moves LINK: the load to that one; a guest that stands still for a moment has two slow links
moves() {
	guest "until_true 40 by $1" 90 || fail "the load does not go by link $1: $(on client "head $dir/paths/*/cur_latency")"
	load_lives
}

have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up
on client 'modprobe sch_netem && for link in 0 1; do tc qdisc add dev eth$link root netem; done'
on client "{ echo 'sessname=s1 path=ip:10.77.0.1 path=ip:10.78.0.1 device_path=/dev/ram0' >$ctl/map_device; }" || fail "map"
guest 'until_true 20 both' || fail "not two paths"
delay 1 100ms
policy round-robin
load_begin rnbd0 --bsrange=512-16k --size=16m --iodepth=4
shared
policy min-latency
moves 0
delay 1 0ms
delay 0 100ms
moves 1
for policy in min-inflight min-latency round-robin min-latency round-robin; do
	policy $policy
	guest 'share 40 >/dev/null' || fail "$policy: I/O stands still"
done
delay 0 0ms
shared

load_end
ask "attr rnbd0 unmap_device normal" || fail "unmap"
all_down
on client 'for link in 0 1; do tc qdisc del dev eth$link root; done'
