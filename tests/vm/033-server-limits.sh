#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a client cannot have is refused with an error on its side and a line in
# the server's log, costs the server nothing that stays, and does not touch those
# who have it: connections of a path, sessions, chunk memory; a connection that
# does not speak the protocol.
# seconds: 15
# vms: pair
# kernels: edge
# peers: intree
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/intree-client.sh"

have_ours server || skip "our modules are not built"
have_peers client || skip "the in-tree peers are not built"
neighbours
on server 'anew brd rd_nr=1 rd_size=16384'
on client 'modprobe rdma_ucm'
before=$(on server 'rdma resource show')
load_peer client rnbd-client

up() {
	on server "modprobe rtrs-server $*"
	load_ours server rnbd-server dev_search_path=/dev
}

refused() {
	local out
	! out=$(intree_map "$@") || fail "$* mapped"
	[[ $out != *'timed out'* ]] || fail "$*: $out"
}
# told WORDS: why a client at 10.77.0.2 was refused
told() {
	grep -q "ip:10.77.0.2: connect request refused: $1" <<<"$(log_since server)" || fail "no line \"$1\""
}
unmap() { on client 'for d in /sys/block/rnbd*/rnbd/unmap_device; do echo normal >$d; done'; }
nothing_left() {
	on server 'until_true 15 none "/sys/class/rtrs-server/*"'
	unload_clean server "$before"
}

up max_conns=2			# the client wants three
refused s1 ram0
told '.* max_conns=2\b'
nothing_left

up chunk_memory_percent=1	# of 1 GiB; a session takes 64 MiB
refused s1 ram0
grep -q 's1: refused: chunks' <<<"$(log_since server)" || fail "no line about the memory"
nothing_left

up max_sessions=1
intree_map s1 ram0
refused s2 ram0
told '.* max_sessions=1\b'
on client 'dd if=/dev/rnbd0 of=/dev/null bs=4096 count=4 iflag=direct status=none'
unmap
on server 'until_true 15 none "/sys/class/rtrs-server/*"'
intree_map s2 ram0
unmap
nothing_left

up handshake_timeout=5
intree_map s1 ram0
# no RTRS in its connect request
! on client 'within 10 rping -c -a 10.77.0.1 -p 1234 -C 1 2>&1' || fail "rping was accepted"
told 'it is not RTRS'
on client 'dd if=/dev/rnbd0 of=/dev/null bs=4096 count=4 iflag=direct status=none'
unmap
nothing_left
unload client
