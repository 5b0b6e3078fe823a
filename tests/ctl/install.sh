#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make install` puts the tool, its manual page, completions and schemas where DESTDIR and PREFIX say, and nothing else, and
# no warning of a compiler stops it.
set -euo pipefail
cd "$(dirname "$0")/../.."
to=$(mktemp -d)
trap 'rm -rf "$to"' EXIT
failed=0

fail() {
	echo "FAIL $1"
	failed=1
}

wanted() {
	echo "755 sbin/rnbdctl"
	echo "644 share/bash-completion/completions/rnbdctl"
	echo "644 share/fish/vendor_completions.d/rnbdctl.fish"
	echo "644 share/man/man1/rnbdctl.1"
	find packaging/schemas -name '*.json' -printf '644 share/rnbd/schemas/%f\n'
	echo "644 share/zsh/site-functions/_rnbdctl"
}

# A mask that would leave the files to their owner alone: what is installed is for all.
(umask 077 && make --no-print-directory -s install DESTDIR="$to" PREFIX=/opt/rnbd)
diff -u <(wanted | sort -k 2) <(cd "$to/opt/rnbd" && find . -type f -printf '%m %P\n' | sort -k 2) ||
	fail "not the files that were wanted"
[ "$(ls "$to")" = opt ] || fail "something lies outside of PREFIX"
"$to/opt/rnbd/sbin/rnbdctl" --help | grep -q map || fail "the installed tool does not run"
[ "$(stat -c %a "$to/opt/rnbd/share/rnbd/schemas")" = 755 ] || fail "nobody can look into the directory of the schemas"
while read -r directory; do
	[ -e "$to$directory" ] || fail "the manual page names $directory, which is not there"
done < <(grep -o '/[a-z/]*/share/rnbd/[a-z]*' "$to/opt/rnbd/share/man/man1/rnbdctl.1" || echo "a directory of schemas")
# A compiler newer than ours may have warnings that ours has not: they stop us, not those who build what we release.
says_werror() { grep -q -- -Werror <<<"$1"; }
! says_werror "$(env -u WERROR -u MAKEFLAGS make -Bn ctl install DESTDIR="$to")" || fail "a warning stops a user's build"
says_werror "$(make -Bn WERROR=1 ctl)" || fail "a warning does not stop our own builds"
exit $failed
