# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the tests with two paths: modules of either kind on either side (CLIENT=
# and SERVER=, ours or intree), a session over both links, ways to lose a path
# and to get it back, a load that checks all it reads, waits for what happened.
#
# A loss is WHAT@WHERE of a link:
#   down@client down@server               ip link set down
#   carrier@client carrier@server         the cable pulled out of the guest
#   silent@client silent@server           what this guest sends vanishes in the switch
#   silent@switch                         what either sends vanishes
#   netem@client long@client              as silent, in the guest itself, whose clock then has the end (130)
#   rdma@client rdma@server               rdma link delete
#   disconnect@client disconnect@server   the administrator's, on one path
#   freeze@server                         the guest stands still: both links

# shellcheck source=intree-client.sh
. "$(dirname "${BASH_SOURCE[0]}")/intree-client.sh"

session=fo
CLIENT=${CLIENT:-ours} SERVER=${SERVER:-ours}
paths=/sys/class/rtrs-client/$session/paths
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}

address() { echo "ip:10.$((77 + $2)).0.$(vm_number "$1")"; }
# path_name LINK: its directory, on either side.
path_name() { echo "$(address client "$1")@$(address server "$1")"; }

# need_modules: skips when what CLIENT and SERVER ask for is not there.
need_modules() {
	local side
	for side in client:$CLIENT server:$SERVER; do
		if [ "${side#*:}" = intree ]; then
			have_peers "${side%:*}" || skip "the in-tree peers are not built"
		else
			have_ours "${side%:*}" || skip "our modules are not built"
		fi
	done
	echo "client $CLIENT, server $SERVER, seed $seed"
}

# fixed_neighbours: on both links; a link that goes down forgets its own.
fixed_neighbours() {
	local link
	for link in 0 1; do
		on server "ip neigh replace 10.$((77 + link)).0.2 lladdr $(vm_mac 2 $link) dev eth$link 2>/dev/null || :"
		on client "ip neigh replace 10.$((77 + link)).0.1 lladdr $(vm_mac 1 $link) dev eth$link 2>/dev/null || :"
	done
}

# server_load DIRECTORY [PARAMETER=VALUE of rtrs-server...]
server_load() {
	local dir=$1
	shift
	if [ "$SERVER" = intree ]; then
		on server "set -e; modprobe rdma_cm; cd /peers; insmod rtrs-core.ko
			insmod rtrs-server.ko $*; insmod rnbd-server.ko dev_search_path=$dir"
	else
		on server "modprobe rtrs-server $* && modprobe rnbd-server dev_search_path=$dir"
	fi
}

client_load() {
	if [ "$CLIENT" = intree ]; then
		load_peer client rnbd-client
	else
		load_ours client rnbd-client
	fi
}

# map_paths DEVICE [WORDS]: over both links, or MAP_LINKS, used in turn; sets
# disk. The words are for our client, the in-tree one knows none of them.
map_paths() {
	local link addresses=()
	for link in ${MAP_LINKS:-0 1}; do addresses+=("$(address server "$link")"); done
	if [ "$CLIENT" = intree ]; then
		intree_map $session "$1" "${addresses[@]}" || fail "map $1"
	else
		on client "echo 'sessname=$session device_path=$1 ${addresses[*]/#/path=} ${*:2}' \
			>/sys/class/rnbd-client/ctl/map_device" || fail "map $1"
	fi
	disk=$(on client "grep -lx $session /sys/block/rnbd*/rnbd/session | cut -d/ -f4")
	on client "until_true 10 test -b /dev/$disk; echo round-robin >$paths/../mpath_policy"
	# shellcheck disable=SC2086 # a list of words
	paths_are 20 connected ${MAP_LINKS:-0 1}
}

# all_down: unmaps, unloads; nothing may be left.
all_down() {
	on client "echo normal >/sys/block/$disk/rnbd/unmap_device; until_true 20 test ! -e /sys/block/$disk"
	on client 'until_true 20 none "/sys/class/rtrs-client/*"'
	unload client
	on server 'until_true 50 none "/sys/class/rtrs-server/*"'
	unload server
}

# ---- losses ----

