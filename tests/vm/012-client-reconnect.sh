#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A session outlives its server: the path is lost, waits, connects again when
# the server is back, and I/O works as before. The administrator's reconnect
# and disconnect do what they say; the files of session and path read as the
# sysfs ABI has them.
# seconds: 15
# vms: pair
# limit: 300
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours client || skip "our modules are not built"
on server 'anew brd rd_nr=1 rd_size=65536'
server_up dev_search_path=/dev
client_up fast_io_fail=0
disk=$(opened s1 ram0)
dir=/sys/class/rtrs-client/s1/paths/ip:10.77.0.2@ip:10.77.0.1

# reads FILE TEXT
reads() {
	local have
	have=$(on client "cat $dir/$1")
	[ "$have" = "$2" ] || fail "$1 reads \"$have\", expected \"$2\""
}
reads src_addr ip:10.77.0.2
reads dst_addr ip:10.77.0.1
reads hca_name rxe0
reads hca_port 1
reads state connected
reads reconnect 'Usage: echo 1 > reconnect'
reads disconnect 'Usage: echo 1 > disconnect'
reads stats/reconnects '0 0'
reads stats/reset_all 'echo 1 to reset all statistics'
reads ../../max_reconnect_attempts -1
reads ../../mpath_policy 'min-inflight (MI: 1)'
on client "echo rr >$dir/../../mpath_policy"
reads ../../mpath_policy 'round-robin (RR: 0)'
fails client 'Invalid argument' "echo 10000 >$dir/../../max_reconnect_attempts"
fails client 'Invalid argument' "echo 0 >$dir/stats/rdma"
peer "put $disk 0 one"
on client "echo 1 >$dir/stats/rdma"
peer "put $disk 0 two"
reads stats/rdma '0 0 1 4128 0 0'
on client "echo 1 >$dir/stats/reset_all"
reads stats/rdma '0 0 0 0 0 0'

on client "echo 1 >$dir/disconnect"
reads state disconnected
on client "echo 1 >$dir/reconnect"
reads state connected
on client "echo 1 >$dir/reconnect"
reads state connected
# a server that still closes the old connections refuses an attempt or two: the second column
[[ $(on client "cat $dir/stats/reconnects") = '2 '* ]] || fail "not two reconnects"
on client "until_true 10 has /sys/block/$disk/rnbd/state open"
[ "$(peer "get $disk 0 3")" = two ] || fail "wrong data after a reconnect"

on client "fio --name=l --filename=/dev/$disk --rw=randrw --bs=4k --size=8m --time_based --runtime=60 \
	--iodepth=16 --ioengine=libaio --direct=1 --allow_file_create=0 >/dev/null 2>&1 & sleep 1"
unload server
on client "until_true 20 has $dir/state disconnected && until_true 30 gone fio"
# interfaces that have no RDMA are no reason to try again at once
tries() { on client "cut -d' ' -f2 $dir/stats/reconnects"; }
before=$(tries) started=$SECONDS
on client 'for i in {1..200}; do echo link set lo down; echo link set lo up; done | ip -batch -'
# four a second at the most in the first half minute (pure/backoff.h)
[ $(($(tries) - before)) -le $((4 * (SECONDS - started + 1))) ] || fail "$(($(tries) - before)) attempts in $((SECONDS - started)) s"
server_up dev_search_path=/dev
on client "until_true 60 has $dir/state connected &&
	until_true 10 has /sys/block/$disk/rnbd/state open"
ON_LIMIT=100 on client "fio --name=v --filename=/dev/$disk --rw=randwrite --bs=4k --size=4m --iodepth=16 \
	--ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null"
peer "unmap $disk"
all_down
