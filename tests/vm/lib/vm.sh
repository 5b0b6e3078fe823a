# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# On the host: starts guests, runs commands in them, reads their kernel logs.
# Each guest's state is a directory under $VM_RUN; whoever sources this file
# with the same VM_RUN works on the same guests. The runner sets VM_RUN,
# VM_KERNEL, VM_IMAGE and kills all guests at its end.

VM_BOOT_LIMIT=${VM_BOOT_LIMIT:-90}      # seconds until init, then a new try
VM_SLOW=${VM_SLOW:-1}                    # how many times what a guest may take
VM_LANES='0 1 2 3'                      # commands a guest can run at once

# shellcheck source=links.sh
. "$(dirname "${BASH_SOURCE[0]}")/links.sh"

# fail WORDS: ends the test; what kind of failure it is comes first, as far as the last
# command in a guest that failed tells. fail_bytes WORDS: data is wrong.
fail() { echo "FAIL: $(failure_kind)$*" >&2; exit 1; }
fail_bytes() { echo "FAIL: wrong byte: $*" >&2; exit 1; }

# failure_note STATUS, failure_kind: kept in a file, for commands run in subshells.
failure_note() { [ "$1" = 0 ] || echo "$1 $EPOCHSECONDS" >"$VM_RUN/failure"; }
failure_kind() {
	local status='' at
	read -r status at <"$VM_RUN/failure" 2>/dev/null || :
	[ -n "$status" ] && [ $((EPOCHSECONDS - at)) -le 3 ] || return 0
	case $status in
	123 | 124) echo "hang: " ;;
	125) echo "harness: " ;;
	esac
}
skip() { echo "SKIP: $*"; exit 77; }

vm_number() {
	case $1 in
	server) echo 1 ;; client) echo 2 ;; third) echo 3 ;;
	*) fail "no guest may be named $1" ;;
	esac
}

# slowly SECONDS: what a test may allow for that which takes SECONDS.
slowly() { echo $(($1 * VM_SLOW)); }

# A process that ended and was not yet collected is not alive.
vm_alive() {
	[ -s "$VM_RUN/$1/pid" ] &&
		grep -qs '^State:.[^ZX]' "/proc/$(<"$VM_RUN/$1/pid")/status"
}

# Software emulation copies fastest without erms, AVX and what comes with them;
# a /dev/kvm without vmx or svm hangs stock kernels.
vm_cpu_options() {
	if grep -qwE 'vmx|svm' /proc/cpuinfo && [ -w /dev/kvm ]; then
		echo "-accel kvm -cpu host"
		return
	fi
	echo "-accel tcg,thread=multi,tb-size=256 -cpu max,-la57,-smap,-smep,-xsave,-avx,-avx2,-pku,-umip,-rdrand,-rdseed,-erms,-fsrm,-pclmulqdq"
}

# vm_host: the parent of all guests and switches, started by whoever starts the first of them and
# dead with that one. A guest that a test powers on again outlives the test with it,
# for the runner to look at what it has left.
vm_host() {
	local dir=$VM_RUN/host
	! vm_alive host || return 0
	mkdir -p "$dir"
	rm -f "$dir/orders"
	mkfifo "$dir/orders"
	# shellcheck disable=SC2016 # expanded there
	setpriv --pdeathsig KILL bash -c '
		exec 9<>"$1/orders"
		while read -r dir <&9; do
			mapfile -d "" -t args <"$dir/command"
			setpriv --pdeathsig KILL setsid "${args[@]}" 9>&- >>"$dir/qemu.log" 2>&1 &
			echo $! >"$dir/pid.new"
			mv "$dir/pid.new" "$dir/pid"
		done' vm_host "$dir" </dev/null >/dev/null 2>&1 &
	echo $! >"$dir/pid"
	disown # killing it is no news to the shell
}

# vm_spawn NAME PROGRAM ARGUMENT...: in the background, as a child of that.
vm_spawn() {
	local dir=$VM_RUN/$1
	rm -f "$dir/pid"
	printf '%s\0' "${@:2}" >"$dir/command"
	vm_host
	# opening waits for a reader
	timeout 20 bash -c 'echo "$1" >"$2"' order "$dir" "$VM_RUN/host/orders" || return 1
	until [ -s "$dir/pid" ]; do
		vm_alive host || { echo "nobody starts guests" >&2; return 1; }
		sleep 0.02
	done
}

