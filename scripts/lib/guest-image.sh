# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The three layers of a guest's initramfs, each an uncompressed cpio archive:
# the programs (per distribution release), the kernel's modules (per kernel),
# and what this tree brings (per build). The kernel unpacks their concatenation.

# shellcheck source=lib/kernel.sh
. "$(dirname "${BASH_SOURCE[0]}")/kernel.sh"

guest_packages='base-files busybox-static bash coreutils fio iproute2 iputils-ping
	kmod e2fsprogs util-linux mount ibverbs-providers rdmacm-utils ibverbs-utils
	ethtool grep sed mawk findutils diffutils procps libc-bin dmsetup jq strace'
guest_programs='bash cat cp ls ln mkdir mv rm rmdir sync stat dd date sleep seq sort
	head tail tr wc cut tee touch true uname timeout env id mktemp mkfifo od cksum
	sha256sum md5sum base64 truncate nproc readlink basename dirname chmod du df
	fio ip rdma tc ss ping modprobe insmod rmmod lsmod modinfo mkfs.ext4 fsck.ext4
	tune2fs dumpe2fs lsblk blkdiscard blockdev losetup mount umount dmesg flock
	findmnt wipefs setsid fallocate blkzone ibv_devices ibv_devinfo
	ibv_rc_pingpong rping ethtool grep sed mawk find xargs cmp diff ps pgrep
	pkill sysctl dmsetup jq strace setpriv unshare'
guest_modules='virtio_pci virtio_net virtio_blk virtio_console virtio_rng rdma_rxe
	rdma_cm rdma_ucm ib_uverbs ib_umad ib_ipoib null_blk brd loop dm_mod dm_delay dm_flakey
	dm_zero dm_log_writes dm_linear scsi_debug sd_mod sch_netem ext4
	crc32_generic crc32c_generic crc32-cryptoapi crc32c-cryptoapi dummy veth
	configfs nbd raid1'
# fio is linked to the libraries of all storage it knows. Those of the kinds no guest
# has are, with what they bring, two thirds of these programs and take longest to load:
# LIBRARY=what its functions' names begin with.
guest_hollow='libgfapi.so.0=glfs libnbd.so.0=nbd librados.so.2=rados librbd.so.1=rbd
	libpmem.so.1=pmem libpmemblk.so.1=pmemblk'

# pack DIR FILE: an archive owned by root, whoever makes it.
pack() {
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0) >"$2.part"
	mv "$2.part" "$2"
}

guest_release() {
	local VERSION_CODENAME='' ID=''
	# shellcheck disable=SC1091
	. /etc/os-release
	[ "$ID" = debian ] || VERSION_CODENAME=bookworm
	echo "$VERSION_CODENAME"
}

