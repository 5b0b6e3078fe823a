#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a hostile client can send inside an established session. Bytes that are
# not the protocol end the path that they came by, and are counted by reason.
# A request that is one, but asks for what it must not have, is answered with
# its error; nothing of it reaches a disk, and the path stays. Another client's
# disk notices nothing of all this.
# seconds: 160
# vms: pair
# limit: 300
# check: 6.1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"
. "$(dirname "$0")/lib/raw-client.sh"

need_raw_client
have_ours client || skip "our modules are not built"

# ram0 is the good client's; the last one is held by device mapper
last=1030 known=1024
neighbours
on server "anew brd rd_nr=$((last + 1)) rd_size=4096
	modprobe -r null_blk; modprobe null_blk nr_devices=1 gb=1 bs=4096 memory_backed=1 discard=1
	modprobe dm_mod; dmsetup create held --table '0 8192 linear /dev/ram$last 0'
	dmsetup mknodes held"
before=$(on server 'rdma resource show')

violations() { on server 'cat /sys/kernel/debug/rtrs-server/violations'; }
# of a disk of the server, there
sum() { dd "if=/dev/$1" bs=1M count=4 iflag=direct status=none | cksum; }

# good WHEN: the other client's disk works, and by the connection it had.
turn=0
good() {
	local got
	turn=$((turn + 1))
	got=$(peer "put $disk $turn good-$turn && get $disk $turn 5 && cat $reconnects") ||
		fail "$1: the other client's disk does not work"
	[ "$got" = "good-$connected" ] || fail "$1: the other client has \"$got\", not \"good-$connected\""
}

# up MODE [PARAMETER...]: a depth that is no power of two, so that there are slots beyond it.
up() {
	on server "modprobe rtrs-server sess_queue_depth=60 always_invalidate=$*"
	load_ours server rnbd-server dev_search_path=/dev
	load_ours client rnbd-client
	disk=$(opened good ram0)
	# as the sessions below leave it
	on server 'printf "1%.0s" {1..512} | dd of=/dev/ram1 bs=512 seek=4096 oflag=direct iflag=fullblock status=none'
	reconnects=$(on client 'echo /sys/class/rtrs-client/good/paths/*/stats/reconnects')
	connected=$(on client "cat $reconnects")
}
down() {
	good "the end"
	peer "unmap $disk"
	unload client
	unload_clean server "$before"
}

session='again 1 1 9000 info 1 bad read 1 - open ram1 rw'

# counts REASON NUMBER BEFORE: so many violations more than before, all for that reason.
counts() {
	local expected now
	expected=$(awk -v reason="$1" -v n="$2" '$1 == reason { $2 += n } 1' <<<"$3")
	now=$(violations)
	[ "$now" = "$expected" ] || fail "violations are $now, expected $2 more for $1 than $3"
}

