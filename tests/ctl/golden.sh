#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Golden outputs of rnbdctl: each line of cases.list runs the tool with a scripted kernel or a recorded sysfs tree;
# standard output, standard error and exit status must be those of expected/, byte for byte.
#
# usage: tests/ctl/golden.sh [--update] [pattern]
set -euo pipefail
cd "$(dirname "$0")/../.."
update=
if [ "${1:-}" = --update ]; then
	update=1
	shift
fi
only=${1:-}
here=tests/ctl
fake=${RNBDCTL_FAKE:-build/tests/rnbdctl-fake}
[ -n "${RNBDCTL_FAKE:-}" ] || make --no-print-directory -s "$fake"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export LC_ALL=C
passed=0 failed=0

# copy TREE TO: a recorded tree with its links.
copy() {
	local link target
	rm -rf "$2"
	cp -a "$here/$1" "$2"
	while read -r link target; do
		[[ $link == "$1"/* ]] || continue
		mkdir -p "$(dirname "$2/${link#"$1/"}")"
		ln -s "$target" "$2/${link#"$1/"}"
	done <"$here/links"
}

copy root "$tmp/root"

# Stores change the files of a tree: each case has its own copy, found under the same relative name.
run_case() {
	local name=$1 script=$2 words=$3 tree=$4 root=$tmp/root rc=0
	case $script in
	none) ;;
	sysfs:*)
		root=$tmp/tree
		copy "trees/${script#sysfs:}" "$root"
		script=sysfs
		;;
	*) script=$here/scripts/$script.json ;;
	esac
	eval "set -- $words"
	"$fake" "$root" "$script" "$@" >"$tmp/out" 2>"$tmp/err" || rc=$?
	{
		echo "\$ rnbdctl $words"
		cat "$tmp/out"
		if [ -s "$tmp/err" ]; then
			echo "--- stderr"
			cat "$tmp/err"
		fi
		if [ "$script" = sysfs ]; then
			stores "$root" "$tree"
		fi
		echo "--- exit $rc"
	} | sed "s,$tmp/tree,ROOT,g;s,$tmp/root,$here/root,g" >"$tmp/$name.txt"
}

# What was written into the copy of a tree.
stores() {
	local file
	while read -r file; do
		cmp -s "$1/$file" "$2/$file" || echo "--- stored in ${file}: $(head -c 200 "$1/$file" | head -n 1)"
	done < <(cd "$1" && find . -type f -size -4 | sort)
}

check_case() {
	if [ -n "$update" ]; then
		mkdir -p "$here/expected"
		cp "$tmp/$1.txt" "$here/expected/$1.txt"
	elif ! diff -u "$here/expected/$1.txt" "$tmp/$1.txt"; then
		echo "FAIL $1"
		failed=$((failed + 1))
		return
	fi
	passed=$((passed + 1))
}

while IFS='|' read -r name script words; do
	name=${name// /} script=${script// /} words=${words# }
	case $name in '' | '#'*) continue ;; esac
	[[ $name == *"$only"* ]] || continue
	run_case "$name" "$script" "${words% }" "$here/trees/${script#sysfs:}"
	check_case "$name"
done <"$here/cases.list"

# An expectation without a case is a case that somebody lost.
for file in "$here"/expected/*.txt; do
	name=$(basename "$file" .txt)
	grep -q "^$name |" "$here/cases.list" || { echo "FAIL $file: no such case" && failed=$((failed + 1)); }
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
