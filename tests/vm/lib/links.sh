# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# On the host: the links between guests. Part of vm.sh.
#
#   server 10.77.0.1 fd77::1 --- switch --- client 10.77.0.2 fd77::2     link 0
#          10.78.0.1 fd78::1 --- switch --- client 10.78.0.2 fd78::2     link 1

VM_HOST_PROGRAMS=${VM_HOST_PROGRAMS:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)/build/host}
VM_SWITCH=${VM_SWITCH:-$VM_HOST_PROGRAMS/switch}

# switch_start N: the switch of a link (tests/vm/host/switch). Guests may come and go, and
# none that stands still holds up another, as on a real network.
switch_start() {
	local name=switch$1 dir=$VM_RUN/switch$1
	! vm_alive "$name" || return 0
	[ -x "$VM_SWITCH" ] || { echo "no $VM_SWITCH: scripts/build-tools makes it" >&2; return 1; }
	mkdir -p "$dir"
	# left by a switch that was killed
	rm -f "$dir/control"
	vm_spawn "$name" "$VM_SWITCH" serve "$dir" server client third || return 1
	vm_wait 20 "the switch" test -S "$dir/control"
}

# link_ask N COMMAND...: of the switch of link N; prints its answer. When this returns it is done.
link_ask() {
	local answer
	answer=$("$VM_SWITCH" ask "$VM_RUN/switch$1" "${@:2}" 2>&1) || fail "switch of link $1, asked for ${*:2}: $answer"
	[ -z "$answer" ] || echo "$answer"
}

# link_cut N NAME, link_join N NAME: frames from and to the guest vanish; its own port stays up.
link_cut() { link_ask "$1" cut "$2"; }
link_join() { link_ask "$1" join "$2"; }

# link_stall N NAME, link_flow N NAME: the guest's adapter cannot send, and keeps what it is given.
link_stall() { link_ask "$1" stall "$2"; }
link_flow() { link_ask "$1" flow "$2"; }

# link_rule N pass|hold|drop|duplicate RULE [WORD...]: from now on, with frames that fit
# all words: from=GUEST op=KIND qp=NUMBER skip=N limit=N (tests/vm/host/switch/main.c).
link_rule() { link_ask "$@"; }

# link_met N RULE: prints how many frames that was. link_await N RULE COUNT [SECONDS]: until it
# is so many. link_release N RULE: its end; what it holds goes on, in order; prints how many.
link_met() { link_ask "$1" count "$2"; }
link_await() { link_ask "$1" wait "$2" "$3" "$(slowly "${4:-10}")"; }
link_release() { link_ask "$1" release "$2"; }

# links_status: prints what each switch knows of its ports and rules.
links_status() {
	local dir
	for dir in "$VM_RUN"/switch*; do
		! vm_alive "${dir##*/}" || "$VM_SWITCH" ask "$dir" status | sed "s/^/${dir##*/}: /"
	done
}

# links_whole: fails, printing it, when a test has left a rule or a port that is cut or stalled.
links_whole() {
	local left
	left=$(links_status | grep -E ': rule|: port [a-z]*( absent)? (cut|stalled)') || return 0
	echo "left: $left"
	return 1
}

# capture_start NAME [LINK]: from now on all frames on the guest's link, both
# ways, go to $VM_RUN/NAME/linkN.pcap; capture_stop NAME [LINK]: the file is
# whole. Large captures slow the guest down. The runner keeps what a test leaves.
capture_start() {
	local link=${2:-0} file=$VM_RUN/$1/link${2:-0}.pcap
	rm -f "$file"
	monitor "$1" "object_add filter-dump,id=capture$link,netdev=net$link,file=$file"
}
capture_stop() { monitor "$1" "object_del capture${2:-0}"; }
