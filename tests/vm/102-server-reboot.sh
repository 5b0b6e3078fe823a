#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The server loses its power in the middle of writes and boots again with its
# disk, whose cache is volatile: no write that was acknowledged as durable, by FUA
# or by a flush behind it, is lost, the client's disk works again without anybody
# doing anything 15 s after the server listens at the latest, every request ends,
# and none with an error: they are held for longer than a guest takes to boot.
# With FUA fio verifies beside the ledger. REBOOTS= (default 2); SYNC=flush: durable
# by flushes behind many writes instead of FUA; those fail until all have closed the
# disk, which fio does not do for us.
# vms: none
# kernels: none
# limit: 7200
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

truncate -s 64M "$VM_RUN/disk.img"
vm_start client links=2
vm_start server links=2 "disk=$VM_RUN/disk.img"
need_modules
sync=${SYNC:-dsync}

# serve: what the server's boot does.
serve() {
	fixed_neighbours
	on server 'modprobe nbd nbds_max=1 && nbd_disk serve /dev/nbd0 /run/nbd 64 /dev/vda - volatile >/dev/null'
	server_load /dev
}
ledger_on() { ledger_resume at=4096 blocks=2048 threads=16 pause=1000 "sync=$sync"; }
# promised WHAT: by our client alone; the in-tree one fails what it cannot send.
promised() {
	case $1 in
	fio) [ "$CLIENT" = ours ] && [ "$sync" = dsync ] ;;
	time) [ "$CLIENT$SERVER" = oursours ] ;;
	esac
}
# usable ERRORS: requests end again. What no flush had covered may be gone: its user
# hears of it.
usable() {
	if [ "$sync" = flush ] && [ "$CLIENT" = ours ]; then
		ON_LIMIT=150 on client "until_true 120 eval '! ledger stat /run/ledger | grep -q \"errors $1 \"'" ||
			fail "flushes go on as if nothing had happened"
	else
		ledger_await 1 120
	fi
}
# good: of the loads.
good() {
	if promised fio; then
		load_good
	else
		[ "$(ledger_value bad)" = 0 ] || fail "wrong data: $(on client 'head -n 5 /run/ledger.out')"
	fi
}

serve
client_load
map_paths nbd0 fast_io_fail=3600
! on client "grep -q through /sys/block/$disk/queue/write_cache" || fail "the disk hides its cache"
! promised fio || fio_start --sync=dsync
for ((round = 1; round <= ${REBOOTS:-2}; round++)); do
	ledger_on
	ledger_await $((100 + RANDOM % 200)) 60
	vm_kill server
	errors=$(ledger_value errors)
	vm_start server
	serve
	listens=$(clock client)
	usable "$errors"
	took=$(($(clock client) - listens))
	echo "round $round: usable $took ms after the server listens ($sync), $(ledger_value errors) I/O errors so far," \
		"slowest request $(ledger_value slowest_ms) ms"
	! promised time || [ $took -le "$(slowly 15000)" ] || fail "usable only $took ms after the server listens"
	good
	# opened anew: flushes are believed again
	if [ "$sync" = flush ]; then
		ledger_stop
		ledger_on
		ledger_await 1 60
	fi
	paths_are 120 connected 0 1
	ledger_stop
done
! promised fio || fio_stop
all_down
