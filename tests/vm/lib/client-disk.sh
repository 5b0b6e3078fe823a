# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the tests of rnbd-client: a server of ours, or with SERVER=intree an
# in-tree one, our client, and what is asked of its disks.

# shellcheck disable=SC2034 # used by tests
ctl=/sys/class/rnbd-client/ctl
path=ip:10.77.0.1

# ---- run on the client ----

# map WORDS: writes them to map_device; prints nothing, or the error's text.
map() {
	local out
	out=$({ echo "$*" >/sys/class/rnbd-client/ctl/map_device; } 2>&1) || { echo "${out##*: }"; return 1; }
}

# disk_of DEVICE: the disk that was mapped from this remote device.
disk_of() {
	local dir
	for dir in /sys/block/rnbd*/rnbd; do
		[ "$(cat "$dir/mapping_path")" != "$1" ] || basename "${dir%/rnbd}"
	done
}

# attr DISK FILE TEXT: writes to a file of the disk; prints the error's text.
attr() {
	local out
	out=$({ echo "$3" >"/sys/block/$1/rnbd/$2"; } 2>&1) || { echo "${out##*: }"; return 1; }
}

# nothing_left: no disk, link or session.
nothing_left() {
	! compgen -G '/sys/block/rnbd*' && ! compgen -G '/sys/class/rnbd-client/ctl/devices/*' &&
		! compgen -G '/sys/class/rtrs-client/*'
}

# ---- run on the host ----

# ask COMMANDS: on the client, with the functions above.
ask() { on client "$(declare -f map disk_of attr nothing_left); $1"; }

# refused TEXT WORDS: this map string must fail with the error of that text.
refused() {
	local text=$1 out
	shift
	! out=$(ask "map '$*'") || fail "map \"$*\" was not refused"
	[[ $out = *"$text"* ]] || fail "map \"$*\": \"$out\", expected \"$text\""
}

# attr_refused TEXT DISK FILE VALUE
attr_refused() {
	local out
	! out=$(ask "attr $2 $3 '$4'") || fail "$3 took \"$4\""
	[[ $out = *"$1"* ]] || fail "$3 \"$4\": \"$out\", expected \"$1\""
}

# mapped DEVICE [WORDS]: maps from session s1, prints the disk.
mapped() {
	local device=$1 out
	shift
	out=$(ask "map 'sessname=s1 path=$path device_path=$device $*' && disk_of $device") ||
		fail "map $device $*: $out"
	echo "$out"
}

# file DISK FILE [CONTENT]: prints the file of the disk, or compares it.
file() {
	local got
	got=$(on client "cat /sys/block/$1/rnbd/$2")
	[ $# -gt 2 ] || { echo "$got"; return; }
	[ "$got" = "$3" ] || fail "$2 of $1 is \"$got\", expected \"$3\""
}

# ram_disks: /dev/ram0 and /dev/ram1, 64 MiB each, empty.
ram_disks() { on server 'anew brd rd_nr=2 rd_size=65536'; }

server_up() {
	if [ "${SERVER:-ours}" = intree ]; then
		load_peer server rnbd-server "$@"
	else
		load_ours server rnbd-server dev_search_path=/ "$@"
	fi
}

# Counts of RDMA objects from before our modules; all_down compares.
client_up() {
	neighbours
	# the modules below leave their own marks
	on client 'modprobe rdma_cm'
	before=$(on client 'rdma resource show')
	patient_client
	load_ours client rnbd-client
}

# unmapped DISK HOW: by the client's clock within 10 seconds, whatever the server does.
unmapped() {
	local took
	took=$(ON_LIMIT=60 ask "SECONDS=0; attr $1 unmap_device $2 && test ! -e /sys/block/$1 && echo \$SECONDS") ||
		fail "unmap $2 of $1: $took"
	echo "unmap $2 took $took s"
	[ "$took" -le "$(slowly 10)" ] || fail "unmap $2 of $1 took $took s"
}

# load_begin DISK OPTION...: fio that writes and verifies until load_end.
load_begin() {
	on client "fio --name=v --filename=/dev/$1 --rw=randwrite --ioengine=libaio --direct=1 --loops=1000 --time_based \
		--runtime=$(slowly 600) --verify=crc32c --verify_fatal=1 --verify_backlog=64 ${*:2} --output=/tmp/fio.out >/dev/null 2>&1 & echo \$! >/tmp/fio.pid"
}

load_lives() { on client 'kill -0 $(cat /tmp/fio.pid)' || fail "the load ended: $(on client 'tail -n 5 /tmp/fio.out')"; }

# load_end: told to the first process only, which tells the other one by memory: fio 3.33
# waits for ever when a signal interrupts the wait for its last requests.
load_end() {
	load_lives
	on client 'kill -INT $(cat /tmp/fio.pid); until_true 20 eval "! kill -0 $(cat /tmp/fio.pid) 2>/dev/null"' ||
		fail "requests hang: $(on client "cat /sys/kernel/debug/block/rnbd*/{requeue_list,hctx*/{dispatch,busy}}")"
	on client 'grep -q "err= 0" /tmp/fio.out && ! grep -E "err= *[1-9]|verify:" /tmp/fio.out' ||
		fail "fio: $(on client 'tail -n 5 /tmp/fio.out')"
}

# all_down: nothing may be left behind.
all_down() {
	local now
	ask nothing_left || fail "something is left on the client"
	unload client
	now=$(on client 'rdma resource show')
	[ "$now" = "$before" ] || fail "RDMA resources were \"$before\", now \"$now\""
	unload server
}
