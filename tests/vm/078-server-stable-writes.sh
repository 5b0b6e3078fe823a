#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A device that computes checksums over the data it writes gets data that the
# client cannot change any more: each write waits until the client's access to
# the chunk is gone, reads do not wait, and all data verifies.
# seconds: 20
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
on server 'modprobe sd_mod; modprobe scsi_debug dev_size_mb=16 dif=1 dix=1 guard=0
	until_true 20 test -b /dev/sda'
on server 'grep -q DIF /sys/block/sda/integrity/format' ||
	skip "scsi_debug does not protect its data with this kernel"
server_up dev_search_path=/dev
client_up
disk=$(opened s1 sda)
peer "put $disk 0 first"
[ "$(counter stable_waits)" = 1 ] || fail "the write did not wait"
[ "$(peer "get $disk 0 5")" = first ] || fail "other data"
[ "$(counter stable_waits)" = 1 ] || fail "the read waited"
ON_LIMIT=120 peer "fio --name=v --filename=/dev/$disk --rw=randwrite --bsrange=4k-64k --size=8m \
	--iodepth=32 --ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null"
peer "unmap $disk"
all_down
on server 'rmmod scsi_debug'
