# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests that read back what went over the wire: captured on the client's
# link 0 and compared, byte by byte, with what our builders make (tests/wire).

wire_program=$(dirname "${BASH_SOURCE[0]}")/../../../build/tests/wire-check

# wire_start: before the map.
wire_start() {
	[ -x "$wire_program" ] || fail "wire-check is not built (scripts/build-wire-check)"
	wire_kinds=conn-req,conn-rsp,info-req,info-rsp,write-req,read-req,req-imm,rsp-imm,hb,hb-ack
	wire_kinds+=,sess-info,sess-info-rsp,open,open-rsp,close,io-read,io-write,io-flush,io-discard
	wire_since=$SECONDS
	capture_start client
}

# wire_disk: a disk on the server that takes flush and discard, prints it;
# wire_disk_gone DISK takes it away.
wire_disk() {
	on server 'modprobe loop max_loop=0
		mkdir -p /run/wire && mount -t tmpfs none /run/wire && truncate -s 64M /run/wire/image
		losetup -f --show /run/wire/image'
}
wire_disk_gone() { on server "losetup -d $1 && umount /run/wire"; }

# wire_io DISK: a little of everything on the client's disk, and time for a
# heartbeat: an in-tree peer sends its first 5 s after it connected.
wire_io() {
	ON_LIMIT=30 on client "set -e
		dd if=/dev/urandom of=/dev/$1 bs=64k count=2 oflag=direct conv=fsync status=none
		dd if=/dev/urandom of=/dev/$1 bs=512 seek=77 count=3 oflag=direct status=none
		dd if=/dev/$1 of=/dev/null bs=64k count=2 iflag=direct status=none
		dd if=/dev/$1 of=/dev/null bs=512 skip=77 count=3 iflag=direct status=none
		blkdiscard -o 1048576 -l 65536 /dev/$1
		blkdiscard -z -o 2097152 -l 65536 /dev/$1" || fail "I/O on $1"
	[ "$(on client "cat /sys/block/$1/queue/write_zeroes_max_bytes")" = 0 ] || wire_kinds+=,io-zeroes
	[ $((SECONDS - wire_since)) -ge 8 ] || sleep $((8 - SECONDS + wire_since))
}

# wire_check [MORE-KINDS [OPTION...]]: after the unmap. The report goes to the test's output.
wire_check() {
	local more=${1:-}
	capture_stop client
	"$wire_program" --want "$wire_kinds${more:+,$more}" "${@:2}" "$VM_RUN/client/link0.pcap" ||
		fail "not the bytes that our builders make (the capture is kept with the logs)"
	rm "$VM_RUN/client/link0.pcap"
}