lose() {
	local what=${1%@*} where=${1#*@} link=$2
	case $what in
	down) on "$where" "ip link set eth$link down" ;;
	carrier) monitor "$where" "set_link net$link off" ;;
	silent)
		if [ "$where" = switch ]; then
			link_cut "$link" client
		else
			link_rule "$link" drop "silent-$where" "from=$where"
		fi ;;
	netem | long) on "$where" "modprobe sch_netem && tc qdisc replace dev eth$link root netem loss 100%" ;;
	rdma) on "$where" "rdma link delete rxe$link" ;;
	disconnect) on "$where" "echo 1 >/sys/class/rtrs-$where/$session/paths/$(path_name "$link")/disconnect" ;;
	freeze) vm_freeze "$where" ;;
	*) fail "no loss is called $1" ;;
	esac
}

# undo_words KIND LINK: for the shell of the guest that lost something.
undo_words() {
	case ${1%@*} in
	down) echo "ip link set eth$2 up" ;;
	netem | long) echo "tc qdisc del dev eth$2 root" ;;
	rdma) echo "rdma link add rxe$2 type rxe netdev eth$2" ;;
	esac
}

# undo LOSS LINK: the world does. heal LOSS LINK: and the administrator tells a
# client that forgets a path whose device or route was away.
undo() {
	local what=${1%@*} where=${1#*@} link=$2
	case $what in
	down) on "$where" "$(undo_words "$@")"; fixed_neighbours ;;
	carrier) monitor "$where" "set_link net$link on"; fixed_neighbours ;;
	silent)
		if [ "$where" = switch ]; then
			link_join "$link" client
		else
			link_release "$link" "silent-$where" >/dev/null
		fi ;;
	rdma) on "$where" "$(undo_words "$@")" ;;
	disconnect) [ "$where" != client ] || reconnect "$link" ;;
	freeze) vm_thaw "$where" ;;
	esac
}

heal() {
	undo "$@"
	case $CLIENT-$1 in
	intree-*@switch) ;;
	intree-*) reconnect "$2" ;;
	esac
}

# reconnect LINK: the administrator's, until it works. try_reconnect SECONDS LINK
reconnect() { try_reconnect 120 "$1" || fail "link $1 does not connect again"; }

try_reconnect() {
	ON_LIMIT=$(($1 + 30)) on client "until_true $1 eval 'has $paths/$(path_name "$2")/state connected ||
		{ echo 1 >$paths/$(path_name "$2")/reconnect; } 2>/dev/null' >/dev/null"
}

# ---- what happened; in the guest ----

# counters DIRECTORY-OF-PATH: "reconnects requests", sums since the session began.
counters() {
	local n reads writes
	read -r n _ <"$1/stats/reconnects"
	read -r reads _ writes _ <"$1/stats/rdma"
	echo "$n $((reads + writes))"
}

# was_lost DIRECTORY RECONNECTS: not connected, or connected anew since.
was_lost() {
	local now
	read -r now _ <"$1/stats/reconnects"
	[ "$(<"$1/state")" != connected ] || [ "$now" -gt "$2" ]
}

# carries DIRECTORY REQUESTS: connected and used since.
carries() {
	local reads writes
	read -r reads _ writes _ <"$1/stats/rdma"
	[ "$(<"$1/state")" = connected ] && [ $((reads + writes)) -gt "$2" ]
}

# ---- what happened; on the host ----

# clock NAME: milliseconds, by that guest's clock.
clock() { on "$1" "echo \$((\${EPOCHREALTIME/./} / 1000))"; }

# watch COMMANDS: on the client, with the functions above.
watch() { on client "$(declare -f counters was_lost carries); $1"; }

# counters_of LINK
counters_of() { watch "counters $paths/$(path_name "$1")"; }

# fail_of WORDS: fails, after what each side and its devices know of the paths.
fail_of() {
	local name kind
	kind=$(failure_kind)
	for name in client server; do
		echo "$name:"
		# shellcheck disable=SC2016 # for the guest's shell
		on "$name" 'cd /sys/class/infiniband; grep . */ports/1/hw_counters/*err*
			rdma resource show cm_id; rdma resource show qp
			ip -br link; ip neigh; tc -s qdisc show; rnbdctl list paths -j' || :
	done
	links_status
	for name in server client; do
		echo "$name's log:"
		on "$name" 'dmesg | grep -E "rtrs|rnbd" | tail -n 5' || :
	done
	fail "$kind$*"
}