# hollow ROOT: in place of each of those libraries one of its name, with the functions
# that fio wants; they do nothing but end it.
hollow() {
	local pair lib prefix file names
	for pair in $guest_hollow; do
		lib=${pair%=*} prefix=${pair#*=}
		file=$(find "$1/usr/lib" -name "$lib" | head -n 1)
		names=$(nm -D --undefined-only "$1/usr/bin/fio" | awk -v "wanted=^${prefix}_" '$2 ~ wanted { print $2 }')
		[ -n "$file" ] && [ -n "$names" ] || continue
		# NAME@VERSION, or all without one: a version of no name
		awk -F@ '{ all[$2] = all[$2] $1 ";" } END { for (v in all) print v " {" all[v] "};" }' \
			<<<"$names" >"$file.map"
		sed 's/@.*//; s/.*/void &(void) { __builtin_trap(); }/' <<<"$names" |
			gcc -shared -nostdlib -Wl,-soname,"$lib" -Wl,--version-script="$file.map" -o "$file.hollow" -x c -
		mv "$file.hollow" "$file"
		rm "$file.map"
	done
}

# pick FROM TO: the guest's programs with the libraries they are linked to.
pick() {
	local from=$1 to=$2 name user=() file programs
	read -r -d '' -a programs <<<"$guest_programs" || :
	[ "$(id -u)" = 0 ] || user=(--user --map-root-user)
	# shellcheck disable=SC2016 # expanded inside
	unshare "${user[@]}" chroot "$from" /bin/bash -c '
		PATH=/usr/sbin:/usr/bin:/sbin:/bin
		for name in "$@"; do
			file=$(type -P "$name") || { echo "no $name" >&2; continue; }
			readlink -f "$file"
			ldd "$file" 2>/dev/null | grep -o "/[^ ]*"
		done
		shopt -s nullglob
		for file in /usr/lib/*/libibverbs/librxe*.so; do
			echo "$file"
			ldd "$file" | grep -o "/[^ ]*"
		done
		exit 0' pick "${programs[@]}" | sort -u >"$to.files"
	while read -r file; do
		mkdir -p "$to/${file%/*}"
		cp -L "$from$file" "$to$file"
	done <"$to.files"
	rm "$to.files"
	for name in "${programs[@]}"; do
		file=$(cd "$from" && find usr/bin usr/sbin bin sbin -name "$name" -type l | head -n 1)
		if [ -n "$file" ] && [ ! -e "$to/$file" ]; then
			mkdir -p "$to/${file%/*}"
			cp -a "$from/$file" "$to/$file"
		fi
	done
	cp "$from/bin/busybox" "$to/bin/busybox"
	mkdir -p "$to/etc/libibverbs.d"
	cp "$from/etc/libibverbs.d/rxe.driver" "$to/etc/libibverbs.d/"
	cp "$from/etc/mke2fs.conf" "$to/etc/"
}

# base_layer FILE RELEASE
base_layer() {
	local file=$1 dir=$1.dir list
	[ ! -s "$file" ] || return 0
	say "making the guest's programs ($2)"
	# shellcheck disable=SC2046 # a list of words
	list=$(packages . "$guest_packages" $(suite_tables "$2"))
	rm -rf "$dir"
	# One place for a program, wherever a release has it: from Debian 13 on all are in
	# /usr. But not for lib: the layers above bring that as a directory.
	mkdir -p "$dir/root"/{lib,lib64,usr/bin,usr/sbin,usr/lib,tmp,run}
	ln -s usr/bin "$dir/root/bin"
	ln -s usr/sbin "$dir/root/sbin"
	unpack "$dir/all" <<<"$list"
	ln -sf mawk "$dir/all/usr/bin/awk"
	hollow "$dir/all"
	pick "$dir/all" "$dir/root"
	ln -sf mawk "$dir/root/usr/bin/awk"
	ln -sf bash "$dir/root/bin/sh"
	rm -f "${file%/*}/base-$2-"*.cpio
	pack "$dir/root" "$file"
	rm -rf "$dir"
}

# modules_layer FILE: the modules and all they need, unpacked; FILE.dir stays,
# for depmod wants to see them beside ours.
modules_layer() {
	local file=$1 dir=$1.dir at=lib/modules/$REL name path from
	# shellcheck disable=SC2153 # kernel_get sets MODULES
	from=${MODULES%/"$at"}
	[ ! -s "$file" ] || return 0
	say "picking the guest's modules ($REL)"
	rm -rf "${file%/*}/modules-$REL-"*
	mkdir -p "$dir/$at"
	for name in $guest_modules; do
		/sbin/modprobe -d "$from" -S "$REL" --show-depends "$name" 2>/dev/null ||
			continue        # another name, or built in, on this kernel
	done | awk '$1 == "insmod" { print $2 }' | sort -u |
	while read -r path; do
		name=$dir/$at/${path#*"/$REL/"}
		mkdir -p "${name%/*}"
		case $path in
		*.xz) xz -dc "$path" >"${name%.xz}" ;;
		*)    cp "$path" "$name" ;;
		esac
	done
	cp "$MODULES"/modules.{order,builtin,builtin.modinfo} "$dir/$at/"
	pack "$dir" "$file"
}

# ctl_files DIR: rnbdctl, and the libraries of it that the base layer lacks.
ctl_files() {
	local dir=$1 base=$2 lib
	[ -x "$build/ctl/rnbdctl" ] || return 0
	mkdir -p "$dir/usr/bin"
	strip -o "$dir/usr/bin/rnbdctl" "$build/ctl/rnbdctl"
	ldd "$build/ctl/rnbdctl" | awk '$2 == "=>" && $3 ~ "^/" { print $3 }' |
	while read -r lib; do
		! cpio --quiet -t <"$base" 2>/dev/null | grep -q "/${lib##*/}\$" || continue
		mkdir -p "$dir/usr/lib/x86_64-linux-gnu"
		cp -L "$lib" "$dir/usr/lib/x86_64-linux-gnu/"
	done
}

# project_layer FILE K PEERS BASE MODULES_DIR
project_layer() {
	local file=$1 k=$2 peers=$3 base=$4 modules=$5 dir=$1.dir at=lib/modules/$REL
	rm -rf "$dir"
	mkdir -p "$dir/lib/modules"
	cp -r "$modules/$at" "$dir/$at"
	rm -f "$dir/$at"/modules.*
	cp "$modules/$at"/modules.{order,builtin,builtin.modinfo} "$dir/$at/"
	if compgen -G "$build/$k/*.ko" >/dev/null; then
		mkdir -p "$dir/$at/updates"
		cp "$build/$k"/*.ko "$dir/$at/updates/"
		strip --strip-debug "$dir/$at/updates"/*.ko
	fi
	/sbin/depmod -b "$dir" "$REL"
	rm -rf "$dir/$at/kernel"
	if [ -n "$peers" ]; then
		mkdir -p "$dir/peers"
		cp "$peers"/*.ko "$dir/peers/"
		strip --strip-debug "$dir/peers"/*.ko
	fi
	ctl_files "$dir" "$base"
	if compgen -G "$build/tools/*" >/dev/null; then
		mkdir -p "$dir/usr/bin"
		cp "$build/tools"/* "$dir/usr/bin/"
	fi
	cp "$tree/tests/vm/lib/guest-init" "$dir/init"
	cp "$tree/tests/vm/lib/guest.sh" "$dir/lib/guest.sh"
	chmod 755 "$dir/init"
	pack "$dir" "$file"
	rm -rf "$dir"
}
