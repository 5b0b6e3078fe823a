#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sessions end cleanly in the middle of I/O: closed by the user, by the removal
# of the RDMA device, while the link swallows all frames. Every request ends, no
# RDMA object is left, the modules unload.
# seconds: 30
# vms: pair
# check: 6.1
# limit: 300
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours client || skip "our modules are not built"
on server 'anew brd rd_nr=1 rd_size=65536'
# it notices in 5 s that a client is gone; 034 has the half minute that it takes by default
load_ours server rtrs-server heartbeat_idle_ms=1000
server_up dev_search_path=/dev
# shellcheck disable=SC2034 # read by client_up
heartbeats=quick
client_up fast_io_fail=0
before=$(on client 'rdma resource show rxe0')

load() {
	on client "fio --name=l --filename=/dev/$1 --rw=randrw --bsrange=4k-64k --size=8m --time_based \
		--runtime=120 --iodepth=16 --ioengine=libaio --direct=1 --allow_file_create=0 >/dev/null 2>&1 & sleep 1"
}
idle() { on client "until_true $1 gone fio" || fail "I/O did not end"; }
nothing_left() {
	local after
	after=$(on client 'rdma resource show rxe0')
	[ "${after#*:}" = "${before#*:}" ] || fail "RDMA objects: $after, before: $before"
	[ -z "$(on client 'ls /sys/class/rtrs-client')" ] || fail "a session is left"
}

for _ in 1 2 3; do
	disk=$(opened s1 ram0)
	load "$disk"
	on client "echo force >/sys/block/$disk/rnbd/unmap_device"
	idle 20
	nothing_left
done

disk=$(opened s1 ram0)
load "$disk"
on client 'rdma link delete rxe0'
idle 20
[ "$(on client 'cat /sys/class/rtrs-client/s1/paths/*/state')" = disconnected ] || fail "still connected"
grep -q 's1: path .* lost: the RDMA device went away' <<<"$(log_since client)" || fail "the log does not say why"
on client 'rdma link add rxe0 type rxe netdev eth0'
on client "echo force >/sys/block/$disk/rnbd/unmap_device"
nothing_left
unload client

client_up fast_io_fail=0
disk=$(opened s2 ram0)
load "$disk"
link_cut 0 client
# a disk that is forced away does not wait until the silence is noticed
ON_LIMIT=40 on client "echo force >/sys/block/$disk/rnbd/unmap_device"
idle 20
nothing_left
link_join 0 client
# the server never heard of the end; its heartbeat tells
on server 'until_true 55 none "/sys/class/rnbd-server/ctl/devices/*"' || fail "exports left"
all_down
