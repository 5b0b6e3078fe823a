#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What one 4 KiB I/O costs, counted: a write is one send work request on the
# client plus its receive and registers no memory, on either side; a read
# registers once; batched requests share doorbells; the server allocates nothing.
# Prints the table.
# seconds: 80
# vms: pair
# check: 7.2
# kernels: edge
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"

have_ours client || skip "our modules are not built"
COUNT=1024	# I/Os; receives are given back up to 16 at a time, so ratios are off by 16 / COUNT at most

on server 'anew brd rd_nr=2 rd_size=16384'
load_ours server rnbd-server dev_search_path=/dev
load_ours client rnbd-client
on client 'echo "sessname=cost path=ip:10.77.0.1 device_path=ram0" >/sys/class/rnbd-client/ctl/map_device'
on client 'echo 2 >/sys/block/rnbd0/queue/nomerges' # neighbours in a batch would count as one
for g in server client; do
	on $g '[ -d /sys/kernel/debug/rtrs-'$g' ] || mount -t debugfs none /sys/kernel/debug'
done

# io DIRECTION QUEUE_DEPTH COUNT [BATCH]
io() {
	on client "fio --name=c --filename=/dev/rnbd0 --rw=rand$1 --bs=4k --size=4m --number_ios=$3 \
		--iodepth=$2 --iodepth_batch=${4:-1} --iodepth_batch_complete_min=${4:-1} \
		--ioengine=libaio --direct=1 --minimal >/dev/null"
}

packets_sent() { on "$1" 'cat /sys/class/infiniband/rxe0/ports/1/hw_counters/sent_pkts'; }

# count DIRECTION QUEUE_DEPTH [BATCH]: counters of both sides, as client_NAME and
# server_NAME; messages are sends that are not work on keys, packets the RDMA device's own count.
declare -A n
count() {
	local side name value
	io "$1" "$2" 64	# what only the first I/Os do is not counted
	for side in client server; do
		n[${side}_packets]=$(packets_sent $side)
		on $side "echo 1 >/sys/kernel/debug/rtrs-$side/ops"
	done
	io "$1" "$2" $COUNT "${3:-1}"
	for side in client server; do
		while read -r name value; do n[${side}_$name]=$value; done \
			< <(on $side "cat /sys/kernel/debug/rtrs-$side/ops; echo 0 >/sys/kernel/debug/rtrs-$side/ops")
		n[${side}_packets]=$(($(packets_sent $side) - n[${side}_packets]))
		n[${side}_messages]=$((n[${side}_send_wr] - n[${side}_mr_reg] - n[${side}_mr_inv]))
	done
}

# expect NAME PER_IO: exactly, but for receives
expect() {
	local have=${n[$1]} want=$((COUNT * $2)) slack=0
	case $1 in *_recv_wr) slack=16 ;; esac
	((have >= want - slack && have <= want + slack)) ||
		fail "$1: $have for $COUNT I/Os, $2 each expected"
}

row() { printf '  %-34s %8s %8s   %s\n' "$@"; }
per_io() { awk -v a="${n[$1]}" -v b="$COUNT" 'BEGIN { printf "%.2f", a / b }'; }
table() {
	local name
	printf '%s, queue depth %s, per I/O\n' "$1" "$2"
	row '' client server "target c / s ($3)"
	shift 3
	for name in messages packets send_wr recv_wr send_post recv_post cqe mr_reg mr_inv dma_map dma_sync copy_bytes; do
		row "$name" "$(per_io "client_$name")" "$(per_io "server_$name")" "${1:--}"
		shift || :
	done
}

count write 1
table '4 KiB write' 1 'performance 2.2' '1 / 1' '5 in all, at MTU 4096' '1 / 1' '1 / 1' '1 / 1' '1/B / 1/B' '2 / 1' '0 / 0' '0 / 0' '1 / 0'
expect client_requests 1
expect client_send_wr 1
expect client_recv_wr 1
expect client_mr_reg 0
expect client_mr_inv 0
expect server_requests 1
expect server_send_wr 1
expect server_recv_wr 1
expect server_mr_reg 0
expect server_mr_inv 0

