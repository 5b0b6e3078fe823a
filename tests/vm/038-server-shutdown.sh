#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A server that is shut down or rebooted says so to its clients, which need not
# find out by its silence; an operation held at the disk does not keep it.
# seconds: 55
# vms: pair
# boot: last
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
have_ours client || skip "our modules are not built"
ram_disks 1
on server 'modprobe dm_mod
	dmsetup create held --table "0 32768 linear /dev/ram0 0"
	dmsetup mknodes held'
server_up dev_search_path=/dev/mapper
client_up
disk=$(opened s1 held)
on server 'dmsetup suspend --nolockfs --noflush held'
on client "setsid dd if=/dev/zero of=/dev/$disk bs=4k count=1 oflag=direct >/dev/null 2>&1 </dev/null & sleep 1"
log_mark client
on server '(sleep 1; echo o >/proc/sysrq-trigger) >/dev/null 2>&1 &'
vm_wait 40 "the server to power off" bash -c "! grep -qs '^State:.[^ZX]' /proc/$(<"$VM_RUN/server/pid")/status"
on client 'until_true 5 has /sys/class/rtrs-client/s1/paths/*/state disconnected'
grep -q 'lost: the peer closed' <<<"$(log_since client)" || fail "the client was not told: $(log_since client)"
on client "echo force >/sys/block/$disk/rnbd/unmap_device; until_true 30 test ! -e /sys/block/$disk"
unload client
log_clean client
