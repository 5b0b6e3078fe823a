#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who asks for a path that is there already is put off, and the path stays as
# long as its client has it; one that died without a word is gone a moment
# later, so that the next try gets in. The same for a session name whose owner
# was started anew. A path is not admitted beside one that may be dead. Half a
# handshake ends by itself; who knocks too often or wants too much is put off,
# which touches nobody else, is a line in the log that names the limit, and is
# over when there is room again.
# seconds: 60
# vms: pair
# limit: 400
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/raw-client.sh"

need_raw_client
neighbours
on server 'anew brd rd_nr=1 rd_size=4096'
before=$(on server 'rdma resource show')

up() {
	on server "modprobe rtrs-server $*"
	load_ours server rnbd-server dev_search_path=/dev
}
down() { unload_clean server "$before"; }
logged() { grep -q "$1" <<<"$(log_since server)" || fail "the server's log does not say \"$1\""; }

up
# a replay does not hurt (S6), as often as it comes
says 'open 1: ok;info 1: ok;open 1: error 16;open 1: error 16;ended 1: no;' \
	open 1 1 info 1 n1 open 1 1 sleep 300 open 1 1 ended 1 2500
# dead without a word: the same path again
says 'open 2: ok;info 2: ok;vanish 2;open 2: error 16;again 2: ok;info 2: ok;' \
	open 2 2 info 2 n2 vanish 2 open 2 2 again 2 2 6000 info 2 n2
logged 'n2: path .* down: .*heartbeats'
# started anew: other numbers, the same name
says 'open 3: ok;info 3: ok;vanish 3;open 4: ok;info 4: ok;' \
	open 3 3 info 3 n3 vanish 3 open 4 4 info 4 n3
# in use
says 'open 5: ok;info 5: ok;open 6: ok;info 6: ended;ended 5: no;' \
	open 5 5 info 5 n4 open 6 6 info 6 n4 ended 5 1500
# a second path beside a living one, and one in the place of a dead one
says 'open 1: ok;info 1: ok;open 2: ok;info 2: ok;ended 1: no;vanish 1;again 3: ok;info 3: ok;ended 2: no;' \
	open 1 7 info 1 n5 address fd77::1 open 2 7 info 2 n5 ended 1 1000 \
	vanish 1 address 10.77.0.1 again 3 7 6000 info 3 n5 ended 2 1000
# beside a dead one: not before that is gone
says 'open 1: ok;info 1: ok;vanish 1;open 2: ok;info 2: ok;' \
	open 1 8 info 1 n6 vanish 1 address fd77::1 open 2 8 info 2 n6