# vm_qemu NAME ARGUMENT...: QEMU in the background.
vm_qemu() {
	local dir=$VM_RUN/$1
	rm -f "$dir"/mon.{in,out,ready}
	mkfifo "$dir/mon.in" "$dir/mon.out"
	vm_spawn "$1" qemu-system-x86_64 -nodefaults -no-user-config -display none \
		-chardev "pipe,id=mon,path=$dir/mon" -mon chardev=mon,mode=control "${@:2}"
}

# monitor NAME COMMAND: one line to QEMU's monitor. When this returns it is done; these
# commands say nothing, but for their errors.
monitor() {
	local dir=$VM_RUN/$1 lock
	vm_alive "$1" || fail "$1 is not running"
	exec {lock}>"$dir/mon.lock"
	flock "$lock"
	monitor_ask "$@" || fail "QEMU of $1, asked for $2: $REPLY"
	exec {lock}>&-
}

# monitor_ask NAME COMMAND: sets REPLY. What it says unasked, of what the guest does, comes between.
monitor_ask() {
	local dir=$VM_RUN/$1 words=${2//\\/\\\\} id=$RANDOM$RANDOM end in out part line=''
	exec {in}<>"$dir/mon.in" {out}<>"$dir/mon.out"
	[ -e "$dir/mon.ready" ] || echo '{"execute": "qmp_capabilities"}' >&"$in"
	touch "$dir/mon.ready"
	echo '{"execute": "human-monitor-command", "id": '"$id"',
		"arguments": {"command-line": "'"${words//\"/\\\"}"'"}}' >&"$in"
	end=$((SECONDS + $(slowly 30)))
	while REPLY='no answer'; vm_alive "$1" && [ $SECONDS -lt "$end" ]; do
		part=
		if ! read -r -t 1 -u "$out" part; then line+=$part; continue; fi
		REPLY=$line$part line=
		[[ $REPLY = *"\"id\": $id"[,\}]* ]] || continue
		break
	done
	exec {in}>&- {out}>&-
	[[ $REPLY = '{"return": "", '* ]]
}

# vm_wait SECONDS WHAT COMMAND...
vm_wait() {
	local end what=$2
	end=$((SECONDS + $(slowly "$1")))
	shift 2
	until "$@"; do
		[ $SECONDS -lt "$end" ] || { echo "waited too long for $what" >&2; return 1; }
		sleep 0.1
	done
}

# vm_start NAME... [OPTION...]: boots the guests side by side, all with the same
# options; without any, each with those it had last: links=N mem=MIB cpus=N
# disk=FILE (more than once) append=WORDS
vm_start() {
	local word names=() options=() name
	for word in "$@"; do
		case $word in
		*=*) options+=("$word") ;;
		*) names+=("$word") ;;
		esac
	done
	for name in "${names[@]}"; do
		vm_launch "$name" "${options[@]}" || return 1
	done
	for name in "${names[@]}"; do
		vm_await "$name" || return 1
	done
}

# vm_launch NAME [OPTION...]: starts its boot. vm_await NAME: until it is ready.
vm_launch() {
	local name=$1 number option links=2 mem=${VM_MEM:-1024} cpus=2 append='' more=()
	shift
	mkdir -p "$VM_RUN/$name"
	if [ $# -gt 0 ] || [ ! -e "$VM_RUN/$name/options" ]; then
		printf '%s\n' "$@" >"$VM_RUN/$name/options"
	fi
	while read -r option; do
		case $option in
		'') ;;
		links=*) links=${option#*=} ;;
		mem=*) mem=${option#*=} ;;
		cpus=*) cpus=${option#*=} ;;
		append=*) append=${option#*=} ;;
		disk=*) more+=(-drive "if=virtio,format=raw,cache=unsafe,file=${option#*=}") ;;
		*) fail "vm_start: $option?" ;;
		esac
	done <"$VM_RUN/$name/options"
	number=$(vm_number "$name")
	echo "$EPOCHSECONDS" >"$VM_RUN/$name/launched"
	vm_args "$number" "$links" || return 1
	[ -s "$VM_RUN/tsc-khz" ] || "$VM_HOST_PROGRAMS/tsc_khz" >"$VM_RUN/tsc-khz" || return 1
	vm_power_on "$name" -smp "$cpus" -m "$mem" "${vm_args[@]}" "${more[@]}" \
		-append "$(vm_command_line "$name" "$number") $append"
}