count read 1
table '4 KiB read' 1 'performance 2.1, in-tree wire' '1 / 3' '8 in all, at MTU 4096' '2 / 3' '2 / 1' '1 / 1' '2 / 1/B' '2 / 1' '1 / 0' '0 / 0' '1 / 0'
expect client_send_wr 2
expect client_recv_wr 2
expect client_mr_reg 1
expect client_mr_inv 0
expect server_send_wr 3
expect server_recv_wr 1
expect server_mr_reg 0
expect server_mr_inv 0
expect client_messages 1
expect server_messages 3
echo '  Our two sides talk as in-tree peers do; one message each way is for a negotiated mode that does not exist yet.'
echo '  Not counted here: atomics, wake-ups, interrupts. Allocations: below.'

# sixteen submitted at once share doorbells: B requests behind one call, as performance 3.1 row 6 has it
count write 16 16
table '4 KiB write, batch 16' 16 'performance 2.2' '1 / 1' '5 in all, at MTU 4096' '1 / 1' '1 / 1' '1/B / 1' '1/B / 1/B' '2 / 1' '0 / 0' '0 / 0' '1 / 0'
expect client_send_wr 1
expect server_send_wr 1
((n[client_send_post] * 4 <= COUNT)) || fail "client_send_post: ${n[client_send_post]} doorbells for $COUNT batched writes"

# trace_allocs FILE COMMAND...: every allocation event on the server meanwhile, with
# its stack; sym-offset adds the names of modules.
trace_allocs() {
	local file=$1
	shift
	on server 'set -e
		[ -e /sys/kernel/tracing/trace ] || mount -t tracefs none /sys/kernel/tracing
		cd /sys/kernel/tracing
		echo 16384 >buffer_size_kb
		echo 1 >options/stacktrace
		echo 1 >options/sym-offset
		echo >trace
		for e in kmalloc kmalloc_node kmem_cache_alloc kmem_cache_alloc_node mm_page_alloc; do
			[ ! -d events/kmem/$e ] || echo 1 >events/kmem/$e/enable
		done'
	"$@"
	on server 'cd /sys/kernel/tracing; echo 0 >events/kmem/enable; cat trace
		echo 0 >options/stacktrace; echo 1408 >buffer_size_kb' >"$file"
}

# ours FILE: allocations whose stack reaches our modules before it reaches the
# RDMA provider or the disk below us, or an interrupt that came while they ran; and
# those of the provider, which each message costs.
ours() {
	awk '
	/: (kmalloc|kmem_cache_alloc|mm_page_alloc)/ { below = 0; done = 0 }
	/^ *=> / && /\[rdma_rxe\]/ && !below { theirs++ }
	/^ *=> / && /\[rdma_rxe\]|submit_bio|=> asm_(sysvec|common_interrupt)/ { below = 1 }
	/^ *=> / && /\[(rtrs_server|rnbd_server)\]/ && !done { done = 1; if (!below) own++ }
	END { print own + 0, theirs + 0 }' "$1"
}

both() { io write 1 64; io read 1 64; }
trace_allocs "$VM_RUN/io.trace" both
read -r own theirs < <(ours "$VM_RUN/io.trace")
echo "128 I/Os: $own allocations of the server modules, $theirs of the RDMA device's driver"
[ "$own" = 0 ] || { grep -B 12 -A 4 -m 3 -E '\[(rtrs|rnbd)_server\]' "$VM_RUN/io.trace"; fail "the server allocates on the I/O path"; }
((theirs >= 128)) || fail "the trace saw no I/O"
# what the trace would have shown: an open does allocate
trace_allocs "$VM_RUN/open.trace" on client 'echo "sessname=cost device_path=ram1" >/sys/class/rnbd-client/ctl/map_device'
read -r own _ < <(ours "$VM_RUN/open.trace")
((own > 0)) || fail "the trace does not show allocations of our modules"

on client 'for d in rnbd0 rnbd1; do echo normal >/sys/block/$d/rnbd/unmap_device; done'
unload client
unload server
