# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every script here needs: the two roots (tree and cache), messages,
# locks, and the one place that installs packages on the host.

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/rnbd
# shellcheck disable=SC2034 # read by the scripts that source this file
build=$tree/build
mkdir -p "$cache"

say() { echo "$*" >&2; }
# A command that fails where nobody looks at its status ends the script: say which.
set -E
trap '[[ $BASH_COMMAND == return* ]] || say "${0##*/}: line $LINENO: failed: $BASH_COMMAND"' ERR
die() { say "${0##*/}: $*"; exit 1; }

# with_lock FILE COMMAND...: one process at a time; waiting is announced.
with_lock() {
	local file=$1 fd rc
	shift
	mkdir -p "$(dirname "$file")"
	exec {fd}>"$file"
	if ! flock -n "$fd"; then
		say "waiting for another run (${file##*/})"
		flock "$fd"
	fi
	"$@"            # not in a condition: there "set -e" would not hold
	rc=$?
	exec {fd}>&-
	return $rc
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root is needed for: $*"
	fi
}

install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install -y \
		--no-install-recommends "$@" </dev/null >"$cache/install.log" 2>&1
}

# need_packages NAME...: installs what is missing from the distribution's own
# archive; the only thing in this tree that asks for root.
need_packages() {
	local name there missing=()
	# one name in each line, also those that another release has for a package
	there=$(dpkg-query -W -f '${db:Status-Status}, ${Package}, ${Provides}\n' 2>/dev/null |
		sed -n 's/^installed, //p' | tr , '\n' | sed 's/^ *//; s/ .*//') || :
	for name in "$@"; do
		grep -qxF "$name" <<<"$there" || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null || die "please install: ${missing[*]}"
	say "installing from the distribution's archive: ${missing[*]}"
	if ! install "${missing[@]}"; then
		say "once more, with fresh package lists"
		as_root apt-get -qq update >&2
		install "${missing[@]}" || die "cannot install ${missing[*]}: $(tail -n 3 "$cache/install.log")"
	fi
}

# compiler_cache: from now on this machine's compilers keep what they made, by content,
# for the next checkout that has the same.
compiler_cache() {
	need_packages ccache
	export PATH=/usr/lib/ccache:$PATH CCACHE_DIR=$cache/ccache CCACHE_BASEDIR=$tree \
		CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-1G}
}