# A boot may hang before init under software emulation, never after it.
vm_await() {
	local name=$1 try
	for try in 1 2 3; do
		if vm_wait "$VM_BOOT_LIMIT" "$name to reach init" vm_says "$name" '^guest: init\|Kernel panic' &&
			vm_says "$name" '^guest: init'; then
			vm_wait 120 "$name to become ready" vm_says "$name" '^guest: ready' || return 1
			[ -e "$VM_RUN/boot-seconds" ] || echo $((EPOCHSECONDS - $(<"$VM_RUN/$name/launched"))) >"$VM_RUN/boot-seconds"
			log_mark "$name"
			resources_note "$name"
			return
		fi
		echo "$name did not reach init (try $try)" | tee -a "$VM_RUN/hung-boots"
		vm_kill "$name"
		vm_launch "$name" || return 1
	done
	echo "$name does not boot"
	return 1
}

# Time from the TSC, which is the host's: that of an emulated HPET costs an exit a
# look, with QEMU's big lock. The guest is told its frequency: measured against emulated
# timers on a busy host it was one sixteenth once, and all the guest's limits with it. No random addresses for programs: QEMU knows code by its
# address, and would translate every program's libraries anew. No keys for modules'
# signatures and no tests of the kernel's own ciphers: a sixth of a boot.
vm_command_line() {
	echo "console=ttyS0 ignore_loglevel printk.devkmsg=on panic=0 oops=panic panic_on_warn=1" \
		"init_on_alloc=0 mitigations=off audit=0 apparmor=0 nokaslr norandmaps" \
		"initcall_blacklist=load_system_certificate_list cryptomgr.notests=1" \
		"tsc=reliable tsc_early_khz=$(<"$VM_RUN/tsc-khz") watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120" \
		"rdinit=/init rnbd.name=$1 rnbd.host=$2 ${VM_APPEND:-}"
}

# vm_args NUMBER LINKS: sets vm_args, network part.
vm_args() {
	local number=$1 link names=('' server client third)
	vm_args=()
	for ((link = 0; link < $2; link++)); do
		switch_start "$link" || return 1
		vm_args+=(-netdev "stream,id=net$link,server=off,addr.type=unix,addr.path=$VM_RUN/switch$link/${names[number]}"
			-device "virtio-net-pci,netdev=net$link,mac=$(vm_mac "$number" "$link"),romfile=")
	done
}

vm_mac() { echo "52:54:00:77:0$2:0$1"; }

vm_power_on() {
	local name=$1 dir=$VM_RUN/$1 lane args=()
	shift
	rm -f "$dir"/lane* "$dir"/broken* "$dir"/busy* "$dir/frozen"
	for lane in $VM_LANES; do
		mkfifo "$dir/lane$lane.in" "$dir/lane$lane.out"
		args+=(-chardev "pipe,id=lane$lane,path=$dir/lane$lane"
			-device "virtserialport,chardev=lane$lane,name=lane$lane")
	done
	touch "$dir/console.log"
	stat -c %s "$dir/console.log" >"$dir/boot-mark"
	# shellcheck disable=SC2046 # a list of options
	vm_qemu "$name" -M q35 $(vm_cpu_options) -kernel "$VM_KERNEL" -initrd "$VM_IMAGE" \
		-chardev "file,id=console,path=$dir/console.log,append=on" -serial chardev:console \
		-device virtio-rng-pci -device virtio-serial-pci,max_ports=8 \
		"${args[@]}" "$@"
}

# No pipe: grep ends at the first match, and a writer killed by that fails the pipe.
vm_says() { grep -q "$2" < <(vm_log "$1"); }

