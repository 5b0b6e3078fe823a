#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that takes no more requests for a while holds up nobody else: the other
# disks of the session go on, the RDMA device can be removed, and what waited
# for the disk is done in the end.
# seconds: 90
# vms: pair
# check: 6.1
# kernels: edge
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
have_ours client || skip "our modules are not built"
ram_disks 1
# four requests at a time, two seconds each
on server 'modprobe -r null_blk
	modprobe null_blk nr_devices=1 gb=1 queue_mode=2 submit_queues=1 hw_queue_depth=4 irqmode=2 completion_nsec=2000000000'
server_up dev_search_path=/dev
client_up
fast=$(opened s1 ram0)
slow=$(opened s1 nullb0)

# filled: 60 requests, half a minute's worth, from both CPUs
filled() {
	on client "rm -f /run/fio.rc
		(rc=0; fio --name=f --filename=/dev/$slow --rw=randwrite --bs=4k --size=64m --number_ios=30 --numjobs=2 \
			--iodepth=30 --ioengine=libaio --direct=1 --minimal >/dev/null 2>&1 || rc=\$?; echo \$rc >/run/fio.rc) >/dev/null 2>&1 </dev/null &"
	on client "until_true 10 eval 'read -r _ n </sys/block/$slow/inflight; test \$n -ge 56'" || fail "the disk is not full"
}
ended() { on client "until_true $1 test -s /run/fio.rc; cat /run/fio.rc"; }

before=$(counter disk_full)
filled
ON_LIMIT=40 peer "for i in {1..20}; do put $fast \$i text; done"
[ "$(peer "get $fast 20 4")" = text ] || fail "the other disk has other data"
on client 'test ! -e /run/fio.rc' || fail "the other disk waited for the full one"
[ "$(ended 60)" = 0 ] || fail "I/O that waited for the disk failed"
[ "$(counter disk_full)" -gt "$before" ] || fail "the disk was never full"

filled
on server 'within 8 rdma link delete rxe0' || fail "the device does not go"
on server 'read -r _ n </sys/block/nullb0/inflight; test $n -gt 0' || fail "the disk was done already"
on server 'rdma link add rxe0 type rxe netdev eth0'
[ "$(ended 100)" = 0 ] || fail "I/O failed with the device"
on client "until_true 30 has /sys/block/$fast/rnbd/state open"
peer "put $fast 1 back"
[ "$(peer "get $fast 1 4")" = back ] || fail "wrong data"
peer "unmap $fast $slow"
all_down
on server 'modprobe -r null_blk'
