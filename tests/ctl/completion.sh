#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packaging/completion is what the tool prints, the scripts parse, and bash completes verbs, options and devices.
#
# usage: tests/ctl/completion.sh [--update]
set -euo pipefail
cd "$(dirname "$0")/../.."
tool=${RNBDCTL:-$PWD/build/ctl/rnbdctl}
here=packaging/completion
declare -A file=([bash]=rnbdctl.bash [zsh]=_rnbdctl [fish]=rnbdctl.fish)
passed=0 failed=0 skipped=0

verdict() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
	else
		echo "FAIL $2"
		failed=$((failed + 1))
	fi
}

for shell in bash zsh fish; do
	[ "${1:-}" != --update ] || "$tool" completion $shell >"$here/${file[$shell]}"
	rc=0
	"$tool" completion $shell | diff -u "$here/${file[$shell]}" - || rc=1
	verdict $rc "$here/${file[$shell]} is not what \`rnbdctl completion $shell\` prints"
	if ! command -v $shell >/dev/null; then
		echo "skip $shell is not installed: ${file[$shell]} not parsed"
		skipped=$((skipped + 1))
		continue
	fi
	rc=0
	$shell -n "$here/${file[$shell]}" || rc=1
	verdict $rc "$shell does not parse ${file[$shell]}"
done

# complete WORDS...: what bash would offer for the last of them. Names of peers may hold all that a shell acts on.
complete_words() {
	# shellcheck disable=SC2016 # all of it is for the inner shell
	bash -c 'rnbdctl() { case $* in
		"list devices -q") printf "%s\n" rnbd0 rnbd1 ;;
		"list sessions -q") printf "%s\n" st401b st402a "x\$(touch\${IFS}ran)" "x\`touch\${IFS}ran\`" "x{a,b}*;&|<>\"" "y'"'"'" ;;
		"list paths -q") echo ip:10.0.0.1@ip:10.0.0.2 ;;
		esac; }
		complete() { :; }
		. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		cd "$EMPTY"
		_rnbdctl
		echo "${COMPREPLY[*]}"' _ "$PWD/$here/rnbdctl.bash" rnbdctl "$@"
}

EMPTY=$(mktemp -d)
export EMPTY
trap 'rm -rf "$EMPTY"' EXIT

expect() {
	local want=$1 got
	shift
	got=$(complete_words "$@")
	local rc=0
	[ "$got" = "$want" ] || rc=1
	verdict $rc "completing \"$*\": \"$got\" instead of \"$want\""
}

expect "status show session" s
expect "unmap" unm
expect "list show set reconnect disconnect" session ""
expect "st401b st402a" session set st
expect "st401b st402a" path add st
expect "ip:10.0.0.1@ip:10.0.0.2" path delete ip
expect "rnbd0 rnbd1" unmap rnbd
expect "rnbd0 rnbd1" device unmap rnbd0 -f ""
expect "--force" unmap --fo
expect "bash zsh fish" completion ""
expect "--no-headers" path list --no-h
# shellcheck disable=SC2016 # as it must not expand
expect 'x\$\(touch\$\{IFS\}ran\) x\`touch\$\{IFS\}ran\` x\{a\,b\}\*\;\&\|\<\>\"' session set x
# shellcheck disable=SC2016
expect 'x\`touch\$\{IFS\}ran\`' session set 'x\`t'
expect "y\\'" show y
rc=0
[ -z "$(ls -A "$EMPTY")" ] || rc=1
verdict $rc "completing ran a command out of a name"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
