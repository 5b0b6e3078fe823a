#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A session that cannot be made fails soon and says why: nobody listens, no
# such address, no route, a listener that is not RTRS, a bad name. Nothing of
# it is left behind.
# seconds: 15
# vms: pair
# check: 6.1 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"

have_ours client || skip "our modules are not built"
on client 'modprobe rdma_cm'
before=$(on client 'rdma resource show')
load_ours client rnbd-client

# refused SECONDS ERROR CAUSE SESSION ADDRESS
refused() {
	local out started=$SECONDS
	! out=$(on client "{ echo 'sessname=$4 path=ip:$5 device_path=/dev/ram0' \
		>/sys/class/rnbd-client/ctl/map_device; } 2>&1") || fail "$5: mapped"
	[[ $out = *"$2"* ]] || fail "$5: \"$out\", expected \"$2\""
	[ $((SECONDS - started)) -le "$(slowly "$1")" ] || fail "$5: took $((SECONDS - started)) s"
	[ -z "$3" ] || grep -q "rtrs_client: $4: .*$3" <<<"$(log_since client)" || fail "$5: the log does not say \"$3\""
}

refused 8 'Connection refused' 'nobody listens on this address and port' nobody 10.77.0.1
refused 20 'No route to host' 'the address does not resolve' nowhere 10.77.0.99
refused 8 'Network is unreachable' '' noroute 192.0.2.1
refused 5 'Invalid argument' '' a/b 10.77.0.1
refused 5 'Invalid argument' '' a.b 10.77.0.1

on server 'modprobe rdma_ucm; rping -s -p 1234 -P >/dev/null 2>&1 & sleep 1'
refused 8 'Protocol error' 'the peer does not speak RTRS' foreign 10.77.0.1
on server 'pkill rping || :; until_true 5 gone rping'

[ -z "$(on client 'ls /sys/class/rtrs-client')" ] || fail "a session is left"
unload client
[ "$(on client 'rdma resource show')" = "$before" ] || fail "left: $(on client 'rdma resource show'), before: $before"
