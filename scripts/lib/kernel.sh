# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Kernels of the three supported slots, and of one for debugging, in the cache,
# and the environment in which modules for each can be built.

# shellcheck source=lib/archive.sh
. "$(dirname "${BASH_SOURCE[0]}")/archive.sh"
# shellcheck source=lib/debug-kernel.sh
. "$(dirname "${BASH_SOURCE[0]}")/debug-kernel.sh"

# The lowest release of each slot and the suites to take it from. "7.2" is the
# slot of the newest kernel: 7.2, or a later one when 7.2 has left the archive.
kernel_suites() {
	case $1 in
	6.1)  echo bookworm bookworm-security ;;
	6.12) echo bookworm-backports bookworm-security ;;
	7.2)  echo trixie-backports ;;
	*)    die "no such kernel: $1 (6.1, 6.12, 7.2 or debug)" ;;
	esac
}

# Where a slot is looked for once its release has left the suites above.
kernel_later_suites() {
	case $1 in
	6.12) echo trixie trixie-security ;;
	7.2)  echo sid ;;
	esac
}

# newest_release K TABLE...: the newest release whose image and headers exist.
newest_release() {
	local k=$1
	shift
	awk -F '\t' -v k="$k" '
	function fits(rel, v, want) {
		split(rel, v, /[.+-]/); split(k, want, ".")
		if (k == "7.2") return v[1] > 7 || (v[1] == 7 && v[2] >= 2)
		return v[1] == want[1] && v[2] == want[2]
	}
	match($1, /^linux-(image|headers)-[0-9][0-9.]*([+]deb[0-9.]*|-[0-9]+)?-amd64$/) {
		rel = $1; sub(/^linux-(image|headers)-/, "", rel)
		if (rel !~ /[.].*[.]/ || !fits(rel)) next
		if ($1 ~ /^linux-image/) image[rel] = 1; else headers[rel] = 1
	}
	END { for (rel in image) if (rel in headers) print rel }' "$@" |
		sort -V | tail -n 1
}

