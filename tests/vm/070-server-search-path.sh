#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A bare server opens nothing: every open is answered with EACCES and the log
# names the line that would allow it. With a search path devices below it open,
# %SESSNAME% stands for the session, and no name leads out of the directory.
# seconds: 20
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
ram_disks 2

server_up
client_up
[ -z "$(on server 'cat /sys/module/rnbd_server/parameters/dev_search_path')" ] || fail "search path"
[ "$(on server 'cat /sys/module/rnbd_server/parameters/port_nr')" = 1234 ] || fail "port"
refused 'Permission denied' s1 dev/ram0
refused 'Permission denied' s1 ram0 ro
grep -q 's1: open of .*options rnbd_server dev_search_path=' <<<"$(log_since server)" ||
	fail "the log does not say what would allow the open"
[ "$(counter opens_refused)" = 2 ] || fail "refusals not counted"
all_down

on server 'mkdir -p /run/disks/s1 /run/disks/s2
	ln -sf /dev/ram0 /run/disks/s1/d0
	ln -sf /dev/ram1 /run/disks/s2/d1'
server_up dev_search_path=/run/disks/%SESSNAME%/ignored
client_up
[ "$(on server 'cat /sys/module/rnbd_server/parameters/dev_search_path')" = \
	/run/disks/%SESSNAME%/ignored ] || fail "search path is not readable"
first=$(opened s1 d0)
[ "$(exports)" = ram0 ] || fail "exports: $(exports)"
[ "$(on server 'readlink -f /sys/class/rnbd-server/ctl/devices/ram0/block_dev')" = \
	/sys/devices/virtual/block/ram0 ] || fail "block_dev"
refused 'No such file' s1 d1
refused 'No such file' s2 d0
second=$(opened s2 d1)
refused 'Invalid argument' s1 ../s2/d1
refused 'Invalid argument' s1 ./../s2/d1
refused 'No such file' s1 ..d1
peer "unmap $first $second"
all_down
rc=0
on server 'modprobe rnbd-server dev_search_path=dev' 2>/dev/null || rc=$?
[ $rc != 0 ] || fail "a relative search path was taken"
unload server
