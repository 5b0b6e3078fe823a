#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hundred times mapped and unmapped again, the session made anew each time: the
# same disk name each time, nothing left behind, no memory lost.
# seconds: 85
# vms: pair
# limit: 600
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up
cycles() {
	ON_LIMIT=560 ask "for i in {1..$1}; do
		map sessname=cycle path=$path device_path=/dev/ram0 || exit 1
		[ \"\$(disk_of /dev/ram0)\" = rnbd0 ] || { echo \"cycle \$i: not rnbd0\"; exit 1; }
		attr rnbd0 unmap_device normal || exit 1
		nothing_left || { echo \"cycle \$i left something\"; exit 1; }
	done" || fail "a cycle"
}
# unclaimed SIDE: KiB that nobody uses, once the session's memory is given back. That
# ends some time after its directory has gone: until no more comes. Free pages that a
# CPU keeps for itself, up to 40 MiB here, are not in MemFree, but as free
unclaimed() {
	on server 'until_true 20 none "/sys/class/rtrs-server/*"'
	on "$1" "unused() {
			awk '/nr_free_pages |count:/ { pages += \$2 } END { print pages * 4 }' /proc/zoneinfo
		}
		sync; echo 3 >/proc/sys/vm/drop_caches
		for _ in {1..20}; do
			before=\$(unused)
			sleep 0.5
			now=\$(unused)
			[ \$now -gt \$((before + 512)) ] || break
		done
		echo \$now"
}
# what only the first ones take, as a cache that grew, is not lost
cycles 20
declare -A spare=([server]=$(unclaimed server) [client]=$(unclaimed client))
cycles 100
for side in server client; do
	after=$(unclaimed $side)
	echo "$side: $((spare[$side] - after)) KiB less free after 100 cycles"
	# 22 KiB a cycle: less than any buffer of a session has, more than caches drift
	((spare[$side] - after < 2200)) || fail "$side: $((spare[$side] - after)) KiB are gone"
done
all_down
