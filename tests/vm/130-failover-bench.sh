#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long I/O stands still when one of two paths is lost and when the server
# reboots, and how long until all is as before. Prints the rows of a table,
# median and worst; asserts nothing about time. ROUNDS= (default 3), KINDS=.
# vms: pair
# links: 2
# boot: fresh
# kernels: none
# limit: 14400
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/failover.sh"

need_modules
rounds=${ROUNDS:-3}
back_limit=${BACK_LIMIT:-90}
declare -A names=(
	[silent@client]='silent loss (100 % netem)'
	[disconnect@server]='loud loss (server disconnects)'
	[down@client]='ip link down, up'
	[rdma@client]='rdma link delete, add'
	[reboot]='server reboot')

serve() {
	on server 'modprobe brd rd_nr=1 rd_size=65536'
	server_load /dev
}
clock() { on client "echo \$((\${EPOCHREALTIME/./} / 1000))"; }

# back_after WORDS: milliseconds from before the client's shell does them, or what
# they set start to, until both links carry requests that came later; empty when
# they never do. All of it in the guest: a command to it takes longer than a path.
back_after() {
	local a b
	a=$paths/$(path_name 0)
	b=$paths/$(path_name 1)
	ON_LIMIT=$((back_limit + 90)) watch "
		now() { echo \$((\${EPOCHREALTIME/./} / 1000)); }
		start=\$(now)
		$1
		read -r _ x <<<\"\$(counters $a)\"
		read -r _ y <<<\"\$(counters $b)\"
		end=\$((SECONDS + $back_limit))
		until carries $a \$x && carries $b \$y; do
			[ \$SECONDS -lt \$end ] || exit 0
			sleep 0.02
		done
		echo \$((\$(now) - start))"
}

note() { echo "$2" >>"$VM_RUN/bench.$1"; }

# comes_back KIND LINK RECONNECTS: what has no link that returns comes back by itself.
comes_back() {
	if [ "$1" = disconnect@server ]; then
		back_after "until_true 60 was_lost $paths/$(path_name "$2") $3; start=\$(now)"
	else
		back_after "$(undo_words "$1" "$2")"
	fi
}

# one_loss KIND LINK
one_loss() {
	local kind=$1 link=$2 reconnects back watcher=''
	read -r reconnects _ <<<"$(counters_of "$link")"
	on client 'ledger mark /run/ledger'
	if [ "$kind" = disconnect@server ]; then
		comes_back "$kind" "$link" "$reconnects" >"$VM_RUN/bench.back" &
		watcher=$!
	fi
	lose "$kind" "$link"
	noticed 60 "$link" "$reconnects"
	ledger_await 100 60
	note "$kind.gap" "$(ledger_value gap_ms)"
	note "$kind.slowest" "$(ledger_value slowest_ms)"
	if [ -n "$watcher" ]; then
		wait $watcher
		back=$(<"$VM_RUN/bench.back")
	else
		back=$(comes_back "$kind" "$link" "$reconnects")
		fixed_neighbours
	fi
	note "$kind.back" "${back:-never}"
	note "$kind.errors" "$(ledger_value errors)"
	[ -n "$back" ] || reconnect "$link"
	paths_are 120 connected 0 1
}

reboot_once() {
	local start
	on client 'ledger mark /run/ledger'
	vm_kill server
	vm_start server
	fixed_neighbours
	serve
	start=$(clock)
	ON_LIMIT=150 on client 'ledger await /run/ledger 1 120'
	note reboot.gap $(($(clock) - start))
	note reboot.slowest "$(ledger_value slowest_ms)"
	note reboot.back "$(back_after "start=$start")"
	note reboot.errors "$(ledger_value errors)"
	paths_are 120 connected 0 1
}

# figures FILE: median and worst.
figures() {
	sort -g "$VM_RUN/bench.$1" | awk -v limit="$back_limit" '
		$1 == "never" || $1 == "" { never++; next }
		{ value[++n] = $1 }
		function show(i) { return i > n ? "> " limit " s" : sprintf("%.2f s", value[i] / 1000) }
		END { n += 0; all = n + never; printf "%s / %s", show(int((all + 1) / 2)), show(all) }'
}

# row KIND: gap, slowest request, time until both carry I/O; I/O errors in all.
row() {
	printf '  %-32s %-20s %-20s %-20s %s\n' "${names[$1]}" "$(figures "$1.gap")" "$(figures "$1.slowest")" \
		"$(figures "$1.back")" "$(($(tail -n 1 "$VM_RUN/bench.$1.errors") - $(head -n 1 "$VM_RUN/bench.$1.start")))"
}

rm -f "$VM_RUN"/bench.*
fixed_neighbours
serve
client_load
map_paths ram0
ledger_start blocks=2048 threads=16 reads=0 pause=500
ledger_await 100 30
printf '\ntable: client %s, server %s, %s rounds, median / worst\n' "$CLIENT" "$SERVER" "$rounds"
printf '  %-32s %-20s %-20s %-20s %s\n' '' 'longest gap' 'slowest request' 'both paths again' 'I/O errors'
for kind in ${KINDS:-silent@client disconnect@server down@client rdma@client reboot}; do
	note "$kind.start" "$(ledger_value errors)"
	for ((round = 0; round < rounds; round++)); do
		if [ "$kind" = reboot ]; then reboot_once; else one_loss "$kind" $((round % 2)); fi
	done
	row "$kind"
done
echo '  of a server reboot, the gap is from the moment the server listens again to the first write'
ON_LIMIT=100 on client 'ledger stop /run/ledger 60' || fail "requests hang"
all_down
