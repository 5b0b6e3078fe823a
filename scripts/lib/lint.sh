# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For scripts/lint-*: goes to the tree (first argument, else the one this file is in) and lists its files.

cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

# Every text file of the tree that is or could be committed, one per line.
tree_files() {
	if [ -e .git ]; then
		git ls-files -co --exclude-standard
	else
		find . -type f -not -path './build/*' | sed 's,^\./,,'
	fi | sort | while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done
}

# Reads findings from stdin, prints them, and fails when there are any.
refuse_findings() {
	! grep .
}
