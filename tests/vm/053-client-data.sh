#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Data comes back as written, checked by checksum: requests of 512 bytes to the
# largest, queue depth 1 to 512, buffers that start anywhere in a page, 128
# segments, two disks of one session at once, through the page cache, and with
# the server's keys changed after each I/O or never.
# seconds: 40
# vms: pair
# limit: 600
# smoke: yes
# short: 7.2 6.12
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

verify() {
	ON_LIMIT=200 on client "fio --name=v --ioengine=libaio --direct=1 --verify=crc32c \
		--verify_fatal=1 --random_generator=lfsr --randrepeat=0 --serialize_overlap=1 $* --minimal >/dev/null" ||
		fail "fio $*"
}

have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up
one=/dev/$(mapped /dev/ram0) two=/dev/$(mapped /dev/ram1)
max=$(($(on client "cat /sys/block/${one#/dev/}/queue/max_hw_sectors_kb") * 1024))

# sizes and depths, which the block layer hands over as they are on any kernel
shapes() {
	verify --filename="$one" --rw=randwrite --bs=512 --size=256k --iodepth=1
	verify --filename="$one" --rw=randwrite --bs=4k --size=4m --iodepth=32
	verify --filename="$one" --rw=randwrite --bs=4k --size=4m --iodepth=512
	verify --filename="$one" --rw=write --bs="$max" --size=16m --iodepth=4
	# buffers one after another, so that few of them start at a page
	verify --filename="$one" --rw=randwrite --bs=4608 --size=2m --iodepth=16
	verify --filename="$one" --rw=write --bs=$((max - 512)) --size=8m --iodepth=8
	# larger than one request
	verify --filename="$one" --rw=randwrite --bs=512k --size=16m --iodepth=4
	verify --filename="$two" --rw=randwrite --bs=4k --size=1m --iodepth=8 --fsync=4
}
[ "${VM_SHORT:-}" = yes ] || shapes
verify --filename="$one" --rw=randwrite --bsrange=512-"$max" --blockalign=512 --bs_unaligned=0 \
	--size=8m --iodepth=16
verify --filename="$one" --rw=randwrite --bs=4k --size=2m --iodepth=16 &
verify --filename="$two" --rw=randwrite --bs=8k --size=4m --iodepth=16
wait $! || fail "two disks at once"
verify --filename="$two" --direct=0 --rw=randwrite --bs=4k --size=4m --end_fsync=1
! log_since client | grep 'I/O error' || fail "an I/O error"
ask "attr ${one#/dev/} unmap_device normal && attr ${two#/dev/} unmap_device normal"

# Pages that do not lie side by side make a segment each: chunks of 512 KiB take 128 of them.
# writes DISK: how many requests it has had
writes() { on client "awk '{ print \$5 }' /sys/block/$1/stat"; }
segments() {
	local before
	before=$(writes "$1")
	ON_LIMIT=100 on client "scattered /dev/$1 128 8" || fail "128 segments"
	[ $(($(writes "$1") - before)) = 8 ] || fail "requests of 128 segments were split: $(writes "$1"), $before before"
}
modes='Y N auto'
[ "${VM_SHORT:-}" != yes ] || modes=auto
for mode in $modes; do
	on server 'until_true 20 none "/sys/class/rtrs-server/*"'
	unload server
	load_ours server rtrs-server "always_invalidate=$mode" max_chunk_size=524288 sess_queue_depth=128
	server_up
	one=$(mapped /dev/ram0)
	[ "$(on client "cat /sys/block/$one/queue/max_segments")" = 128 ] || fail "max_segments"
	segments "$one"
	verify --filename="/dev/$one" --rw=randwrite --bsrange=512-512k --size=8m --iodepth=16
	ask "attr $one unmap_device normal"
done
all_down
