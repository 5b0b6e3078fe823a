#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the other tests lean on when they break things: a cut link loses frames
# in both directions until it is joined, a guest without power is gone and boots
# again beside the other, a guest that stands still goes on, commands run side by
# side, and the scan of the kernel log finds what it must, before a boot too. What
# QEMU or a switch refuses is an error.
# seconds: 40
# vms: pair
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"

reaches() { on client "ping -c 1 -W 2 $1 >/dev/null"; }

reaches 10.77.0.1 || fail "no link 0"
reaches 10.78.0.1 || fail "no link 1"
link_cut 1 client
! reaches 10.78.0.1 || fail "a cut link carries frames"
reaches 10.77.0.1 || fail "cutting link 1 cut link 0"
link_join 1 client
on client 'until_true 10 ping -c 1 -W 1 10.78.0.1 >/dev/null' || fail "the joined link stays dead"

link_stall 1 client
! reaches 10.78.0.1 || fail "a stalled link carries frames"
link_flow 1 client
on client 'until_true 10 ping -c 1 -W 1 10.78.0.1 >/dev/null' || fail "the link that flows again stays dead"
! (monitor client 'set_link none off') 2>/dev/null || fail "an order that QEMU refuses passes for done"
! (link_cut 1 nobody) 2>/dev/null || fail "an order that the switch refuses passes for done"

# Each side waits for a file the other side makes: only commands side by side end this.
on client 'until_true 20 test -e /run/a; touch /run/b' &
other=$!
on client 'touch /run/a; until_true 20 test -e /run/b' || fail "commands wait for each other"
wait $other || fail "commands wait for each other"

vm_freeze server
! reaches 10.77.0.1 || fail "a frozen guest answers"
vm_thaw server
on client 'until_true 10 ping -c 1 -W 1 10.77.0.1 >/dev/null' || fail "a thawed guest stays silent"

on server 'touch /run/before'
vm_kill server
! reaches 10.77.0.1 || fail "a guest without power answers"
! on server true 2>/dev/null || fail "a command runs in a guest without power"
vm_start server
on server 'test ! -e /run/before' || fail "memory survived a power cut"
on client 'until_true 10 ping -c 1 -W 1 10.77.0.1 >/dev/null' || fail "the guest does not come back"
on client 'rdma link show' | grep -q 'rxe1.*ACTIVE' || fail "rxe1 is not up"

on client 'echo "WARNING: CPU: 0 PID: 1 at nothing" >/dev/kmsg'
vm_wait 5 "the message" eval '! log_clean client >/dev/null' || fail "the log scan is blind"
log_mark client
! log_clean client >/dev/null || fail "a mark makes a fault good"
log_forgive client
log_clean client || fail "the log scan does not forget"

# A crash is told from a slow command.
started=$SECONDS
! on client 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger; sleep 50' 2>/dev/null ||
	fail "a crashed guest answers"
[ $((SECONDS - started)) -lt 30 ] || fail "a crash goes unnoticed"
vm_kill client
vm_start client
! log_clean client >/dev/null || fail "a boot makes a crash good"
log_forgive client
