#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes that were not flushed, to a disk with a cache, and then the last path is
# gone. The server has ended the session meanwhile, but is the same: a flush still
# covers them. The server is another one, that is, its modules were loaded anew:
# flushes fail, and not in silence, until the disk is closed; then it works again.
# rnbdctl tells of it as long as it lasts.
# seconds: 25
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

have_ours server || skip "our modules are not built"
have_ours client || skip "our modules are not built"
on client 'type rnbdctl >/dev/null 2>&1' || skip "rnbdctl is not built"
on server 'modprobe loop max_loop=4; grep -q " /mnt " /proc/mounts || mount -t tmpfs none /mnt
	truncate -s 16M /mnt/image; losetup /dev/loop0 /mnt/image'
server_up
client_up
disk=$(mapped /dev/loop0)
state=/sys/block/$disk/rnbd/state
[ "$(on client "cat /sys/block/$disk/queue/write_cache")" = 'write back' ] || fail "the disk has no cache"
# as long as somebody has it open, nobody has been told of a loss
held() { on client "setsid sleep 1000 <>/dev/$disk >/dev/null 2>&1 & echo \$! >/run/holder"; }
let_go() { on client 'pid=$(</run/holder); kill $pid; until_true 10 test ! -e /proc/$pid'; }
held
written() { on client "dd if=/dev/urandom of=/dev/$disk bs=4k count=$1 oflag=direct conv=notrunc status=none"; }
flushed() { on client "dd if=/dev/zero of=/dev/$disk bs=4k count=1 oflag=direct conv=notrunc,fsync status=none 2>&1"; }
opened() { on client "until_true $1 has $state open" || fail "the disk is $(on client "cat $state")"; }
# says WHEN WORDS: the exit status of `rnbdctl status --check`, and the problem it names.
says() {
	local got
	got=$(on client 'rc=0; rnbdctl status --check >/run/status || rc=$?; echo $rc $(grep -o "RNBD-[A-Z0-9]*" /run/status)')
	[ "$got" = "$2" ] || fail "$1: status says \"$got\": $(on client 'cat /run/status')"
}
# moved: a number that each event changes.
moved() { on client 'rnbdctl status -j | grep "^  .generation"'; }

flushed || fail "flush"
paths=$(on client 'echo /sys/class/rtrs-client/s1/paths/*')
for how in disconnect reconnect; do
	written 4
	on client "echo 1 >$paths/$how"
	if [ $how = disconnect ]; then
		on server 'until_true 20 none "/sys/class/rtrs-server/*"' || fail "the session stays"
		on client "echo 1 >$paths/reconnect"
	fi
	on client "until_true 20 has $paths/state connected"
	opened 20
	flushed || fail "a flush failed after $how, the server had lost nothing"
done

says 'no loss' 0
written 4
log_mark client
unload server
server_up
opened 60
written 1 || fail "a write after the loss"
! out=$(flushed) || fail "a flush went on as if nothing had happened"
[[ $out = *'Input/output error'* ]] || fail "a flush: $out"
grep -q 'the server started anew; writes that were not flushed may be lost' <<<"$(log_since client)" || fail "nobody says so"
! flushed >/dev/null || fail "the second flush went through"
says 'after the loss' '12 RNBD-D11'
[ "$(on client "rnbdctl show $disk -j | grep -c '\"lost_writes\": true'")" = 1 ] || fail "show -j does not tell of the loss"
before=$(moved)
let_go
says 'closed' 0
[ "$(moved)" != "$before" ] || fail "no event told that the loss is over"
flushed || fail "flush of a disk that was opened anew"

# nothing to lose: all was flushed
held
flushed
unload server
server_up
opened 60
flushed || fail "a flush failed with nothing written before"
let_go
on client "echo normal >/sys/block/$disk/rnbd/unmap_device; until_true 10 test ! -e /sys/block/$disk"
unload client
unload server
on server 'losetup -d /dev/loop0; umount /mnt'
