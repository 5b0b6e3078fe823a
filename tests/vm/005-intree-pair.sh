#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The in-tree modules work as peers here: the in-tree client maps a disk of the
# in-tree server, data written verifies, the disk goes away again. All messages
# of both, read off the wire, are taken by our parsers and are the bytes that
# our builders make.
# seconds: 220
# vms: pair
# kernels: all
# peers: intree
# boot: fresh
# check: none
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/intree-client.sh"
. "$(dirname "$0")/lib/wire.sh"

have_peers server || skip "the in-tree peers are not built"
neighbours
disk=$(wire_disk)
load_peer server rnbd-server
load_peer client rnbd-client
wire_start
intree_map intree "$disk"
ON_LIMIT=120 on client 'fio --name=v --filename=/dev/rnbd0 --rw=randwrite --bs=4k --size=4m \
	--iodepth=8 --ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null'
wire_io rnbd0
on client 'echo normal >/sys/block/rnbd0/rnbd/unmap_device; until_true 10 test ! -e /dev/rnbd0'
wire_check rkey,inval --intree-client
unload client
unload server
wire_disk_gone "$disk"
log_clean server
log_clean client