# vm_crashed NAME: its kernel gave up. What it says of that takes a while on a
# serial line, and the reader of the log wants the whole of it.
vm_crashed() {
	vm_says "$1" 'Kernel panic' || return 1
	vm_wait 20 "the end of $1's last words" vm_says "$1" 'end Kernel panic' || :
}

# vm_kill NAME: as if its power were cut. vm_start brings it back, empty.
vm_kill() {
	local pid
	vm_alive "$1" || return 0
	pid=$(<"$VM_RUN/$1/pid")
	kill -KILL "$pid" 2>/dev/null || :
	while vm_alive "$1"; do sleep 0.05; done
	rm -f "$VM_RUN/$1/pid"
}

vm_freeze() { monitor "$1" stop; touch "$VM_RUN/$1/frozen"; }
vm_thaw() { monitor "$1" cont; rm -f "$VM_RUN/$1/frozen"; }

# on NAME COMMANDS: runs them in the guest with bash; prints what they print,
# returns their status; 123 when they waited in vain (until_true), 124 when they take
# longer than ON_LIMIT (60) seconds, 125 when the guest is not there. The first that fails ends them, and a pipe fails with any of its parts. Up to four at a time on
# one guest.
on() {
	local name=$1 code=$2 lane fd whole rc=0
	while :; do
		vm_alive "$name" || { echo "$name is not running" >&2; failure_note 125; return 125; }
		whole=no
		for lane in $VM_LANES; do
			[ ! -e "$VM_RUN/$name/broken$lane" ] || continue
			whole=yes
			exec {fd}>"$VM_RUN/$name/lane$lane.lock"
			if ! flock -n "$fd"; then
				:
			elif [ -e "$VM_RUN/$name/busy$lane" ]; then
				# free, and not answered: who asked was killed
				touch "$VM_RUN/$name/broken$lane"
			else
				lane_run "$name" "$lane" "$(slowly "${ON_LIMIT:-60}")" "$code" {fd}>&- || rc=$?
				exec {fd}>&-
				failure_note $rc
				return $rc
			fi
			exec {fd}>&-
		done
		[ $whole = yes ] || { echo "nothing in $name answers any more" >&2; failure_note 125; return 125; }
		sleep 0.1
	done
}

# fails NAME TEXT COMMANDS: in the guest they must end with an error, and say TEXT.
fails() {
	local out rc=0
	[ -n "$2" ] || fail "$3: any words would do"
	out=$(on "$1" "{ $3
		} 2>&1" 2>/dev/null) || rc=$?
	case $rc in
	0) fail "no error: $3" ;;
	12[3-7]) fail "status $rc instead of an error: $3: $out" ;;
	esac
	[[ $out = *"$2"* ]] || fail "$3: \"$out\" does not say \"$2\""
}

# lane_run NAME LANE SECONDS CODE: sends "id seconds slowness bytes" and the code, takes
# "id status bytes command", the command that failed, and the output. A guest that
# crashed ends the wait.
lane_run() {
	local name=$1 lane=$2 seconds=$3 dir=$VM_RUN/$1 id=$RANDOM$RANDOM line='' part end got rc size failed
	local LC_ALL=C
	touch "$dir/busy$lane"
	exec 8<>"$dir/lane$lane.in"
	printf '%s\n%s' "$id $seconds $VM_SLOW ${#4}" "$4" >&8
	exec 8<>"$dir/lane$lane.out"
	end=$((SECONDS + seconds + 30))
	while :; do
		part=
		if read -r -t 1 part <&8; then
			read -r got rc size failed <<<"$line$part"
			[ "$got" != "$id" ] || break
			line=
			continue
		fi
		line+=$part
		if [ $SECONDS -ge $end ] || ! vm_alive "$name" || vm_crashed "$name"; then
			exec 8>&-
			touch "$dir/broken$lane"
			echo "no answer from $name to: $4" >&2
			return 124
		fi
	done
	if [ "$size" != 0 ] && ! timeout 60 head -c "$size" <&8; then
		touch "$dir/broken$lane"
		echo "no whole answer from $name to: $4" >&2
		rc=124
	fi
	exec 8>&-
	rm -f "$dir/busy$lane"
	[ -z "$failed" ] || [ "$rc" = 0 ] || echo "$name: status $rc of: $failed" >&2
	return "$rc"
}

