#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The server comes back with a smaller depth, a larger one, or smaller chunks than
# the session was made for: its only path is closed with the cause, in the log once,
# in rnbdctl and in sysfs, and is not tried again; so is one added then. I/O is held,
# or fails when its time is over. With the old parameters a reconnect brings all
# back, what was held included. Larger chunks do no harm.
# seconds: 45
# vms: pair
# limit: 600
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"
. "$(dirname "$0")/lib/rnbdctl.sh"

dir=/sys/class/rtrs-client/s1
name=ip:10.77.0.2@ip:10.77.0.1

# serve DEPTH CHUNK-SIZE
serve() {
	load_ours server rtrs-server "sess_queue_depth=$1" "max_chunk_size=$2"
	server_up
}
becomes() { ON_LIMIT=100 on client "until_true $2 has /sys/block/$disk/rnbd/state $1" || fail "never $1"; }
works() { on client "dd if=/dev/$disk bs=64k count=4 iflag=direct status=none | cmp - /tmp/data" || fail "data $1"; }
path_says() { on client "rnbdctl -j list paths | jq -r '.items[] | .name + \" \" + .state + \" \" + .cause'"; }

# given_up DEPTH: by the client, everywhere it can be seen.
given_up() {
	on client "until_true 30 eval 'rnbdctl -j list paths | jq -e \".items[] | select(.state == \\\"closed\\\")\" >/dev/null'" ||
		fail "not given up: $(path_says)"
	[ "$(path_says)" = "$name closed bad-offer" ] || fail "given up: $(path_says)"
	[ "$(on client "cat $dir/paths/$name/state")" = disconnected ] || fail "the path's file says something else"
	becomes closed 1
	exits 12 'check its sess_queue_depth and max_chunk_size' status --check
	exits 12 "rnbdctl path reconnect $name" status --check
	sleep 3 # a while in which it would be tried again, not a wait for something
	[ "$(grep -c 's1: .*server now offers depth' < <(log_since client))" = 1 ] || fail "not told once"
	grep -q "server now offers depth $1, .*the session has depth 128, " < <(log_since client) ||
		fail "told otherwise: $(log_since client | grep offers)"
}

# refused_still: who asks for a path hears why there is none.
refused_still() {
	local out
	exits 9 'sess_queue_depth' path reconnect $name
	! out=$(on client "{ echo ip:fd77::1 >$dir/add_path; } 2>&1") || fail "a path that does not fit was added"
	# it was never connected, so it does not make the session that the server has forgotten
	[[ $out = *'No such device or address'* ]] || fail "added: $out"
	[ "$(path_says)" = "$name closed bad-offer" ] || fail "after both: $(path_says)"
}

have_ours client || skip "our modules are not built"
on client 'command -v rnbdctl >/dev/null' || skip "rnbdctl is not built"
ram_disks
serve 128 65536
client_up
disk=$(mapped /dev/ram0)
on client "head -c 256k /dev/urandom >/tmp/data; dd if=/tmp/data of=/dev/$disk bs=64k oflag=direct status=none"

for shape in '64 65536' '256 65536' '128 32768'; do
	ask "attr $disk fast_io_fail -1"
	log_mark client
	unload server
	becomes closed 10
	ON_LIMIT=150 on client "dd if=/dev/$disk of=/dev/null bs=4k count=1 iflag=direct status=none" &
	reader=$!
	# shellcheck disable=SC2086 # two words
	serve $shape
	given_up "${shape% *}"
	on client 'pgrep -x dd >/dev/null' || fail "$shape: I/O was not held"
	if [ "$shape" = '64 65536' ]; then
		refused_still
		ask "attr $disk fast_io_fail 1"
		! wait $reader || fail "I/O without a server"
	fi
	unload server
	serve 128 65536
	does path reconnect $name
	becomes open 10
	[ "$shape" = '64 65536' ] || wait $reader || fail "$shape: what was held failed"
	works "after $shape"
	echo "ok $shape"
done

unload server
becomes closed 10
serve 128 131072
becomes open 60
works "with larger chunks"
ask "attr $disk unmap_device normal"
all_down
