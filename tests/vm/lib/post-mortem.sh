# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# On the host: what is kept of a test that failed, before its guests go. Whoever reads it
# was not there: where requests stand, who owns slots, which path is lost and why, what
# the server works on.

# state_of NAME: of a guest, as its commands tell it. None of them is missed.
state_of() {
	ON_LIMIT=60 on "$1" '
	say() { echo; echo "== $1"; timeout 15 "${@:2}" 2>&1 || echo "(status $?)"; }
	files() { say "$1" grep -sH "" "${@:2}"; }
	# the stacks of tasks that wait, into the log
	echo 1 >/proc/sys/kernel/sysrq
	echo w >/proc/sysrq-trigger
	say "processes" ps -eo pid,stat,wchan:30,args
	cd /sys/kernel/debug
	files "requests" block/rnbd*/{requeue_list,state} block/rnbd*/hctx*/{dispatch,busy,state} /sys/block/rnbd*/{inflight,stat}
	files "sysfs of the client" /sys/block/rnbd*/rnbd/* /sys/class/rtrs-client/*/* /sys/class/rtrs-client/*/paths/*/{state,cause,stats/*}
	files "sysfs of the server" /sys/class/rtrs-server/*/paths/*/{state,stats/*} /sys/class/rnbd-server/ctl/devices/*/sessions/*/*
	say "paths" rnbdctl list paths -j
	say "status" rnbdctl status
	files "soft RDMA" /sys/class/infiniband/*/ports/1/hw_counters/*
	say "RDMA objects" rdma resource show
	say "connections" rdma resource show cm_id
	say "queue pairs" rdma resource show qp
	say "links" ip -br link
	say "neighbours" ip neigh
	say "queueing" tc -s qdisc show
	# last, for it waits for locks that may be what hangs
	files "our debugfs" {rtrs,rnbd}-{client,server}/*'
}

# post_mortem DIRECTORY: the state of each guest, into NAME.state there; links.state: of the
# switches between them.
post_mortem() {
	local name waits=() pid
	for name in server client third; do
		if ! vm_alive "$name" || vm_says "$name" 'Kernel panic'; then continue; fi
		[ ! -e "$VM_RUN/$name/frozen" ] || (vm_thaw "$name") || :
		state_of "$name" >"$1/$name.state" 2>&1 &
		waits+=($!)
	done
	links_status >"$1/links.state" 2>&1 || :
	for pid in "${waits[@]}"; do wait "$pid" || :; done
}

# summary DIRECTORY: of that, what is read first: requests that stand, slots and operations,
# what paths say.
summary() {
	local name
	for name in server client; do
		[ ! -s "$1/$name.state" ] || grep -E '(requeue_list|dispatch|busy|slots|operations|waiting|paths/[^/]*/(state|cause)):.' \
			"$1/$name.state" | head -n 40 | sed "s/^/$name: /" || :
	done
}