# load_ours NAME MODULE [PARAMETER=VALUE...]
load_ours() { on "$1" "modprobe ${*:2}"; }

# load_peer NAME MODULE [PARAMETER=VALUE...]: the in-tree module and, before it,
# those it stands on.
load_peer() {
	local name=$1 module=$2 side=${2#*-}
	shift 2
	on "$name" "set -e
		modprobe rdma_cm
		cd /peers
		for m in rtrs-core rtrs-$side; do
			grep -q \"^\${m/-/_} \" /proc/modules || insmod \$m.ko
		done
		case $module in rnbd-*) insmod $module.ko $* ;; esac"
}

# patient_client: rtrs-client with heartbeats that a guest which stands still for some
# seconds does not miss. A test that is about noticing a loss sets heartbeats=quick.
patient_client() {
	[ "${heartbeats:-patient}" = quick ] || load_ours client rtrs-client heartbeat_busy_ms=1000 heartbeat_missed_max=10
}

# unload NAME: every rnbd and rtrs module, ours or in-tree, if loaded.
unload() {
	# shellcheck disable=SC2016 # for the guest's shell
	on "$1" 'for m in rnbd_client rnbd_server rtrs_client rtrs_server rtrs_core; do
		! grep -q "^$m " /proc/modules || rmmod $m || exit 1
	done'
}

# unload_clean NAME BEFORE: as unload; nothing is left of what the modules took
# (BEFORE: what "rdma resource show" said without them), and the log is clean.
unload_clean() {
	local now
	unload "$1"
	now=$(on "$1" 'rdma resource show')
	[ "$now" = "$2" ] || fail "left on $1: $now, before: $2"
	log_clean "$1"
}

have_peers() { on "$1" 'test -e /peers/rnbd-client.ko'; }
have_ours() { on "$1" 'modinfo rnbd-client >/dev/null 2>&1'; }

# neighbours: fixed entries for link 0 on both guests, for peers that give up the
# first address resolution when they miss its wake-up.
neighbours() {
	on server "ip neigh replace 10.77.0.2 lladdr $(vm_mac 2 0) dev eth0
		ip -6 neigh replace fd77::2 lladdr $(vm_mac 2 0) dev eth0"
	on client "ip neigh replace 10.77.0.1 lladdr $(vm_mac 1 0) dev eth0
		ip -6 neigh replace fd77::1 lladdr $(vm_mac 1 0) dev eth0"
}

# log_sync NAME: until the console has all that the kernel has said by now: a line of ours
# behind it has come. A guest that cannot speak has said what it has. log_sync NAME COMMAND:
# and that is done there, behind the line.
log_sync() {
	local line="harness: line $RANDOM$RANDOM"
	if [ -e "$VM_RUN/$1/frozen" ] || ! vm_alive "$1" || vm_says "$1" 'Kernel panic'; then return; fi
	# says nothing about the test that it is for
	if ! (failure_note() { :; }; on "$1" "echo '$line' >/dev/kmsg; ${2:-}") 2>/dev/null ||
		! vm_wait 20 "the console of $1" vm_says "$1" "$line"; then
		# for log_clean: what may be missing is no proof
		touch "$VM_RUN/$1/log-behind"
	fi
}

# vm_log NAME: the console since the guest's boot. log_mark NAME: what was said
# so far is old, to `said` in the guest too; its faults are kept for log_clean.
# log_since NAME: since the mark, which may be several boots. log_forgive NAME: old, and no fault counts.
vm_log() { console_from "$1" boot-mark; }
# A reader that has seen enough is no error.
console_from() { tail -c +"$(($(<"$VM_RUN/$1/$2") + 1))" "$VM_RUN/$1/console.log" || [ $? = 141 ]; }
log_mark() {
	log_sync "$1" 'dmesg --clear'
	[ ! -s "$VM_RUN/$1/mark" ] || log_faults "$1" >>"$VM_RUN/$1/faults" || :
	stat -c %s "$VM_RUN/$1/console.log" >"$VM_RUN/$1/mark"
}
log_since() { log_sync "$1"; console_from "$1" mark; }
log_forgive() {
	log_mark "$1"
	rm -f "$VM_RUN/$1/faults"
}

