#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A client that vanishes with I/O in flight: the server notices without being
# told, frees everything of the session, and the client, booted anew, gets its
# session name and device back. Unloading the server under I/O closes all
# sessions; so does the removal of the RDMA device, and one that is added later
# is served again.
# seconds: 205
# vms: pair
# boot: fresh
# kernels: 6.1
# peers: intree
# limit: 400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/intree-client.sh"

have_ours server || skip "our modules are not built"
have_peers client || skip "the in-tree peers are not built"
on server 'anew brd rd_nr=1 rd_size=16384'
before=$(on server 'rdma resource show')

client_up() {
	neighbours
	load_peer client rnbd-client
	intree_map lost ram0
}
busy() {
	on client 'setsid fio --name=l --filename=/dev/rnbd0 --rw=randrw --bs=16k --size=16m --time_based \
		--runtime=300 --iodepth=16 --ioengine=libaio --direct=1 >/dev/null 2>&1 </dev/null &
		sleep 2'
}
sessions_gone() {
	on server "until_true $1 none '/sys/class/rtrs-server/*'"
}

load_ours server rnbd-server dev_search_path=/dev
client_up
busy
vm_kill client
sessions_gone 50
grep -q 'lost: session down' <<<"$(log_since server)" || fail "no line about the session"
[ -z "$(on server 'ls /sys/class/rnbd-server/ctl/devices')" ] || fail "the export is still open"

vm_start client
client_up
busy
on server 'within 50 rmmod rnbd-server && rmmod rtrs-server rtrs-core'
[ "$(on server 'rdma resource show')" = "$before" ] || fail "left: $(on server 'rdma resource show')"
on client 'pkill fio || :'
log_clean server

vm_kill client
vm_start client
load_ours server rnbd-server dev_search_path=/dev
client_up
busy
on server 'within 50 rdma link delete rxe0; rdma link add rxe0 type rxe netdev eth0'
sessions_gone 5
on client 'pkill fio || :'
vm_kill client
vm_start client
client_up
on client 'dd if=/dev/rnbd0 of=/dev/null bs=4096 count=8 iflag=direct status=none'
unload server
log_clean server
