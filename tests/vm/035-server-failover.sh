#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two paths, a slow disk, and one path closed while its requests are at the
# disk: the copies that the in-tree client sends by the other path wait for
# their chunk, none is lost, refused or taken for a violation, and what is
# written verifies. The closed path comes back once the disk has let go of its
# requests.
# seconds: 35
# vms: pair
# kernels: edge
# peers: intree
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/intree-client.sh"

have_ours server || skip "our modules are not built"
have_peers client || skip "the in-tree peers are not built"
neighbours
on server "ip neigh replace 10.78.0.2 lladdr $(vm_mac 2 1) dev eth1"
on client "ip neigh replace 10.78.0.1 lladdr $(vm_mac 1 1) dev eth1"
on server 'anew brd rd_nr=1 rd_size=16384; modprobe dm_delay
	dmsetup create slow --table "0 32768 delay /dev/ram0 0 300"
	dmsetup mknodes slow'
load_ours server rnbd-server dev_search_path=/dev/mapper
load_peer client rnbd-client
intree_map two slow ip:10.77.0.1 ip:10.78.0.1
paths=/sys/class/rtrs-server/two/paths
[ "$(on server "ls $paths | wc -l")" = 2 ] || fail "paths: $(on server "ls $paths")"
violations() { on server "awk '{ n += \$2 } END { print n }' /sys/kernel/debug/rtrs-server/violations"; }

ON_LIMIT=150 on client 'fio --name=v --filename=/dev/rnbd0 --rw=randwrite --bs=4k --size=4m \
	--iodepth=32 --ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 \
	--minimal >/dev/null' &
fio=$!
sleep 4
on server "echo 1 >$paths/ip:10.77.0.2@ip:10.77.0.1/disconnect"
sleep 3
on client 'echo 1 >/sys/class/rtrs-client/two/paths/ip:10.77.0.2@ip:10.77.0.1/reconnect'
on server "until_true 15 test -e $paths/ip:10.77.0.2@ip:10.77.0.1/disconnect"
on server "echo 1 >$paths/ip:10.78.0.2@ip:10.78.0.1/disconnect"
wait $fio || fail "I/O failed"
moved=$(on client "awk '{ n += \$6 } END { print n }' /sys/class/rtrs-client/two/paths/*/stats/rdma")
[ "$moved" -gt 0 ] || fail "no request changed its path"
[ "$(violations)" = 0 ] || fail "$(violations) violations"
on client 'echo normal >/sys/block/rnbd0/rnbd/unmap_device'
on server "until_true 15 test ! -e ${paths%/paths}"
unload client
unload server
on server 'dmsetup remove slow'
log_clean server
