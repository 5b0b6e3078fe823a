# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the tests of our server with a client that speaks by hand.

need_raw_client() {
	have_ours server || skip "our modules are not built"
	on client 'modprobe rdma_ucm; command -v raw_client >/dev/null' || skip "raw_client is not built"
}

# raw COMMAND...: what raw_client prints.
raw() { ON_LIMIT=200 on client "raw_client 10.77.0.1 1234 $*"; }

# says EXPECTED COMMAND...: the same on one line, without what an opened device is like.
says() {
	local expected=$1 got
	shift
	got=$(raw "$*" | sed 's/, device .*/, device/' | tr '\n' ';') || fail "raw_client $*: $got"
	[ "$got" = "$expected" ] || fail "$*: \"$got\", expected \"$expected\""
}
