# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# In the guest: what every command sent with `on` may use.

# until_true SECONDS COMMAND...: waits for an event; fails when it never comes.
# within SECONDS COMMAND...: a program that has to end by then. Both allow more on a
# kernel that is slow.
until_true() {
	local end=$((SECONDS + $1 * VM_SLOW))
	shift
	until "$@"; do
		[ $SECONDS -lt "$end" ] || { echo "never true: $*"; return 1; }
		sleep 0.1
	done
}

within() { timeout $(($1 * VM_SLOW)) "${@:2}"; }

# rdma_resources: the counts of RDMA objects, one line a device.
rdma_resources() { rdma resource show; }
