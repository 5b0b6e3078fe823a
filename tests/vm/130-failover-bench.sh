#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long I/O stands still when one of two paths is lost and when the server
# reboots, and how long until all is as before. Prints the rows of a table,
# median and worst; asserts nothing about time. ROUNDS= (default 3), KINDS=.
# What never returns is a figure too: both guests then begin anew.
# vms: pair
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
	[netem@client]='silent loss (100 % netem)'
	[long@client]='silent loss, of 10 to 29 s'
	[disconnect@server]='loud loss (server disconnects)'
	[down@client]='ip link down, up'
	[rdma@client]='rdma link delete, add'
	[reboot]='server reboot')

serve() {
	on server 'anew brd rd_nr=1 rd_size=65536'
	server_load /dev
}

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

# A session over both links and its load.
begin() {
	fixed_neighbours
	serve
	client_load
	map_paths ram0
	ledger_start blocks=2048 threads=16 reads=0 pause=500
	ledger_await 100 30
}

# begin_anew WHY: a soft RDMA device whose CM is deaf, or a client that gave up.
begin_anew() {
	echo "both guests begin anew: $1"
	vm_kill client
	vm_kill server
	vm_start server client
	begin
}

both_connected() { local link; try_paths_are 120 connected 0 1 >/dev/null; }

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
	local kind=$1 link=$2 reconnects back errors watcher=''
	read -r reconnects _ <<<"$(counters_of "$link")"
	on client 'ledger mark /run/ledger'
	errors=$(ledger_value errors)
	if [ "$kind" = disconnect@server ]; then
		comes_back "$kind" "$link" "$reconnects" >"$VM_RUN/bench.back" &
		watcher=$!
	fi
	lose "$kind" "$link"
	noticed 60 "$link" "$reconnects"
	# attempts to come back follow a pattern: its return is to meet each part of it
	[ "${kind%@*}" != long ] || sleep $((10 + round * 3 % 20))
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
	note "$kind.errors" $(($(ledger_value errors) - errors))
	if [ -z "$back" ] && ! try_reconnect 60 "$link"; then
		begin_anew "link $link does not connect again"
	elif ! both_connected; then
		begin_anew "not both links are connected"
	fi
}

reboot_once() {
	local start errors back=''
	on client 'ledger mark /run/ledger'
	errors=$(ledger_value errors)
	vm_kill server
	vm_start server
	fixed_neighbours
	serve
	start=$(clock client)
	if ON_LIMIT=150 on client 'ledger await /run/ledger 1 120'; then
		note reboot.gap $(($(clock client) - start))
		back=$(back_after "start=$start")
	else
		note reboot.gap never
	fi
	note reboot.slowest "$(ledger_value slowest_ms)"
	note reboot.back "${back:-never}"
	note reboot.errors $(($(ledger_value errors) - errors))
	both_connected || begin_anew "not both links are connected after the reboot"
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
		"$(figures "$1.back")" "$(awk '{ n += $1 } END { print n }' "$VM_RUN/bench.$1.errors")"
}

rm -f "$VM_RUN"/bench.*
begin
printf '\ntable: client %s, server %s, %s rounds, median / worst\n' "$CLIENT" "$SERVER" "$rounds"
printf '  %-32s %-20s %-20s %-20s %s\n' '' 'longest gap' 'slowest request' 'both paths again' 'I/O errors'
for kind in ${KINDS:-netem@client long@client disconnect@server down@client rdma@client reboot}; do
	for ((round = 0; round < rounds; round++)); do
		if [ "$kind" = reboot ]; then reboot_once; else one_loss "$kind" $((round % 2)); fi
	done
	row "$kind"
done
echo '  of a server reboot, the gap is from the moment the server listens again to the first write'
ON_LIMIT=100 on client 'ledger stop /run/ledger 60' || fail "requests hang"
all_down