# What no test may leave in a kernel log. What a kernel says of itself before
# init is not ours.
fault_words='BUG:|BUG at|kernel BUG|WARNING:|Oops|Kernel panic|Call Trace|KASAN|KCSAN|UBSAN|kmemleak|possible memory leak|suspicious RCU|possible (circular|recursive) locking|inconsistent lock state|INFO: task|blocked for more than|rcu: INFO|general protection|refcount_t|list_(add|del) corruption|use-after-free|NETDEV WATCHDOG|Bad page|soft lockup|hard LOCKUP|DEADLOCK'
log_faults() {
	log_since "$1" | awk '/Linux version / { boot = 1 } /^guest: init/ { boot = 0 } !boot' | grep -aE "$fault_words"
}

# log_crash NAME: what a kernel that gave up said from its first complaint on.
log_crash() {
	! vm_says "$1" 'Kernel panic' || log_since "$1" | grep -aE -m 1 -A 60 "$fault_words"
}

# log_clean NAME: fails, printing the lines, when the log has any of them, or
# the kernel a taint other than for modules that are out of tree and unsigned.
log_clean() {
	local taint bad
	bad=$(cat "$VM_RUN/$1/faults" 2>/dev/null || :; log_faults "$1" || :)
	if [ -e "$VM_RUN/$1/log-behind" ]; then
		rm "$VM_RUN/$1/log-behind"
		echo "harness: the console of $1 did not say all"
		return 1
	fi
	if [ -n "$bad" ]; then
		echo "kernel log of $1:"
		echo "$bad"
		return 1
	fi
	vm_alive "$1" || return 0
	taint=$(on "$1" 'cat /proc/sys/kernel/tainted') || { echo "$1 does not tell its taint"; return 1; }
	# bits 12 (out of tree), 13 (unsigned)
	[ $((taint & ~0x3000)) = 0 ] || { echo "$1 is tainted: $taint"; return 1; }
}

# rdma_objects NAME: how many there are of each RDMA device, by its name.
rdma_objects() { on "$1" "rdma resource show | sed 's/^[0-9]*: //' | sort"; }

# resources_note NAME: so many RDMA objects are nobody's fault; fails when the guest
# does not tell. resources_same
# NAME: fails, printing them, when there are others and no module of ours or of
# a peer that could own them.
resources_note() {
	rdma_objects "$1" >"$VM_RUN/$1/resources" && [ -s "$VM_RUN/$1/resources" ] ||
		{ echo "$1 does not tell its RDMA objects: $(<"$VM_RUN/$1/resources")"; return 1; }
}
resources_same() {
	local now
	vm_alive "$1" && ! on "$1" 'grep -qE "^(rtrs|rnbd)_" /proc/modules' || return 0
	now=$(rdma_objects "$1")
	[ "$now" != "$(<"$VM_RUN/$1/resources")" ] || return 0
	echo "RDMA objects of $1: $now, at first: $(<"$VM_RUN/$1/resources")"
	return 1
}

# devices_anew NAME: soft RDMA as after a boot. The in-tree modules leave completion
# queues with a device, which would be gone when a later test deletes it.
devices_anew() {
	vm_alive "$1" || return 0
	on "$1" '! grep -qE "^(rtrs|rnbd)_" /proc/modules || exit 0
		for dev in /sys/class/infiniband/rxe*; do
			dev=${dev##*/rxe}
			[ "$dev" = "*" ] ||
				{ rdma link delete "rxe$dev" && rdma link add "rxe$dev" type rxe netdev "eth$dev"; } || exit 1
		done'
	resources_note "$1"
}

# leaks NAME: fails, printing them, when a debug kernel has memory that nothing
# points to. Its scanner passes over what is younger than 5 s.
leaks() {
	local found
	found=$(ON_LIMIT=300 on "$1" 'set -e
		cd /sys/kernel/debug
		sleep 5
		echo scan >kmemleak
		cat kmemleak
		echo clear >kmemleak') || { echo "no scan for leaks of $1: $found"; return 1; }
	[ -n "$found" ] || return 0
	echo "leaks of $1:"
	echo "$found"
	return 1
}
