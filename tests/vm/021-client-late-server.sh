#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A server that is late with its answers while its adapter acknowledges all it
# gets is not left, though a request waits for it: its disk holds a write back, and
# none of its words reaches the client, heartbeats neither, until it was asked three times.
# seconds: 10
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"
. "$(dirname "$0")/lib/ghost.sh"

need_modules
ghost_up nbd0

nbd hold "$block" 1
send held
nbd wait
link=$(link_used)
read -r reconnects _ <<<"$(counters_of "$link")"
# a heartbeat, or the answer to one; acknowledgements pass
link_rule "$link" hold words from=server op=write-only-imm
link_rule "$link" pass asked from=client op=write-only-imm
# a path without the adapter's word would be left when it has to ask a second time
link_await "$link" asked 3 30
link_release "$link" asked >/dev/null
[ "$(link_release "$link" words)" -gt 0 ] || fail "the server had nothing to say"
nbd release
ended held 30 || fail "the write does not end"
succeeded held
read -r now _ <<<"$(counters_of "$link")"
[ "$now" = "$reconnects" ] || fail_of "the path was lost"
paths_are 1 connected 0 1
all_down
