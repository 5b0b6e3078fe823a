# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Packages of any suite of the distribution's archive, as files, verified from
# the signed Release file down, without touching the host's package database.
# The archive's addresses are those apt already uses.

# shellcheck source=lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

index_days=7    # how long a suite's index is taken as fresh
# shellcheck disable=SC2016 # apt expands $(REPO_URI), not the shell
archive_bases() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		sed 's,/*$,,' | sort -u
}

# fetch URL FILE: by apt's own downloader, so its proxies and logins hold.
fetch() {
	/usr/lib/apt/apt-helper -o APT::Sandbox::User=root -qq \
		download-file "$1" "$2" >/dev/null 2>&1
}

sha256_is() { echo "$2  $1" | sha256sum --check --status 2>/dev/null; }

# One line a package: name, version, address, SHA256, depends, provides.
index_to_table() {
	awk -v base="$1" '
	/^Package: /    { n = $2; v = f = s = d = p = "" }
	/^Version: /    { v = $2 }
	/^Filename: /   { f = $2 }
	/^SHA256: /     { s = $2 }
	/^(Pre-)?Depends: / { sub(/^[^ ]+ /, ""); d = d (d ? ", " : "") $0 }
	/^Provides: /   { p = substr($0, 11) }
	/^$/ && f       { print n "\t" v "\t" base "/" f "\t" s "\t" d "\t" p; f = "" }'
}

# suite_from BASE SUITE DIR: fills DIR/table, or fails leaving nothing.
suite_from() {
	local base=$1 suite=$2 dir=$3 tmp sum where
	local keys=/usr/share/keyrings/debian-archive-keyring.gpg
	local list=main/binary-amd64/Packages.xz
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	if fetch "$base/dists/$suite/InRelease" "$tmp/signed" &&
	   gpgv -q --keyring "$keys" --output "$tmp/release" "$tmp/signed" 2>/dev/null &&
	   grep -qx "Codename: $suite" "$tmp/release"; then
		sum=$(awk -v l=$list '/^SHA256:/ { on = 1; next }
			/^[^ ]/ { on = 0 } on && $3 == l { print $1 }' "$tmp/release")
		for where in "main/binary-amd64/by-hash/SHA256/$sum" $list; do
			fetch "$base/dists/$suite/$where" "$tmp/list.xz" || continue
			sha256_is "$tmp/list.xz" "$sum" || continue
			xz -dc "$tmp/list.xz" | index_to_table "$base" >"$tmp/table"
			mv "$tmp/table" "$dir/table"
			rm -rf "$tmp"
			return 0
		done
	fi
	rm -rf "$tmp"
	return 1
}

suite_refresh() {
	local suite=$1 dir=$cache/archive/$1 base
	mkdir -p "$dir"
	[ -z "$(find "$dir/table" -mtime "-$index_days" 2>/dev/null)" ] || return 0
	for base in $(archive_bases); do
		if suite_from "$base" "$suite" "$dir"; then return 0; fi
	done
	[ -s "$dir/table" ]     # an old index is better than none
}

# suite_tables SUITE...: the paths of those indexes that are to be had.
suite_tables() {
	local suite
	for suite in "$@"; do
		with_lock "$cache/archive/$suite.lock" suite_refresh "$suite" || continue
		echo "$cache/archive/$suite/table"
	done
}

# packages PATTERN NAMES TABLE...: the names and all they depend on, as far as
# names match the pattern; the newest version of each; "name address sha256".
packages() {
	local pattern=$1 names=$2
	shift 2
	sort -t $'\t' -k1,1 -k2,2V "$@" | awk -F '\t' -v pattern="$pattern" -v names="$names" '
	function plain(s) { sub(/^ +/, "", s); sub(/[ :(|].*/, "", s); return s }
	{
		url[$1] = $3; sum[$1] = $4; dep[$1] = $5
		k = split($6, part, ",")
		for (i = 1; i <= k; i++) provider[plain(part[i])] = $1
	}
	END {
		left = split(names, queue, " ")
		for (at = 1; at <= left; at++) {
			n = queue[at]
			if (!(n in url)) n = provider[n]
			if (n == "" && at <= split(names, unused, " ")) exit 1
			if (n == "" || n in seen || n !~ pattern) continue
			seen[n] = 1
			print n, url[n], sum[n]
			k = split(dep[n], part, ",")
			for (i = 1; i <= k; i++) queue[++left] = plain(part[i])
		}
	}'
}

# unpack ROOT: reads packages' lines, downloads, verifies and unpacks each.
unpack() {
	local root=$1 list name url sum deb
	list=$(cat)
	say "  fetching $(wc -l <<<"$list") packages: $(head -n 3 <<<"$list" | cut -d ' ' -f 1 | xargs) ..."
	mkdir -p "$root" "$cache/debs"
	while read -r name url sum; do
		# its own: another process may unpack the same package
		deb=$cache/debs/$sum.$BASHPID
		fetch "$url" "$deb" || die "cannot fetch $name: $url"
		sha256_is "$deb" "$sum" || die "wrong checksum: $url"
		dpkg-deb -x "$deb" "$root" || die "cannot unpack $name"
		rm -f "$deb"
	done <<<"$list"
}
