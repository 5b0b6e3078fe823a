#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One queue pair of a path gets no acknowledgement any more while the heartbeat
# of the path lives on: the adapter itself gives it up, the path is lost, I/O
# goes on by the other one without an error, and the path comes back.
# seconds: 25
# vms: pair
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
for value in -2 9 32; do
	fails client 'Invalid argument' "modprobe rtrs-client ack_timeout=$value"
done
fixed_neighbours
on server 'anew brd rd_nr=1 rd_size=65536'
server_load /dev
on client 'modprobe rtrs-client ack_timeout=15'
client_load
map_paths ram0
# only writes: they register no memory, which soft RDMA cannot repeat
ledger_start blocks=512 threads=8 reads=0 pause=500
both_carry 20

read -r reconnects _ <<<"$(counters_of 0)"
# the youngest one carries I/O, the oldest one heartbeats; what goes to the former vanishes
io=$(on client "rdma -j resource show qp link rxe0/1 type RC" | jq 'map(select(.rqpn)) | max_by(.lqpn).rqpn')
link_rule 0 drop deaf from=client qp="$io"
noticed 30 0 "$reconnects"
[ "$(link_met 0 deaf)" -gt 0 ] || fail "nothing went to the queue pair"
# what stands still without an error is called timed out (-110) after a while
grep -q 'lost: the RDMA device reported a failed transfer (-5)' < <(log_since client) ||
	fail "it was not the adapter that gave up"
ledger_await 50 30
both_carry 60
ledger_good
ledger_stop
link_release 0 deaf >/dev/null
all_down
