#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A network port that is down holds nobody up: disks are taken away, paths end,
# RDMA devices go and modules unload meanwhile, on either side. What the CM
# still has to say is said when the port is up again, and the next map works.
# seconds: 35
# vms: pair
# check: 7.2
# kernels: edge
# limit: 300
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

port() { on "$1" "ip link set eth0 $2"; }
nothing_stays() {
	local now
	for _ in {1..50}; do
		now=$(rdma_objects "$1")
		[ "$now" != "${clean[$1]}" ] || return 0
		sleep 0.2
	done
	fail "left on the $1: $now; before: ${clean[$1]}"
}
readable() {
	on client "until_true 60 has /sys/block/$1/rnbd/state open
		dd if=/dev/$1 of=/dev/null bs=4096 count=4 iflag=direct status=none" || fail "$1 is not usable"
}
forced_away() {
	ON_LIMIT=10 ask "attr $1 unmap_device force" || fail "the unmap hangs"
	ask 'until_true 10 nothing_left' || fail "something is left on the client"
}
anew() { on "$1" 'within 10 rdma link delete rxe0 && rdma link add rxe0 type rxe netdev eth0'; }

have_ours client || skip "our modules are not built"
ram_disks
on server 'modprobe rdma_cm'
on client 'modprobe rdma_cm'
# CM ids and more, from before the modules
declare -A clean=([server]=$(rdma_objects server) [client]=$(rdma_objects client))
# it notices in 5 s that a client is gone
load_ours server rtrs-server heartbeat_idle_ms=1000
server_up
# shellcheck disable=SC2034 # read by client_up
heartbeats=quick
client_up
session=/sys/class/rtrs-server/s1

# the client's port: its CM is not deaf afterwards
disk=$(mapped /dev/ram0)
port client down
forced_away "$disk"
[ "$(rdma_objects client)" != "${clean[client]}" ] || fail "the ids went by a port that is down"
port client up
nothing_stays client
neighbours
on server "until_true 60 test ! -e $session"
disk=$(mapped /dev/ram0)
readable "$disk"

# the server's port, while it ends the path
port server down
on server "echo 1 >$session/paths/*/disconnect; until_true 10 test ! -e $session"
port server up
neighbours
readable "$disk"

# the server's RDMA device goes while its CM still has something to say
port server down
on server "echo 1 >$session/paths/*/disconnect; until_true 10 test ! -e $session"
anew server || fail "the device does not go"
port server up
neighbours
readable "$disk"

# unloading: soft RDMA's CM stays deaf after it, and its device is made anew
port server down
ON_LIMIT=30 unload server || fail "the server does not unload"
nothing_stays server
log_clean server
port server up
anew server
neighbours
server_up
readable "$disk"

port client down
forced_away "$disk"
ON_LIMIT=30 unload client || fail "the client does not unload"
nothing_stays client
log_clean client
port client up
anew client
client_up
on server "until_true 60 test ! -e $session"
disk=$(mapped /dev/ram0)
readable "$disk"
ask "attr $disk unmap_device normal"
all_down
nothing_stays client
nothing_stays server
