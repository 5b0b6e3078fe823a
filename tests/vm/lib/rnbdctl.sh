# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests that use rnbdctl on the client, on the host: what it says and how it ends.

# exits STATUS TEXT ARGUMENTS: rnbdctl on the client must end so, and say so.
# does ARGUMENTS: it must do that, whatever it says.
exits() {
	local status=$1 text=$2 out rc=0
	shift 2
	[ -n "$text" ] || fail "rnbdctl $*: any words would do"
	out=$(on client "rnbdctl $* 2>&1") || rc=$?
	[ $rc = "$status" ] || fail "rnbdctl $*: status $rc instead of $status: $out"
	[[ $out = *"$text"* ]] || fail "rnbdctl $*: \"$out\" does not say \"$text\""
}

does() {
	local out
	out=$(on client "rnbdctl $* 2>&1") || fail "rnbdctl $*: status $?: $out"
}

# field JQ ARGUMENTS: of the JSON it prints
field() { local q=$1; shift; on client "rnbdctl -j $* 2>/dev/null | jq -r '$q'"; }
