#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Everybody may look, only root of the machine may change anything: a user
# without rights and the root of a user namespace of its own get "not permitted"
# and the disk stays (L1). Requests with malformed attributes are refused by
# each family, whatever root sends, and the disk goes on working (L2).
# SEED= repeats a run.
# seconds: 25
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

seed=${SEED:-$RANDOM}
echo "seed $seed"
have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up
disk=$(mapped /dev/ram0)

# exits STATUS COMMAND
exits() {
	local rc=0 out
	out=$(on client "$2 2>&1") || rc=$?
	[ $rc = "$1" ] || fail "$2: status $rc, expected $1: $out"
}
for user in 'setpriv --reuid 1000 --regid 1000 --clear-groups' 'unshare --user --map-root-user'; do
	exits 0 "$user rnbdctl status"
	exits 0 "$user rnbdctl list devices -j"
	for verb in "unmap $disk" "unmap --force $disk" "device set $disk --fast-io-fail 0" \
		'map /dev/ram1 from s1' 'path add s1 10.78.0.1' 'session set s1 --policy round-robin' 'session disconnect s1'; do
		exits 5 "$user rnbdctl $verb"
	done
done
file "$disk" fast_io_fail 30
[ "$(on client 'rnbdctl list devices -q')" = "$disk" ] || fail "$(on client 'rnbdctl list devices -q')"

# hurt GUEST FAMILY: random requests as root; most are refused, none does harm
hurt() {
	local guest=$1 family=$2 out
	out=$(ON_LIMIT=100 on "$guest" "netlink_fuzz $family $seed 20000") || fail "$family: $out"
	echo "$family: $out"
	[[ $out =~ ^refused\ [1-9][0-9]{3,} ]] || fail "$family: $out"
}
hurt client rnbd-client
hurt client rtrs-client
hurt server rnbd-server
hurt server rtrs-server
on client "dd if=/dev/zero of=/dev/$disk bs=4096 count=16 oflag=direct status=none" || fail "the disk does not work any more"
[ "$(on client 'ls /sys/class/rtrs-client')" = s1 ] || fail "sessions: $(on client 'ls /sys/class/rtrs-client')"
ask "attr $disk unmap_device normal"
all_down