# try_paths_are SECONDS STATE LINK...: sets link to the first that is not.
try_paths_are() {
	local limit=$1 state=$2
	for link in "${@:3}"; do
		ON_LIMIT=$((limit + 30)) on client "until_true $limit has $paths/$(path_name "$link")/state $state" || return 1
	done
}

# paths_are SECONDS STATE LINK...
paths_are() {
	local link
	try_paths_are "$@" || fail_of "link $link is not $2"
}

# noticed SECONDS LINK RECONNECTS: the client has left this path.
noticed() {
	ON_LIMIT=$(($1 + 30)) watch "until_true $1 was_lost $paths/$(path_name "$2") $3" ||
		fail_of "the loss of link $2 goes unnoticed"
}

# both_carry SECONDS: requests go by both paths from now on.
both_carry() {
	local link now limit=$1
	for link in 0 1; do
		read -r _ now <<<"$(counters_of "$link")"
		ON_LIMIT=$((limit + 30)) watch "until_true $limit carries $paths/$(path_name "$link") $now" ||
			fail_of "link $link carries nothing"
	done
}

# ---- load ----

# fio_start [OPTION...]: pass after pass of writing and verifying on the first 8 MiB.
fio_start() {
	on client "rm -f /run/fio.*
		while [ ! -e /run/fio.stop ]; do
			fio --name=v --filename=/dev/$disk --rw=randwrite --bsrange=4k-16k --size=8m --number_ios=600 \
				--randseed=$seed --iodepth=8 --ioengine=libaio --direct=1 --verify=crc32c \
				--verify_fatal=1 --rate_iops=400 --minimal $* >/run/fio.out 2>&1 || { touch /run/fio.failed; break; }
			echo pass >>/run/fio.passes
		done >/dev/null 2>&1 </dev/null &
		until_true 20 runs fio" || fail "fio does not run: $(on client 'cat /run/fio.out')"
}

fio_good() {
	on client '! test -e /run/fio.failed || { cat /run/fio.out; exit 1; }' || fail "fio: I/O or verify error"
}

fio_stop() {
	on client 'touch /run/fio.stop'
	ON_LIMIT=150 on client 'until_true 120 gone fio' || fail "requests of fio hang"
	fio_good
	on client 'test -s /run/fio.passes' || fail "fio never finished a pass"
}

# load_start: fio; the ledger behind what it writes. Both spare the guests, which are slow.
load_start() {
	ledger_start at=4096 blocks=512 threads=8 pause=4000
	fio_start
}

# load_good: neither load has met an error.
load_good() {
	fio_good
	ledger_good
}

load_stop() {
	fio_stop
	ledger_good
	ledger_stop
}

# ledger_start [OPTION...]: a new one. ledger_resume: with the numbers it had.
ledger_start() {
	on client 'rm -f /run/ledger'
	ledger_resume "$@"
}

ledger_resume() {
	on client "rm -f /run/ledger.out
		setsid ledger run /dev/$disk /run/ledger seed=$seed $* >/run/ledger.out 2>&1 </dev/null &
		until_true 10 test -s /run/ledger.out"
}

# ledger_await WRITES SECONDS: until that many more are durable.
ledger_await() {
	ON_LIMIT=$(($2 + 30)) on client "ledger await /run/ledger $1 $2" || fail "I/O does not go on"
}

# ledger_value NAME: of what `ledger stat` says.
ledger_value() { on client 'ledger stat /run/ledger' | sed -n "s/.*\b$1 \([0-9]*\).*/\1/p"; }

ledger_good() {
	local said
	said=$(on client 'ledger stat /run/ledger')
	[[ $said = *' bad 0 '* ]] || fail_bytes "ledger: $said: $(on client 'head -n 5 /run/ledger.out')"
	[[ $said = *' errors 0 bad 0 '* ]] || fail "ledger: $said: $(on client 'head -n 5 /run/ledger.out')"
}

# ledger_stop: all requests end, and the disk has all it promised.
ledger_stop() {
	local rc=0
	ON_LIMIT=100 on client 'ledger stop /run/ledger 60' || fail "requests of the ledger hang"
	ON_LIMIT=400 on client "ledger verify /dev/$disk /run/ledger" || rc=$?
	[ $rc != 124 ] || fail "reading all blocks takes too long: $(on client "grep . $paths/*/state $paths/*/stats/rdma")"
	[ $rc = 0 ] || fail_bytes "durable writes are lost"
}
