#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# When the link swallows frames for a while, also when soft RDMA then stops a
# queue pair without telling anybody, every request ends within a minute, the
# path comes back by itself and works.
# seconds: 35
# vms: pair
# limit: 300
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours client || skip "our modules are not built"
on server 'anew brd rd_nr=1 rd_size=65536'
server_up dev_search_path=/dev
# shellcheck disable=SC2034 # read by client_up
heartbeats=quick
client_up
disk=$(opened s1 ram0)
state=/sys/class/rtrs-client/s1/paths/ip:10.77.0.2@ip:10.77.0.1/state

for silence in 3 12; do
	on client "fio --name=l --filename=/dev/$disk --rw=randrw --bs=4k --size=8m --time_based --runtime=10 \
		--iodepth=16 --ioengine=libaio --direct=1 --allow_file_create=0 >/dev/null 2>&1 & sleep 1"
	link_cut 0 client
	sleep "$silence"	# how long the link is silent, not a wait for something
	link_join 0 client
	ON_LIMIT=80 on client "until_true 70 gone fio" || fail "requests hang"
	ON_LIMIT=80 on client "until_true 70 has $state connected
		until_true 20 has /sys/block/$disk/rnbd/state open"
	ON_LIMIT=100 on client "fio --name=v --filename=/dev/$disk --rw=randwrite --bs=4k --size=2m \
		--iodepth=16 --ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null"
done
peer "unmap $disk"
all_down
