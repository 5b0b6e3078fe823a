#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two guests come up, reach each other over IPv4, IPv6 and soft RDMA, and the
# harness tells their outputs, exit statuses and faults apart.
# seconds: 20
# vms: pair
# check: 6.1 6.12
# kernels: all
# smoke: yes
# limit: 100
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"

# a guest whose kernel takes its counter for a slow one has short seconds, and all limits with them
clocks() { echo "$(on client 'echo "${EPOCHREALTIME/./}"') ${EPOCHREALTIME/./}"; }
read -r guest_began began <<<"$(clocks)"

[ "$(on server "cat /proc/sys/kernel/hostname")" = server ] || fail "server has another name"
[ "$(on client 'echo out; echo err >&2')" = $'out\nerr' ] || fail "output"
rc=0
on client 'exit 7' || rc=$?
[ $rc = 7 ] || fail "status 7 came back as $rc"
rc=0
ON_LIMIT=1 on client 'sleep 20' || rc=$?
[ $rc = 124 ] || fail "a command over its limit came back as $rc"
on client 'head -c 300000 /dev/zero' | cmp -n 300000 - /dev/zero || fail "long output"

on client 'ping -c 2 -i 0.2 10.77.0.1 >/dev/null' || fail "no IPv4"
on client 'ping -c 2 -i 0.2 fd77::1 >/dev/null' || fail "no IPv6"
on server 'rdma link show' | grep -q 'rxe0.*ACTIVE' || fail "rxe0 is not up"

neighbours
on server 'rping -s -C 20 -S 4000 -a 10.77.0.1' &
server=$!
on client 'until_true 10 rping -c -C 20 -S 4000 -a 10.77.0.1' || fail "rping"
wait $server || fail "rping server"

read -r guest_ended ended <<<"$(clocks)"
took=$((ended - began)) guest_took=$((guest_ended - guest_began))
if [ $guest_took -gt $((2 * took)) ] || [ $((2 * guest_took)) -lt $took ]; then fail "a guest's second is no second"; fi

# what a test before this one made the kernel say is not this one's
on client 'echo "harness: said before" >/dev/kmsg; said "harness: said before"' || fail "what was said is not seen"
log_mark client
on client 'echo "harness: said after" >/dev/kmsg; said "harness: said after"' || fail "nothing is seen after a mark"
on client '! said "harness: said before"' || fail "what was said before the mark is seen"

log_clean server
log_clean client