# relocate DIR ROOT: the headers packages in DIR expect to live under /usr: make
# them live in ROOT, where DIR is moved to.
relocate() {
	local dir=$1 root=$2 link target
	grep -rlI --include='Makefile*' --include='.kernelvariables' \
		-e '/usr/src/linux-headers' -e '/usr/lib/linux-kbuild' \
		"$dir"/usr/src/*/ 2>/dev/null |
		xargs -r sed -i "s,\(^\|[^a-zA-Z0-9._-]\)/usr/\(src/linux-headers\|lib/linux-kbuild\),\1$root/usr/\2,g"
	find "$dir/usr/src" "$dir"/*/modules "$dir"/usr/*/modules \
		-type l -lname '/*' 2>/dev/null |
	while read -r link; do
		target=$(readlink "$link")
		ln -sfn "$root$target" "$link"
	done
}

# kernel_unpack REL ROOT TABLE...: image, modules and headers of a release.
kernel_unpack() {
	local rel=$1 root=$2 list
	shift 2
	list=$(packages '^linux-(image|binary|modules|base|headers|kbuild)-' \
		"linux-image-$rel linux-headers-$rel" "$@")
	rm -rf "$root.part"
	unpack "$root.part" <<<"$list"
	[ -d "$root.part/usr/lib/modules" ] || {
		mkdir -p "$root.part/usr/lib"
		mv "$root.part/lib/modules" "$root.part/usr/lib/modules"
	}
	rm -rf "$root.part/lib"
	ln -s usr/lib "$root.part/lib"
	rm -rf "$root.part/usr/share"
	# With a vmlinux there, kbuild wants pahole, for debug data nobody reads.
	rm -f "$root.part/usr/src/linux-headers-$rel/vmlinux"
	/sbin/depmod -b "$root.part" "$rel"
	relocate "$root.part" "$root"
	mv "$root.part" "$root"	# last: what is there is whole
}

kernel_image() {
	local root=$1 rel=$2 file
	for file in "$root/boot/vmlinuz-$rel" "$root/usr/lib/modules/$rel/vmlinuz"; do
		[ ! -s "$file" ] || { echo "$file"; return; }
	done
	die "no vmlinuz in $root"
}

# kernel_select K: picks the release, unpacks it, writes the slot's .env file.
kernel_select() {
	local k=$1 dir=$cache/kernels rel root tables suites
	[ -z "$(find "$dir/$k.env" -mtime "-$index_days" 2>/dev/null)" ] || return 0
	suites=$(kernel_suites "$k")
	# shellcheck disable=SC2086 # a list of words
	tables=$(suite_tables $suites)
	# shellcheck disable=SC2086
	rel=$([ -z "$tables" ] || newest_release "$k" $tables)
	if [ -z "$rel" ]; then
		suites=$(kernel_later_suites "$k")
		# shellcheck disable=SC2086
		tables=$([ -z "$suites" ] || suite_tables $suites)
		# shellcheck disable=SC2086
		rel=$([ -z "$tables" ] || newest_release "$k" $tables)
	fi
	if [ -z "$rel" ]; then
		[ ! -s "$dir/$k.env" ] || { touch "$dir/$k.env"; return 0; }
		die "no kernel for $k in the archive, and none in the cache"
	fi
	root=$dir/$rel
	if [ ! -d "$root" ]; then
		say "kernel $k: $rel"
		# shellcheck disable=SC2086
		kernel_unpack "$rel" "$root" $tables
	fi
	{
		echo "REL=$rel"
		echo "KDIR=$root/usr/src/linux-headers-$rel"
		echo "VMLINUZ=$(kernel_image "$root" "$rel")"
		echo "MODULES=$root/usr/lib/modules/$rel"
		echo "SUITES='$suites'"
	} >"$dir/$k.env.part"
	mv "$dir/$k.env.part" "$dir/$k.env"
}

# kernel_get K: sets REL, KDIR, VMLINUZ, MODULES, SUITES.
kernel_get() {
	need_packages gpgv xz-utils kmod
	if [ "$1" = debug ]; then
		need_packages gcc-12 make bc bison flex libelf-dev libssl-dev
		with_lock "$cache/kernels/$1.lock" debug_select "$1"
	else
		with_lock "$cache/kernels/$1.lock" kernel_select "$1"
	fi
	# shellcheck disable=SC1090
	. "$cache/kernels/$1.env"
}

# kernel_compiler KDIR: the compiler package the kernel's headers ask for.
kernel_compiler() { grep -om1 'gcc-[0-9]*' "$1/.kernelvariables"; }

# Do the helpers in the headers package run here, and is their compiler to be
# had? Those of a later release of the distribution want a later libc.
builds_natively() {
	local gcc
	gcc=$(kernel_compiler "$1")
	! { "$1/scripts/basic/fixdep" 2>&1 || :; } | grep -q GLIBC_ || return 1
	command -v "$gcc" >/dev/null || [ -n "$(apt-cache madison "$gcc")" ]
}

# use_libc ROOT DIR: lets the programs below DIR run with the libc and libraries
# that are in ROOT, or will be, instead of the host's.
use_libc() {
	# before Debian 13 the libc was in the first of them
	local root=$1 lib=$1/lib/x86_64-linux-gnu file
	find "$2" -type f -perm /111 -print0 | while read -r -d '' file; do
		patchelf --print-interpreter "$file" >/dev/null 2>&1 || continue
		patchelf --force-rpath --set-rpath "$lib:$root/usr/lib/x86_64-linux-gnu" \
			--set-interpreter "$lib/ld-linux-x86-64.so.2" "$file"
	done
}

# toolchain_unpack ROOT GCC SUITE: a compiler and binutils with all they stand
# on; ROOT/cross has those under the names that kbuild calls them by.
toolchain_unpack() {
	local root=$1 gcc=$2 suite=$3 table list name
	[ ! -d "$root" ] || return 0
	say "unpacking $gcc of $suite to build with"
	table=$(suite_tables "$suite")
	# base-files first: it brings the links from /lib to /usr/lib.
	list=$(packages . "base-files $gcc binutils libelf1t64 libssl3t64" "$table")
	rm -rf "$root.part"
	unpack "$root.part" <<<"$list"
	rm -rf "$root.part"/usr/share/{doc,man,locale,info}
	mkdir "$root.part/cross"
	for name in "$gcc" ld nm ar objcopy objdump strip readelf; do
		ln -s "../usr/bin/x86_64-linux-gnu-$name" "$root.part/cross/"
	done
	use_libc "$root" "$root.part/usr/bin"
	use_libc "$root" "$root.part/usr/libexec"
	mv "$root.part" "$root"	# last: what is there is whole
}

# The helpers in the headers package, made to run here with the toolchain's libc.
helpers_adopt() {
	local toolchain=$1 kernel=$2
	[ ! -e "$kernel/adopted" ] || return 0
	use_libc "$toolchain" "$kernel/usr/lib/"
	touch "$kernel/adopted"
}

# kernel_toolchain K: what kernel_get sets, and TOOLCHAIN: empty, or where the
# programs are that building modules for this kernel takes.
kernel_toolchain() {
	local gcc suite kernel
	kernel_get "$1"
	kernel=${KDIR%/usr/src/*}
	TOOLCHAIN=
	[ "$1" != debug ] || return 0
	gcc=$(kernel_compiler "$KDIR")
	if [ ! -e "$kernel/adopted" ] && builds_natively "$KDIR"; then
		need_packages "$gcc" make libc6-dev libelf1
		return
	fi
	need_packages make patchelf
	# shellcheck disable=SC2153 # kernel_get sets SUITES
	suite=${SUITES%%[-_ ]*}
	TOOLCHAIN=$cache/toolchain/$suite-$gcc
	with_lock "$TOOLCHAIN.lock" toolchain_unpack "$TOOLCHAIN" "$gcc" "$suite"
	with_lock "$TOOLCHAIN.lock" helpers_adopt "$TOOLCHAIN" "$kernel"
}

# in_toolchain COMMAND...: with the programs this kernel's modules are built with; after
# compiler_cache, which finds this machine's own compiler by itself, through that.
in_toolchain() {
	local first=$TOOLCHAIN/cross file
	if [ -n "$TOOLCHAIN" ] && [ -n "${CCACHE_DIR:-}" ]; then
		first=$TOOLCHAIN/cached:$first
		mkdir -p "$TOOLCHAIN/cached"
		for file in "$TOOLCHAIN"/cross/*gcc*; do
			ln -sfn "$(command -v ccache)" "$TOOLCHAIN/cached/${file##*/}"
		done
	fi
	env ${TOOLCHAIN:+"PATH=$first:$PATH" "COMPILER_PATH=$TOOLCHAIN/usr/bin"} "$@"
}
