# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the tests of rnbd-server: maps its devices on the client, through sysfs,
# so that our client and the in-tree one can be asked alike.

# ---- run on the client ----

# map SESSION DEVICE [MODE]: prints the disk's name; otherwise the error's text, and fails.
map() {
	local out dir
	out=$({ echo "sessname=$1 path=ip:10.77.0.1 device_path=$2 access_mode=${3:-rw}" \
		>/sys/class/rnbd-client/ctl/map_device; } 2>&1) || { echo "${out##*: }"; return 1; }
	for dir in /sys/block/rnbd*/rnbd; do
		[ "$(cat "$dir/session") $(cat "$dir/mapping_path")" = "$1 $2" ] || continue
		dir=${dir%/rnbd}
		until_true 10 test -b "/dev/${dir##*/}" >&2
		echo "${dir##*/}"
	done
}

# unmap DISK...
unmap() {
	local disk
	for disk in "$@"; do
		echo normal >"/sys/block/$disk/rnbd/unmap_device"
		until_true 10 test ! -e "/sys/block/$disk"
	done
}

# put DISK BLOCK TEXT: 4 KiB that begin with TEXT, past the page cache.
put() {
	local page
	page=$(mktemp)
	truncate -s 4096 "$page"
	printf %s "$3" | dd of="$page" conv=notrunc status=none
	dd if="$page" of="/dev/$1" bs=4096 seek="$2" oflag=direct conv=notrunc status=none
}

# get DISK BLOCK BYTES: the first bytes of a 4 KiB block.
get() {
	dd if="/dev/$1" bs=4096 skip="$2" count=1 iflag=direct status=none | head -c "$3" | tr '\0' 0
}

# ---- run on the host ----

# peer COMMANDS: on the client, with the functions above.
peer() { on client "$(declare -f map unmap put get); $1"; }

# opened SESSION DEVICE [MODE]: maps, prints the disk's name.
opened() {
	local out
	out=$(peer "map $*") || fail "map $*: $out"
	echo "$out"
}

# refused TEXT SESSION DEVICE [MODE]: the map must fail with the error of that text.
refused() {
	local text=$1 out
	shift
	! out=$(peer "map $*") || fail "map $* was not refused"
	[[ $out = *"$text"* ]] || fail "map $*: \"$out\", expected \"$text\""
}

# io_fails TEXT COMMAND: an I/O on the client must end with the error of that text.
io_fails() {
	local text=$1 out
	! out=$(peer "$2" 2>&1) || fail "$2: no error"
	[[ $out = *"$text"* ]] || fail "$2: \"$out\", expected \"$text\""
}

# counter NAME: of the server's rare events.
counter() { on server "sed -n 's/^$1 //p' /sys/kernel/debug/rnbd-server/counters"; }

# export_file DEVICE SESSION FILE: content of the server's sysfs file.
export_file() { on server "cat /sys/class/rnbd-server/ctl/devices/$1/sessions/$2/$3"; }

exports() { on server 'ls /sys/class/rnbd-server/ctl/devices'; }

# ram_disks COUNT [KIB]: fresh ones, whatever an earlier test left.
ram_disks() { on server "anew brd rd_nr=$1 rd_size=${2:-16384}"; }

# server_up [PARAMETER...], client_up [PARAMETER...]: with CLIENT=intree the
# in-tree client, which has no parameters.
server_up() { load_ours server rnbd-server "$@"; }
client_up() {
	neighbours
	if [ "${CLIENT:-ours}" = intree ]; then
		load_peer client rnbd-client
	else
		patient_client
		load_ours client rnbd-client "$@"
	fi
}

# all_down: nothing may be left behind on either side.
all_down() {
	unload client
	on server 'until_true 20 none "/sys/class/rnbd-server/ctl/devices/*"' ||
		fail "exports left: $(exports)"
	unload server
}
