#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A server that answers with foreign or impossible bytes is refused at once, each
# time with an error and a line in the log that tells what is wrong with it: the
# magic, the version, a refusal, depths and sizes out of bounds (C1 to C4, C12).
# Nothing of it is left behind.
# seconds: 20
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"

have_ours client || skip "our modules are not built"
on client 'modprobe rdma_cm'
before=$(on client 'rdma resource show')
load_ours client rnbd-client
on server 'modprobe rdma_ucm; command -v cm_answer >/dev/null' || skip "cm_answer is not built"

# answer HOW MAGIC VERSION STATUS DEPTH IO_SIZE HDR_SIZE ERROR CAUSE [SECONDS]: little-endian hex each
answer() {
	local how=$1 bytes=$2$3$4$5$6$7 error=$8 cause=$9 limit=${10:-5} out started
	bytes+=$(printf '%0*d' $((112 - ${#bytes})) 0)
	on server "cm_answer 1234 $how $bytes >/run/answer 2>&1 & until_true 5 grep -q ready /run/answer"
	started=$SECONDS
	! out=$(on client "{ echo 'sessname=s1 path=ip:10.77.0.1 device_path=ram0' \
		>/sys/class/rnbd-client/ctl/map_device; } 2>&1") || fail "$cause: mapped"
	on server 'pkill cm_answer || :; until_true 5 gone cm_answer'
	[ $((SECONDS - started)) -le "$(slowly "$limit")" ] || fail "$cause: took $((SECONDS - started)) s"
	[[ $out = *"$error"* ]] || fail "$cause: \"$out\", expected \"$error\""
	grep -qE "rtrs_client: s1: .*$cause" <<<"$(log_since client)" || fail "the log does not say \"$cause\""
	log_mark client
}

#             magic ver status depth io       hdr
answer reject bd1c 0002 0000 0000 00000000 00000000 'Protocol error' 'does not speak RTRS'
answer reject bd1b 0003 0000 0000 00000000 00000000 'Protocol not supported' 'version'
answer reject bd1b 0002 f4ff 0000 00000000 00000000 'Cannot allocate memory' 'refused'
answer reject bd1b 0002 0100 0000 00000000 00000000 'Protocol error' 'does not speak RTRS'
answer accept bd1c 0002 0000 0002 00f00100 00100000 'Protocol error' 'does not speak RTRS'
answer accept bd1b 0003 0000 0002 00f00100 00100000 'Protocol not supported' 'version'
answer accept bd1b 0002 0000 0000 00f00100 00100000 'Protocol error' 'offer'
answer accept bd1b 0002 0000 ffff 00f00100 00100000 'Protocol error' 'offer'
answer accept bd1b 0002 0000 0002 00f00100 10000000 'Protocol error' 'offer'
answer accept bd1b 0002 0000 0002 00f0ffff 00100000 'Protocol error' 'offer'
# a good offer, and then silence: the second connection is accepted, the info request is not answered
answer accept bd1b 0002 0000 0002 00f00100 00100000 '' 'info request|closed' 20

[ -z "$(on client 'ls /sys/class/rtrs-client')" ] || fail "a session is left"
unload client
[ "$(on client 'rdma resource show')" = "$before" ] || fail "left: $(on client 'rdma resource show'), before: $before"
