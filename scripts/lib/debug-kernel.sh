# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The kernel of the slot "debug": KASAN, lockdep, kmemleak, fault injection, from
# the oldest slot's source package, as small as the guests allow. It takes 20
# minutes of a CPU; the cache keeps it under the checksum of its configuration.

# debug_source DIR SUITE...: the source tree.
debug_source() {
	local dir=$1 tables list
	shift
	tables=$(suite_tables "$@")
	# shellcheck disable=SC2086 # a list of words
	list=$(packages '^linux-source-6\.1$' linux-source-6.1 $tables)
	unpack "$dir.package" <<<"$list"
	mkdir -p "$dir"
	tar -xf "$dir.package/usr/src/linux-source-6.1.tar.xz" -C "$dir" --strip-components=1
	rm -rf "$dir.package"
}

# debug_configure DIR FRAGMENT NAME: fails when an option did not get through.
debug_configure() {
	local dir=$1 fragment=$2 line
	make -C "$dir" ARCH=x86_64 KCONFIG_ALLCONFIG="$fragment" allnoconfig >/dev/null
	echo "CONFIG_LOCALVERSION=\"-$3\"" >>"$dir/.config"
	make -C "$dir" ARCH=x86_64 olddefconfig >/dev/null
	while read -r line; do
		grep -qx "$line" "$dir/.config" || die "debug kernel: $line is not to be had"
	done < <(grep ^CONFIG "$fragment")
}

# debug_build ROOT FRAGMENT NAME SUITE...
debug_build() {
	local root=$1 fragment=$2 name=$3
	shift 3
	say "building the debug kernel: 10 minutes at the least (log: $root.log)"
	rm -rf "$root.part"
	mkdir -p "$root.part"
	debug_source "$root.part/src" "$@"
	debug_configure "$root.part/src" "$fragment" "$name"
	nice -n 19 make -C "$root.part/src" ARCH=x86_64 -j"$(nproc)" CC=gcc-12 HOSTCC=gcc-12 \
		bzImage modules </dev/null >"$root.log" 2>&1 || {
		tail -n 20 "$root.log" >&2
		die "the debug kernel does not build"
	}
	make -C "$root.part/src" ARCH=x86_64 INSTALL_MOD_PATH="$root.part" modules_install >>"$root.log" 2>&1
	# what no module needs to be built
	find "$root.part/src" \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' \) \
		-not -path '*/scripts/*' -not -path '*/tools/*' -delete
	rm -f "$root.part"/lib/modules/*/{build,source}
	mv "$root.part" "$root"
}

# debug_select K: as kernel_select, for this slot.
debug_select() {
	local fragment name root suites
	fragment=$tree/scripts/lib/debug.config
	name=debug-$(sha256sum <"$fragment" | cut -c1-8)
	root=$cache/kernels/$name
	suites=$(kernel_suites 6.1)
	# shellcheck disable=SC2086 # a list of words
	[ -d "$root" ] || debug_build "$root" "$fragment" "$name" $suites
	{
		echo "REL=$(cd "$root/lib/modules" && echo ./*)"
		echo 'REL=${REL#./}'
		echo "KDIR=$root/src"
		echo "VMLINUZ=$root/src/arch/x86/boot/bzImage"
		echo "MODULES=$root/lib/modules/\$REL"
		echo "SUITES='$suites'"
	} >"$cache/kernels/$1.env"
}
