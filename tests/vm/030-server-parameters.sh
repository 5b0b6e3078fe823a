#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rtrs-server checks its parameters when it is loaded: depth, chunk size and
# their sum of bits as ever, always_invalidate as a bool of any spelling or
# "auto", and each limit; it loads without an RDMA device and serves one that
# comes later.
# seconds: 20
# vms: single
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"

have_ours server || skip "our modules are not built"
params=/sys/module/rtrs_server/parameters

refused() {
	local out
	! out=$(on server "modprobe rtrs-server $* 2>&1") || fail "loads with $*"
	[[ $out = *"Invalid argument"* ]] || fail "$*: $out"
}

# reads PARAMETERS FILE TEXT
reads() {
	on server "modprobe rtrs-server $1"
	[ "$(on server "cat $params/$2")" = "$3" ] || fail "$1: $2 reads $(on server "cat $params/$2")"
	on server 'rmmod rtrs-server'
}

refused sess_queue_depth=0
refused sess_queue_depth=-1
refused sess_queue_depth=65536
refused max_chunk_size=4096
refused max_chunk_size=100000
refused max_chunk_size=-131072
refused sess_queue_depth=2049 max_chunk_size=131072
refused sess_queue_depth=65535 max_chunk_size=8192
refused always_invalidate=maybe
refused max_conns=1
refused max_conns=4097
refused max_sessions=0
refused half_open_max=0
refused half_open_per_addr=0
refused handshake_timeout=0
refused chunk_memory_percent=91
refused ack_timeout=-2
refused ack_timeout=9
refused ack_timeout=32

reads '' sess_queue_depth 512
reads '' max_chunk_size 131072
reads '' always_invalidate auto
reads sess_queue_depth=2048 sess_queue_depth 2048
reads 'sess_queue_depth=32768 max_chunk_size=8192' max_chunk_size 8192
for text in always_invalidate always_invalidate=Y always_invalidate=1 always_invalidate=on; do
	reads "$text" always_invalidate Y
done
for text in N n 0 off; do
	reads "always_invalidate=$text" always_invalidate N
done
reads always_invalidate=auto always_invalidate auto

before=$(on server 'rdma resource show')
on server 'rdma link delete rxe0'
load_ours server rnbd-server dev_search_path=/dev
on server 'rdma link add rxe0 type rxe netdev eth0'
on server 'until_true 10 eval "rdma resource show cm_id | grep -q LISTEN"'
unload server
[ "$(on server 'rdma resource show | cut -d: -f3-')" = "$(cut -d: -f3- <<<"$before")" ] ||
	fail "left: $(on server 'rdma resource show')"
log_clean server
