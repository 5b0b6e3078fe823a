# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the tests with a server's disk that keeps a write back while others pass.
# Two such disks: nbd0, which has taken the write's data, and vda, a disk of QEMU
# that reads the data from the server's memory only when it does the write.

# shellcheck disable=SC2154,SC2034 # disk and paths come from failover.sh, tests use these

block=512	# where the write goes
window=${WINDOW:-5}	# seconds within which a peer without a fence lets the second write pass

ghost_guests() {
	truncate -s 64M "$VM_RUN/late.img"
	vm_start server links=2 "disk=blkdebug::$VM_RUN/late.img" || fail "the server does not start"
	vm_start client links=2 || fail "the client does not start"
}

# ghost_up DEVICE [WORDS]: maps it, over few slots; the words are for our client.
ghost_up() {
	fixed_neighbours
	on server 'test -e /run/nbd || { modprobe nbd nbds_max=1 && nbd_disk serve /dev/nbd0 /run/nbd 64; }'
	server_load /dev sess_queue_depth=16
	client_load
	map_paths "$@"
	on client 'rm -f /run/ledger'
}

# nbd COMMAND: tells the first disk.
nbd() { on server "nbd_disk ask /run/nbd $*" >/dev/null || fail "nbd_disk $*"; }

# late_hold, late_wait, late_release: the second keeps back the next write.
late_hold() {
	suspended=$(grep -c 'Suspended request' "$VM_RUN/server/qemu.log" || :)
	monitor server 'qemu-io virtio0 "break write_aio held"'
}
late_wait() {
	vm_wait 30 "the held write" more_suspended "$suspended" || fail "no write was held"
}
more_suspended() { [ "$(grep -c 'Suspended request' "$VM_RUN/server/qemu.log")" -gt "$1" ]; }
late_release() { monitor server 'qemu-io virtio0 "resume held"'; }

# send TEXT: writes it to the block, in the background; notes what link has been
# used how often before.
send() {
	used_before=$(used)
	on client "rm -f /run/sent.$1
		{
			printf %s $1 | dd of=/run/page.$1 bs=4096 conv=sync status=none
			rc=0
			dd if=/run/page.$1 of=/dev/$disk bs=4096 seek=$block oflag=direct conv=notrunc status=none || rc=\$?
			echo \$rc >/run/sent.$1
		} >/dev/null 2>&1 </dev/null &"
}

# ended TEXT SECONDS: its write came back, well or not.
ended() { ON_LIMIT=$(($2 + 30)) on client "until_true $2 test -s /run/sent.$1 >/dev/null"; }

succeeded() {
	local text
	for text in "$@"; do
		[ "$(on client "cat /run/sent.$text")" = 0 ] || fail "the write of $text failed"
	done
}

used() {
	local link
	for link in 0 1; do on client "cut -d' ' -f3 $paths/$(path_name $link)/stats/rdma"; done | tr '\n' ' '
}

# link_used: which one took the write, the only one since.
link_used() {
	local before now
	read -ra before <<<"$used_before"
	read -ra now <<<"$(used)"
	if ((now[0] > before[0] && now[1] == before[1])); then
		echo 0
	elif ((now[1] > before[1] && now[0] == before[0])); then
		echo 1
	else
		fail "the write went by no or by both links: $used_before, then ${now[*]}"
	fi
}

# opened SECONDS: the disk takes I/O.
opened() { ON_LIMIT=$(($1 + 30)) on client "until_true $1 has /sys/block/$disk/rnbd/state open >/dev/null"; }

# back_soon LINK CUT [SECONDS]: the disk takes I/O again, by this path.
back_soon() {
	local limit=${3:-$window}
	[ "$CLIENT-$2" = ours-silent@switch ] || try_reconnect "$limit" "$1" || return 1
	opened "$limit"
}

# content: what the block holds; the ledger's stamps are those of other blocks.
content() {
	local text
	text=$(on client "dd if=/dev/$disk bs=4096 skip=$block count=1 iflag=direct status=none | head -c 24" |
		tr -d '\0' | tr -c '[:alnum:]' '?')
	[[ $text != *pmats* ]] || text='another block'
	echo "$text"
}

# result NAME BAD: adds the bad blocks of this kind to faults; an in-tree pair must have some.
result() {
	if [ "$CLIENT$SERVER" = intreeintree ]; then
		echo "in-tree: $2 of ${rounds:?} rounds lost the second write ($1)"
		[ "$2" -gt 0 ] || fail "the test does not see what an in-tree pair does wrong"
	else
		echo "$2 bad blocks in ${rounds:?} rounds ($1)"
		faults=$((faults + $2))
	fi
}
