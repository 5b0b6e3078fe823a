#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The in-tree modules work as peers here: the in-tree client maps a disk of the
# in-tree server, data written verifies, the disk goes away again.
# vms: pair
# kernels: 6.1
# peers: intree
# boot: fresh
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/intree-client.sh"

have_peers server || skip "the in-tree peers are not built"
neighbours
on server 'modprobe brd rd_nr=1 rd_size=65536'
load_peer server rnbd-server
load_peer client rnbd-client
intree_map intree /dev/ram0
ON_LIMIT=120 on client 'fio --name=v --filename=/dev/rnbd0 --rw=randwrite --bs=4k --size=4m \
	--iodepth=8 --ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null'
on client 'echo normal >/sys/block/rnbd0/rnbd/unmap_device; until_true 10 test ! -e /dev/rnbd0'
unload client
unload server
log_clean server
log_clean client
