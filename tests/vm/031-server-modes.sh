#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The in-tree client works with our server in each mode of always_invalidate
# and with odd depths and chunk sizes: verified data, more than twice as many
# requests as any queue is deep, and exactly the memory operations each mode
# promises, in auto also for a disk that needs stable data. Nothing of RDMA is left after unloading.
# seconds: 125
# vms: pair
# kernels: 6.1
# peers: intree
# limit: 500
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/intree-client.sh"

have_ours server || skip "our modules are not built"
have_peers client || skip "the in-tree peers are not built"
neighbours
on server 'anew brd rd_nr=1 rd_size=65536'
before=$(on server 'rdma resource show')
ops=/sys/kernel/debug/rtrs-server/ops

# count NAME: of the server's operations
count() { on server "sed -n 's/^$1 //p' $ops"; }

up() {
	on server "modprobe rtrs-server $*"
	load_ours server rnbd-server dev_search_path=/dev
	load_peer client rnbd-client
	# Round robin: under its own policy this client finds no path, without having
	# lost any, when a request interrupts another one on the same CPU.
	intree_map modes ram0
	on client 'echo round-robin >/sys/class/rtrs-client/modes/mpath_policy'
}

down() {
	on client 'echo normal >/sys/block/rnbd0/rnbd/unmap_device; until_true 10 test ! -e /dev/rnbd0'
	unload client
	unload_clean server "$before"
	log_clean client
}

# verified SIZE MAXIMUM-BLOCK DEPTH
verified() {
	ON_LIMIT=150 on client "fio --name=v --filename=/dev/rnbd0 --rw=randwrite --verify=crc32c \
		--bsrange=512-$2 --size=$1 --iodepth=$3 --ioengine=libaio --direct=1 \
		--verify_fatal=1 --minimal >/dev/null"
}

# plain COUNT: 4 KiB requests, half of them reads
plain() {
	on client "fio --name=p --filename=/dev/rnbd0 --rw=randrw --bs=4k --size=16m --number_ios=$1 \
		--iodepth=32 --ioengine=libaio --direct=1 --minimal >/dev/null"
}

# Only the writes of such a disk have their key renewed, each once.
stable_writes() {
	local stats='/sys/class/rtrs-server/modes/paths/*/stats/rdma' writes
	on server "echo 1 >/sys/block/ram0/queue/stable_writes; echo 1 >$ops; echo 1 >\$(echo $stats)"
	plain 2000
	verified 1m 64k 8
	writes=$(on server "cut -d' ' -f3 $stats")
	[ "$writes" -gt 500 ] || fail "stable: only $writes writes"
	[ "$(count mr_inv) $(count mr_reg)" = "$writes $writes" ] ||
		fail "stable: $writes writes, $(count mr_inv) invalidated, $(count mr_reg) renewed"
	on server "echo 0 >/sys/block/ram0/queue/stable_writes; echo 0 >$ops"
}

for mode in auto Y N; do
	up "always_invalidate=$mode"
	verified 8m 64k 16
	on server "echo 1 >$ops"
	plain 3000
	requests=$(count requests) inv=$(count mr_inv) reg=$(count mr_reg)
	on server "echo 0 >$ops"
	[ "$requests" -ge 3000 ] || fail "$mode: only $requests requests"
	if [ "$mode" = Y ]; then
		[ "$inv $reg" = "$requests $requests" ] || fail "Y: $requests requests, $inv $reg"
	else
		[ "$inv $reg" = "0 0" ] || fail "$mode: keys were renewed: $inv $reg"
	fi
	[ "$mode" != auto ] || stable_writes
	down "$mode"
done

# The largest request is chunk - 4096. No depth of 1: with it the in-tree client
# waits for ever while it looks for partitions, whatever server it has.
for shape in '3 8192 Y' '511 16384 N' '2048 65536 Y'; do
	read -r depth chunk mode <<<"$shape"
	up "sess_queue_depth=$depth max_chunk_size=$chunk always_invalidate=$mode"
	verified 1m $((chunk - 4096)) 8
	down "$shape"
done