events=$(log_since server | sed -n 's/.*n6: path \([^ ]*\) \(up\|down\).*/\1 \2/p' | head -n 3)
[ "$events" = "ip:10.77.0.2@ip:10.77.0.1 up
ip:10.77.0.2@ip:10.77.0.1 down
ip:fd77::2@ip:fd77::1 up" ] || fail "order: $events"
down

up handshake_timeout=3
# half of the connections; all of them, but no info request (S11)
says 'hello 1: ok;ended 1: no;ended 1: yes;open 2: ok;ended 2: no;ended 2: yes;' \
	hello 1 1 ended 1 1500 ended 1 6000 open 2 2 ended 2 1500 ended 2 6000
# a handshake that was broken off does not keep the next one out until then
says 'hello 3: ok;vanish 3;open 3: error 16;again 3: ok;' \
	hello 3 3 vanish 3 sleep 2100 open 3 3 again 3 3 700
# a second connection of a path that has one already, and of one that is complete (S4)
says 'open 4: ok;second 4: error 104;info 4: ok;second 4: error 16;' \
	open 4 4 second 4 info 4 n7 second 4
down

up connect_rate=1 max_conns_per_addr=3
says 'open 1: ok;open 2: error 28;' open 1 1 open 2 2
on server 'sleep 4'	# four are saved up by then, and some more come while they are used
put_off=$(on client 'raw_client 10.77.0.1 1234 knock 30')
[[ $put_off = 'knock: '*' of 30 put off' ]] || fail "knock: $put_off"
put_off=${put_off#knock: }
((${put_off%% *} >= 5 && ${put_off%% *} <= 26)) || fail "put off: $put_off"
logged 'ip:10.77.0.2: connect request refused: .* max_conns_per_addr=3\b'
logged 'ip:10.77.0.2: connect request refused: .* connect_rate=1\b'
# the log is no way to flood the server
lines=$(log_since server | grep -c 'connect request refused: .* connect_rate=1') || :
((lines < ${put_off%% *})) || fail "$lines lines of ${put_off%% *} refusals"
down

small=sess_queue_depth=64	# sessions enough in the memory that chunks may take
up half_open_max=1 $small
says 'open 1: ok;info 1: ok;hello 2: ok;hello 3: error 16;ended 1: no;second 2: ok;info 2: ok;again 3: ok;info 3: ok;' \
	open 1 1 info 1 n1 hello 2 2 hello 3 3 ended 1 500 second 2 info 2 n2 again 3 3 6000 info 3 n3
logged 'ip:10.77.0.2: connect request refused: .* half_open_max=1\b'
down

up half_open_per_addr=1 $small
says 'open 1: ok;info 1: ok;hello 2: ok;hello 3: error 16;hello 4: ok;ended 1: no;second 2: ok;info 2: ok;again 3: ok;info 3: ok;' \
	open 1 1 info 1 n1 hello 2 2 hello 3 3 address fd77::1 hello 4 4 ended 1 500 \
	address 10.77.0.1 second 2 info 2 n2 again 3 3 6000 info 3 n3
logged 'ip:10.77.0.2: connect request refused: .* half_open_per_addr=1\b'
down

up max_conns_total=4 $small
says 'open 1: ok;info 1: ok;open 2: ok;info 2: ok;open 3: error 28;ended 1: no;ended 2: no;leave 1;again 3: ok;info 3: ok;ended 2: no;' \
	open 1 1 info 1 n1 open 2 2 info 2 n2 address fd77::1 open 3 3 ended 1 500 ended 2 100 \
	leave 1 again 3 3 6000 info 3 n3 ended 2 500
logged 'ip:fd77::2: connect request refused: .* max_conns_total=4\b'
down

# the 129th path of a session, each to another address; most of them half-open
on server 'for n in {2..129}; do echo address add 10.77.1.$n/32 dev eth0; done | ip -batch -
	until_true 20 eval "test \$(grep -l 0a4d:01 /sys/class/infiniband/rxe0/ports/1/gids/* 2>/dev/null | wc -l) -ge 128"'
on client "ip route add 10.77.1.0/24 dev eth0
	for n in {2..129}; do echo neigh replace 10.77.1.\$n lladdr $(vm_mac 1 0) dev eth0; done | ip -batch -"
up half_open_max=200 half_open_per_addr=200 handshake_timeout=600 connect_rate=0 sess_queue_depth=16
words=(open 1 1)
for n in {2..128}; do words+=(address "10.77.1.$n" hello "$n" 1); done
words+=(address 10.77.1.129 hello 129 1 info 1 n1 ended 1 500 leave 5 again 129 1 6000)
got=$(raw "${words[*]}" | grep -v '^hello [0-9]*: ok$' | tr '\n' ';')
[ "$got" = 'open 1: ok;hello 129: error 104;info 1: ok;ended 1: no;leave 5;again 129: ok;' ] || fail "129 paths: $got"
logged 'ip:10.77.0.2: connect request refused: more paths than a session may have'
down
on client 'ip route del 10.77.1.0/24 dev eth0; ip neigh flush dev eth0 to 10.77.1.0/24'
on server 'ip address flush dev eth0 to 10.77.1.0/24'