# breaks REASON COMMANDS...: each of them ends the path of a session made for it.
breaks() {
	local reason=$1 before commands='' each got
	shift
	before=$(violations)
	for each in "$@"; do commands+="$session $each ended 1 9000 "; done
	got=$(raw "$commands") || fail "raw_client $commands: $got"
	[ "$(grep -c '^ended 1: yes' <<<"$got")" = $# ] || fail "$reason: a path is still there: $got"
	[ "$(grep -c '^read 1: ok, device' <<<"$got")" = $# ] || fail "$reason: a session did not begin well: $got"
	counts "$reason" $# "$before"
	good "$reason"
}

# state COUNTER: its value, and a sum over the disk.
state() { on server "sed -n 's/^$1 //p' /sys/kernel/debug/rnbd-server/counters; $(declare -f sum); sum ram1"; }

# refuses ERROR COUNTER REQUEST...: each gets this answer; the path goes on.
refuses() {
	local error=$1 counter=$2 count sum now each expected='' commands=''
	shift 2
	for each in "$@"; do
		commands+="$each "
		expected+="${each%% *} 1: error $error;"
	done
	{ read -r count; read -r sum; } <<<"$(state "$counter")"
	says "again 1: ok;info 1: ok;read 1: ok, device;${expected}write 1: ok;read 1: ok, 1;ended 1: no;" \
		"$session $commands write 1 - io 1 @1 4096 512 read 1 - io 0 @1 4096 512 ended 1 0"
	now=$(state "$counter")
	[ "$now" = "$((count + $#))"$'\n'"$sum" ] ||
		fail "error $error: $counter and the disk are \"$now\", expected $((count + $#)) and $sum"
	good "error $error"
}

handshake() {
	local before
	before=$(violations)
	# another number of connections than connection 0 said (S5)
	says 'hello 1: ok;miscount 1: error 104;miscount 1: error 104;second 1: ok;info 1: ok;ended 1: no;' \
		hello 1 1 miscount 1 3 miscount 1 1025 second 1 info 1 bad ended 1 100
	counts none 0 "$before"
	# the info request too early (S24), something else in its place (S20)
	says 'hello 2: ok;info 2: ended;hello 3: ok;imm 3;ended 3: yes;' \
		hello 2 2 info 2 bad hello 3 3 imm 3 0 8 0 0 ended 3 9000
	counts bad-info-request 2 "$before"
	good handshake
}

immediates() {
	local type types=()
	for type in 1 2 3 4 5 6 7 11 12 13 14 15; do types+=("imm 1 $((type % 2)) $type 0 0"); done
	breaks unknown-immediate "${types[@]}"				# S30
	breaks slot-or-offset-out-of-range 'imm 1 1 0 60 0' 'imm 1 1 0 63 131071' \
		'imm 1 1 0 0 131072' 'imm 1 0 0 59 4194303'		# S31
	breaks stray-heartbeat 'imm 1 1 8 0 0' 'imm 1 1 9 0 0'		# S42
	# on connection 0 they are welcome, in any number
	says 'again 1: ok;info 1: ok;imm 1;imm 1;beats 1: ok;ended 1: no;' \
		again 1 1 9000 info 1 bad imm 1 0 9 0 0 imm 1 0 9 0 0 beats 1 1000 ended 1 500
}

# The end of a path is told by connection 0 of another one, by a client that said
# that it knows how, and never of its own path. Paths of other sessions do not end by it.
path_ends() {
	local session=$session
	breaks stray-path-end 'imm 1 0 10 0 5'
	session="token 77 $session"
	breaks stray-path-end 'imm 1 0 10 0 77' 'imm 1 0 10 0 0' 'imm 1 1 10 0 5'
	breaks unknown-immediate 'imm 1 0 11 0 77'
	says 'again 1: ok;info 1: ok;open 2: ok;info 2: ok;again 3: ok;info 3: ok;end 1: ok;end 1: ok;ended 3: no;end 1: ok;ended 2: yes;end 1: ok;ends 1: ok;ended 1: no;ended 3: no;' \
		token 77 again 1 1 9000 info 1 bad address fd77::1 token 78 open 2 1 info 2 bad \
		address 10.77.0.1 token 79 again 3 3 9000 info 3 worse \
		end 1 0 268435455 2000 end 1 0 79 2000 ended 3 500 end 1 0 78 5000 ended 2 2000 \
		end 1 0 78 2000 ends 1 3000 ended 1 500 ended 3 0
	# a client without extensions has no path that could be named
	says 'again 1: ok;info 1: ok;open 2: ok;info 2: ok;imm 1;ended 1: yes;ended 2: no;' \
		again 1 1 9000 info 1 bad address fd77::1 open 2 1 info 2 bad imm 1 0 10 0 78 ended 1 9000 ended 2 500
	good "path ends"
}

headers() {
	local bad=(
		# S32 to S34
		'imm 1 1 0 0 131069' 'imm 1 1 0 0 131071' 'write 1 off=131068 bytes 5 8'
		'write 1 len=0 bytes 5 8' 'write 1 len=9 bytes 5 8'
		'write 1 len=65535,data=4096 bytes 5 8' 'write 1 data=126980 bytes 5 8'
		# S38
		'read 1 room=513 io 0 @1 0 512' 'read 1 room=4294967295 io 0 @1 0 512'
		'read 1 count=1,room=0 io 0 @1 0 512' 'read 1 count=2 io 0 @1 0 512'
		'read 1 count=65535 io 0 @1 0 512'
		# S40
		'write 1 type=0 bytes 5 8' 'write 1 type=4 bytes 5 8' 'write 1 type=65535 bytes 5 8'
	)
	breaks bad-header "${bad[@]}"
	# too short to be what it says (S35)
	breaks bad-message 'write 1 - bytes 5 2' 'write 1 - bytes 5 7' 'read 1 room=0 bytes 2 263' \
		'read 1 room=0 bytes 0 35' 'write 1 - bytes 4 23'
}

# What is no immediate (S40). For some no receive has room: the transport itself ends the path.
sends() {
	breaks unexpected-opcode 'send 1 1 0' 'send 1 0 0' 'inval 1 1' 'inval 1 0'
	breaks none 'send 1 1 64' 'send 1 1 8192' 'info 1 bad' 'info 1 worse'
}

# Another session's memory, by its own key: what is in the chunk afterwards is
# shown by carrying it out once more, with an immediate alone (S41).
foreign_key() {
	says 'again 1: ok;info 1: ok;read 1: ok, device;open 2: ok;info 2: ok;read 2: ok, device;write 2: ok;write 1: ended;imm 2;read 2: ok, 2;ended 2: no;ended 1: yes;again 1: ok;info 1: ok;write 1: ended;ended 1: yes;ended 2: no;' \
		"$session" open 2 2 info 2 worse read 2 - open ram2 rw write 2 slot=5 io 1 @2 0 4096 \
		write 1 slot=5,key=2 io 1 @2 0 4096 imm 2 1 0 5 4128 read 2 - io 0 @2 0 4096 ended 2 0 ended 1 9000 \
		again 1 3 9000 info 1 worst write 1 key=2 bytes 0 36 ended 1 9000 ended 2 0
	good "foreign key"
}

# busy_slot COMMAND: a slot while its first request is at the disk; what COMMAND
# asks for by the same slot is not carried out (S36).
busy_slot() {
	local before
	before=$(violations)
	on server 'dmsetup suspend --nolockfs --noflush held'
	says "again 1: ok;info 1: ok;read 1: ok, device;write 1: sent;${1%%-*}ended 1: yes;again 2: ok;info 2: ok;read 2: ok, device;read 2: sent;imm 2;ended 2: yes;" \
		again 1 1 9000 info 1 bad read 1 - open mapper/held rw \
		write 1 nowait,slot=3 io 1 @1 0 4096 "${1#*-}" ended 1 9000 \
		again 2 2 9000 info 2 worse read 2 - open mapper/held ro \
		read 2 nowait,slot=59 io 0 @2 0 4096 imm 2 0 0 59 4128 ended 2 9000
	counts slot-in-use 2 "$before"
	good "busy slot"
	on server 'dmsetup resume held
		until_true 20 eval "test \"\$(ls /sys/class/rtrs-server)\" = good"' ||
		fail "sessions left: $(on server 'ls /sys/class/rtrs-server')"
	[ "$(on server "dd if=/dev/ram$last bs=8k count=1 iflag=direct status=none | tr -d '\\0'")" = \
		"$(printf '1%.0s' {1..4096})" ] || fail "the disk has not what the first request wrote"
}

session_messages() {
	local opens bad=(
		# S50
		'read 1 - bytes 9 32' 'read 1 - bytes 1 36' 'read 1 - bytes 3 56' 'write 1 - bytes 65535 264'
		# S51
		'read 1 room=35 session 2' 'read 1 count=0 session 2' 'write 1 - session 2'
		# S52
		'read 1 - open ram2 3' 'read 1 - open ram2 255' 'read 1 - open ../dev/ram2 ro'
		"read 1 - open $(printf 'x%.0s' {1..255}) ro"
		# S55
		'read 1 room=55 open ram2 rw' 'read 1 room=1,data=4096 open ram2 rw'
		'read 1 count=0 open ram2 rw' 'write 1 - open ram2 rw'
	)
	opens=$(counter opens)
	refuses 22 bad_messages "${bad[@]}"
	[ "$(counter opens)" = $((opens + 1)) ] || fail "an open that was refused took place"
	says 'again 1: ok;info 1: ok;read 1: ok, version 2;read 1: ok, version 0;read 1: ok, version 1;read 1: ok, version 2;' \
		again 1 1 9000 info 1 bad read 1 - session 255 read 1 - session 0 \
		read 1 - session 1 read 1 - session 2
}

io_messages() {
	local bad=(
		# S39
		'write 1 - io 0 @1 0 512' 'read 1 - io 1 @1 0 512' 'read 1 room=0 io 1 @1 0 4096'
		'read 1 data=0 io 3 @1 0 512' 'read 1 data=0 io 5 @1 0 512'
		# S58
		'read 1 - io 0x200 @1 0 512' 'read 1 - io 0x400 @1 0 512'
		'write 1 - io 0x203 @1 0 512' 'write 1 - io 0x605 @1 0 512'
		# S59
		'read 1 data=512 io 0 @1 0 4096' 'read 1 data=4096 io 0 @1 0 512' 'read 1 data=0 io 0 @1 0 4096'
		'write 1 data=512 io 1 @1 0 4096' 'write 1 data=4096 io 1 @1 0 512' 'write 1 data=0 io 1 @1 0 4096'
		'write 1 - io 1 @1 0 0' 'write 1 - io 1 @1 0 511' 'read 1 - io 2 @1 0 512'
		'read 1 data=512 io 2 @1 0 0' 'write 1 data=512 io 3 @1 0 512' 'write 1 - io 5 @1 0 0'
		# S60
		'write 1 - io 1 @1 8192 512' 'write 1 - io 1 @1 8191 1024' 'read 1 - io 0 @1 8185 4096'
		'write 1 - io 1 @1 0xffffffffffffffff 512' 'read 1 - io 0 @1 0x7fffffffffffff 512'
	)
	refuses 22 bad_io "${bad[@]}"
	refuses 95 bad_io 'write 1 - io 6 @1 0 512' 'read 1 data=512 io 6 @1 0 512' \
		'read 1 data=512 io 255 @1 0 512' 'write 1 data=512 io 0x1ff @1 0 512'	# S57
	refuses 107 unknown_device 'read 1 - io 0 4294967295 0 512' 'write 1 - io 1 1048576 0 512' \
		'read 1 - io 2 4294967295 0 0' 'write 1 - io 3 4294967295 0 512'	# S56
	# of a device that was closed, of another session's
	says 'again 1: ok;info 1: ok;read 1: ok, device;open 2: ok;info 2: ok;read 2: ok, device;write 2: ok;write 1: ok;write 1: error 107;read 1: error 107;write 1: ok;write 2: ok;ended 2: no;' \
		"$session" open 2 2 info 2 worse read 2 - open ram2 rw write 2 - io 1 @2 0 512 \
		write 1 - close @1 write 1 - io 1 @1 0 512 read 1 - io 0 @2 0 512 write 1 - close @2 \
		write 2 - io 1 @2 0 512 ended 2 0
	# half a block, and a range of 4 GiB (S60, S61)
	says 'again 1: ok;info 1: ok;read 1: ok, device;write 1: error 22;write 1: error 22;write 1: error 22;write 1: ok;' \
		again 1 1 9000 info 1 bad read 1 - open nullb0 rw write 1 - io 1 @1 1 4096 \
		write 1 - io 1 @1 0 512 write 1 - io 3 @1 0 4294963200 write 1 - io 1 @1 8 4096
}

# Nobody writes through a mapping that may only read, by whatever operation (S62).
read_only() {
	local refused written
	on server 'printf untouched | dd of=/dev/ram2 conv=notrunc oflag=sync status=none'
	refused=$(counter ro_writes)
	written=$(on server "$(declare -f sum); sum ram2")
	says 'again 1: ok;info 1: ok;read 1: ok, device;write 1: error 30;write 1: error 30;write 1: error 30;write 1: error 30;write 1: error 30;read 1: ok;read 1: ok, u;' \
		again 1 1 9000 info 1 bad read 1 - open ram2 ro write 1 - io 1 @1 0 4096 \
		write 1 - io 0x201 @1 0 512 write 1 - io 3 @1 0 512 write 1 - io 4 @1 0 512 \
		write 1 - io 5 @1 0 4096 read 1 - io 2 @1 0 0 read 1 - io 0 @1 0 4096
	[ "$(($(counter ro_writes) - refused))" = 5 ] || fail "refused writes are not counted"
	[ "$(on server "$(declare -f sum); sum ram2")" = "$written" ] || fail "a read-only mapping has written"
	good "read-only"
}

# any WORD...: one of them, in $word.
any() {
	local words=("$@")
	word=${words[RANDOM % $#]}
}

# Requests of all kinds with wrong numbers in them: each is answered or ends the
# path. Not in a subshell, where $RANDOM would not go on.
storm() {
	local seed=${SEED:-$RANDOM} commands='' how got i k word
	echo "SEED=$seed"
	RANDOM=$seed
	for ((i = 0; i < 15; i++)); do
		commands+="$session "
		for ((k = 0; k < 12; k++)); do
			any read write; commands+="$word 1 "
			any slot=0 slot=7 slot=59; how=$word
			any '' '' conn=0 conn=1; how+=,$word
			any '' '' '' '' data=0 data=512 data=4096 data=126976; how+=,$word
			any '' '' '' '' '' '' room=0 room=1 room=512; how+=,$word
			((RANDOM % 8)) || { any len=8 len=24 len=31 len=33 count=1 flags=65534 type=2 type=3; how+=,$word; }
			commands+="$how "
			any "bytes $((RANDOM % 8)) $((RANDOM % 300 + 36))" "session $((RANDOM % 256))" "close @1" \
				"open ram$((RANDOM % 3 + 1)) $((RANDOM % 4))" io io io io io
			commands+="$word "
			[ "$word" = io ] || continue
			any @1 @1 @1 @1 4294967295
			commands+="$((RANDOM % 8 + 256 * (RANDOM % 16) * (RANDOM % 2))) $word "
			commands+="$((RANDOM % 8300)) $((512 * (RANDOM % 10))) "
		done
		commands+='leave 1 '
	done
	got=$(raw "$commands") || fail "raw_client: $got"
	# how many of each
	got=$(sed -nE 's/^(read|write) 1: ([a-z ]*[a-z]( [0-9]+)?).*/\2/p' <<<"$got" | sort | uniq -c)
	echo "$got"
	[[ $got != *'no answer'* ]] || fail "a request was lost"
	for word in ok 'error 22' ended; do
		[[ $got = *"$word"* ]] || fail "no request of the storm ended with \"$word\""
	done
	good storm
}

up N
handshake
immediates
path_ends
headers
sends
foreign_key
busy_slot 'write 1: ended;-write 1 slot=3 io 1 @1 8 4096'
session_messages
io_messages
read_only
storm
# one device too many (S54)
says "again 1: ok;info 1: ok;opens 1: $known, then 28;read 1: ok, version 2;" \
	again 1 1 9000 info 1 bad opens 1 $((known + 1)) ram read 1 - session 2
good "many devices"
down

# each request takes the client's key away: whoever has none can still send an immediate
up Y
headers
busy_slot 'imm 1;-imm 1 1 0 3 4128'
storm
down
on server 'dmsetup remove held; modprobe -r brd null_blk'
