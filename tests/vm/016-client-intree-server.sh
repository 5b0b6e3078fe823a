#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Our client works with the in-tree server: always_invalidate on and off, odd
# and small queue depths, small and large chunks, polled queues, verified data
# up to the largest request, a read error, and a server that comes back; what
# both send is byte by byte what our builders make.
# seconds: 30
# vms: pair
# peers: intree
# kernels: all
# limit: 600
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"
. "$(dirname "$0")/lib/wire.sh"

have_ours client || skip "our modules are not built"
have_peers server || skip "the in-tree peers are not built"
on server 'anew brd rd_nr=1 rd_size=65536; modprobe dm_mod; modprobe rdma_cm
	[ -e /dev/dm-0 ] || { echo "0 64 linear /dev/ram0 0"; echo "64 8 error"; echo "72 1000 linear /dev/ram0 72"; } |
		dmsetup create bad'
client_up

serve() { on server "cd /peers; insmod rtrs-core.ko; insmod rtrs-server.ko $*; insmod rnbd-server.ko"; }
verify() {
	ON_LIMIT=150 on client "fio --name=v --filename=/dev/$1 --rw=randwrite --bsrange=512-1m --size=6m \
		--iodepth=32 --ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null"
}

# without always_invalidate, as 005 and 080 have answers with keys
serve always_invalidate=N
backing=$(wire_disk)
wire_start
disk=$(opened wire "$backing")
wire_io "$disk"
peer "unmap $disk"
wire_check inval
unload server
wire_disk_gone "$backing"

for setup in 'always_invalidate=Y' 'sess_queue_depth=2 always_invalidate=N' \
	'sess_queue_depth=511 max_chunk_size=8192' 'sess_queue_depth=3 max_chunk_size=524288'; do
	serve "$setup"
	disk=$(opened s1 /dev/ram0)
	verify "$disk"
	bad=$(opened s1 /dev/dm-0)
	fails client 'Input/output error' "dd if=/dev/$bad of=/dev/null bs=4096 skip=8 count=1 iflag=direct"
	peer "put $bad 0 good"
	[ "$(peer "get $bad 0 4")" = good ] || fail "$setup: not usable after a read error"
	peer "unmap $disk $bad"
	unload server
done

serve
on client 'echo "sessname=s1 path=ip:10.77.0.1 device_path=/dev/ram0 nr_poll_queues=2" \
	>/sys/class/rnbd-client/ctl/map_device'
disk=$(on client 'ls -d /sys/block/rnbd*'); disk=${disk##*/}
ON_LIMIT=100 on client "fio --name=p --filename=/dev/$disk --rw=randrw --bs=4k --size=4m --number_ios=2000 \
	--iodepth=8 --ioengine=io_uring --hipri --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null"
unload server
serve
on client "until_true 60 has /sys/block/$disk/rnbd/state open"
verify "$disk"
peer "unmap $disk"
unload client
unload server
on server 'dmsetup remove bad'
