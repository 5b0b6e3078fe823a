#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 200 times mapped and unmapped again, the session made anew each time: the
# same disk name each time, nothing left behind, no memory lost.
# vms: pair
# limit: 600
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up
ON_LIMIT=560 ask 'for i in {1..200}; do
	map sessname=cycle path='"$path"' device_path=/dev/ram0 || exit 1
	[ "$(disk_of /dev/ram0)" = rnbd0 ] || { echo "cycle $i: not rnbd0"; exit 1; }
	attr rnbd0 unmap_device normal || exit 1
	nothing_left || { echo "cycle $i left something"; exit 1; }
done' || fail "a cycle"
all_down
