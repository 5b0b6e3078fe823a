#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a hostile server cannot do to a client. Answers that no request is waiting
# for, keys that were not given back, messages of the wrong kind, on the wrong
# connection or too long end the path, with a cause in the log; what was on its way
# is asked for again and gets its own data. What means nothing changes nothing.
# A chunk list or a disk that cannot be is refused with an error. A disk whose
# server never answers, or never well, is unmapped by force within 10 seconds.
# The disk of another server notices nothing of all this, and nothing is left.
# seconds: 150
# vms: pair
# check: 7.2
# limit: 1000
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

have_ours client || skip "our modules are not built"
on server 'modprobe rdma_ucm; command -v raw_server >/dev/null' || skip "raw_server is not built"

answered='answer of the server: the server refused to open the device'
broke='the peer broke the protocol' failed='the RDMA device reported a failed transfer'
declare -A ports=([plain]=1235 [keys]=1236 [old]=1237) block=()

# ---- run on the client ----

# lines DISK BLOCK: of a 4 KiB block, each kind once.
lines() { dd if="/dev/$1" bs=4096 skip="$2" count=1 iflag=direct status=none | sort -u; }

# writes DISK BLOCK: a block of letters, which must be there then.
writes() {
	head -c 4096 /dev/zero | tr '\0' w >/tmp/written
	dd if=/tmp/written of="/dev/$1" bs=4096 seek="$2" oflag=direct status=none &&
		dd if="/dev/$1" bs=4096 skip="$2" count=1 iflag=direct status=none | cmp - /tmp/written &&
		printf 'block %9d\n' "$2"
}

# meet PORT SESSION [WORDS]: maps the disk that has the session's name, prints its name or the error's text.
meet() { map "sessname=$2 dest_port=$1 path=ip:10.77.0.1 device_path=$2 ${*:3}" && disk_of "$2"; }

# pair DISK BLOCK: two sectors of it at once.
pair() {
	local i
	for i in 0 1; do
		dd if="/dev/$1" bs=512 skip=$((8 * $2 + i)) count=1 iflag=direct status=none >/tmp/half$i &
	done
	wait
	sort -u /tmp/half0 /tmp/half1
}

# came_back SESSION: how often its paths did.
came_back() { cat "/sys/class/rtrs-client/$1/paths"/*/stats/reconnects; }

# hit HOW DISK BLOCK SESSION TIMES: a read or write that meets an act, then the disk
# must be open, and its path back so many times more, by however many attempts.
hit() {
	local before
	before=$(came_back "$4")
	"$1" "$2" "$3"
	until_true 10 came_back_well "$2" "$4" $((${before% *} + $5)) || came_back "$4"
}
came_back_well() { [ "$(cat "/sys/block/$1/rnbd/state") $(came_back "$2" | cut -d ' ' -f 1)" = "open $3" ]; }

# ---- run on the host ----

client() { ask "$(declare -f lines writes pair meet came_back hit came_back_well); $1"; }

# good: the other server's disk works, and by the connection it had.
turn=0
good() {
	local got
	turn=$((turn + 1))
	got=$(on client "echo good-$turn | dd of=/dev/$disk bs=4096 seek=$turn conv=sync oflag=direct status=none
		dd if=/dev/$disk bs=4096 skip=$turn count=1 iflag=direct status=none | head -n 1; cat $good") ||
		fail "$1: the other server's disk does not work"
	[ "$got" = "good-$turn"$'\n0 0' ] || fail "$1: the other server's disk says \"$got\""
}

# begin SESSION [PORT [WORDS]]: with a hostile server, its disk in $victim.
begin() {
	session=$1
	victim=$(client "meet ${2:-${ports[$1]}} $1 ${*:3}") ||
		fail "map $1: $victim; $(on server 'pgrep -x raw_server | wc -l; tail -qn 2 /run/plain /run/keys /run/old')"
}

# end HOW: no more of it. By its name a good server's disk is mapped at once.
end() {
	local again
	unmapped "$victim" "$1"
	on client "until_true 10 test ! -e /sys/class/rtrs-client/$session" || fail "session $session is left"
	good "$session"
	again=$(ask "map 'sessname=$session path=$path device_path=/dev/ram1' && disk_of /dev/ram1") ||
		fail "map from a good server after $session: $again"
	on client "dd if=/dev/$again of=/dev/null bs=4096 count=4 iflag=direct status=none" ||
		fail "the disk of a good server after $session"
	unmapped "$again" normal
}

# says ACT WORDS...: the log since the mark has each, about the session.
says() {
	local act=$1 each log
	shift
	log=$(log_since client)
	for each in "$@"; do
		grep -qE "rtrs_client: $session: path [0-9]+(, connection [0-9]+:)? $each" <<<"$log" ||
			fail "$session, $act: the log does not say \"$each\""
	done
}

# meets ACT HOW TIMES WORDS...: the I/O meets the act and ends with its own data, after
# the path came back so many times. The log has the words, or no loss.
meets() {
	local act=$1 how=$2 times=$3 got
	log_mark client
	got=$(client "hit $how $victim ${block[$act]} $session $times") || fail "$session, $act: $got"
	[ "$got" = "$(printf 'block %9d' "${block[$act]}")" ] || fail "$session, $act: \"$got\""
	says "$act" "${@:4}"
	[ "$times" != 0 ] || ! grep -q "$session: path .* lost" < <(log_since client) ||
		fail "$session, $act: a path was lost"
	echo "ok $session $act"
}

# violates ACT HOW REASON, breaks ACT HOW: it ends the path by the protocol, or by the device.
violates() { meets "$1" "$2" 1 "protocol violation: $3" "lost: $broke"; }
breaks() { meets "$1" "$2" 1 "lost: $failed"; }

# refuses SESSION ERROR WORDS: it is not mapped, by an error of such a text and with
# the words in the log.
refuses() {
	local out started=$SECONDS
	log_mark client
	! out=$(client "meet 1235 $1") || fail "$1 was mapped"
	[ $((SECONDS - started)) -le "$(slowly 10)" ] || fail "$1: refused after $((SECONDS - started)) s"
	[[ $out =~ $2 ]] || fail "$1: \"$out\", expected \"$2\""
	grep -qE "$1: .*$3" < <(log_since client) || fail "$1: the log does not say \"$3\""
	on client "until_true 10 test ! -e /sys/class/rtrs-client/$1" || fail "session $1 is left"
	echo "ok $1"
}

# recovers SESSION WORDS...: the first answer to the open ends the path; it is asked again.
recovers() {
	local got
	session=$1
	log_mark client
	victim=$(client "meet 1235 $1") || fail "$1: $victim"
	got=$(client "until_true 10 has /sys/block/$victim/rnbd/state open; lines $victim 1") || fail "$1: $got"
	[ "$got" = 'block         1' ] || fail "$1: \"$got\""
	says open "${@:2}"
	unmapped "$victim" normal
	echo "ok $1"
}

# keys_gone: after an answer nothing can be written by the key of its request, also when
# the server has left the key alone.
keys_gone() {
	local act
	for act in keep use; do
		meets $act lines 0
		breaks $act lines
	done
	[ "$(on server "grep -x '$session: the key is .*' /run/$session")" = \
		"$session: the key is gone"$'\n'"$session: the key is gone" ] ||
		fail "$session: a key is still good: $(on server "cat /run/$session")"
}

ram_disks
server_up
client_up
disk=$(mapped /dev/ram0)
good=$(on client 'echo /sys/class/rtrs-client/s1/paths/*/stats/reconnects')
for kind in "${!ports[@]}"; do
	on server "raw_server ${ports[$kind]} $kind >>/run/$kind 2>&1 & until_true 30 grep -q ready /run/$kind" ||
		fail "no server: $(on server "cat /run/$kind")"
done
while read -r act number; do block[$act]=$number; done < <(on server 'raw_server acts')

# what is the same with keys is asked once
none='reply for a slot that has no request here'
begin plain
for act in idle admin twice other other-0; do violates $act lines "$none"; done				# C8
violates far-20 lines 'reply for a slot that does not exist'
violates far-524287 writes 'reply for a slot that does not exist'
violates lie lines 'a key reported invalid that is not'							# C9
violates lie-write writes 'a key reported invalid that is not'
violates cross pair 'a key reported invalid that is not'
violates flood lines 'keys invalidated that no reply follows'
for act in foreign-1 foreign-100000000 beyond; do breaks $act lines; done
keys_gone
violates keep-twice lines "$none"
violates wrong-kind lines 'reply of the wrong kind'							# C10
breaks stuffed writes
for act in bare bare-0; do violates $act lines 'message without immediate'; done
for act in imm-0 imm-3 imm-7 imm-10 imm-12 imm-15 imm0-0 imm0-10; do				# C11
	violates $act lines 'unknown immediate'
done
for act in beat sent-beat; do violates $act lines 'misplaced heartbeat'; done
meets beats lines 0
for act in end sent-end; do violates $act lines 'misplaced end of a path'; done
meets ends lines 0
end normal

begin keys
for act in idle admin other-0; do violates $act lines "$none"; done
violates lie lines 'a key reported invalid that is not'
keys_gone
violates wrong-kind lines 'reply of the wrong kind'
for act in key-0 key-4 key-7; do violates $act lines 'malformed key message'; done
for act in key-slot key-type; do violates $act writes 'malformed key message'; done
breaks stuffed lines
violates bare lines 'message without immediate'
violates imm-15 lines 'unknown immediate'
violates sent-end lines 'misplaced end of a path'
meets ends lines 0
end normal

begin old
violates ends lines 'misplaced end of a path'
# the log's limit holds for five seconds: what came before has used it up, and nothing
# below looks for such a line so soon
on client 'sleep 5'
violates volley lines 'unknown immediate'
[ "$(grep -c 'unknown immediate' < <(log_since client))" -le 10 ] || fail "the log is flooded"
end normal

# what is on its way meanwhile is not disturbed
begin busy 1235
load_begin "$victim" --offset=1m --size=1m --bs=4k --iodepth=8
on client "until_true 20 nth /sys/block/$victim/stat 5 -gt 20"
for act in lie imm-15 foreign-1 bare end; do meets $act lines 1 lost; done
load_end
end normal

# errors that are none (C12): each is an error, no path suffers
begin errors 1235
got=$(ON_LIMIT=240 client "for i in {1..150}; do
		dd if=/dev/$victim of=/dev/null bs=512 skip=$((8 * block[errors])) count=1 iflag=direct 2>&1 || :
	done | grep -c 'error reading'; came_back errors") || fail "errors: $got"
[ "$got" = $'150\n0 0' ] || fail "an error was none, or ended the path: $got"
got=$(client "lines $victim ${block[error-511]} 2>&1" || :)
[[ $got = *'Input/output error' ]] || fail "error 511: $got"
got=$(client "lines $victim ${block[error-107]} 2>&1 || :; cat /sys/block/$victim/rnbd/state; came_back errors")
[[ $got = *'Input/output error'$'\nclosed\n0 0' ]] || fail "error 107: $got"
end normal

# never an answer, always a bad one (C16)
for act in mute always; do
	begin $act-1 1235
	on client "dd if=/dev/$victim of=/dev/null bs=4096 skip=${block[$act]} count=1 iflag=direct" >/dev/null 2>&1 &
	[ $act = always ] || on server "until_true 10 has /run/plain '$session: no answer'"
	[ $act = mute ] || client "came_back_often() { [ \"\$(came_back $session | cut -d ' ' -f 1)\" -ge 3 ]; }
		until_true 30 came_back_often" || fail "$act: the path does not come back"
	end force
	! wait $! || fail "$act: I/O that was not answered succeeded"
	echo "ok $act"
done

# a path is told to be over that nobody has asked about, and then it is: what was
# on its way there waits until the server was asked
begin two 1235 path=ip:fd77::1
log_mark client
got=$(client "lines $victim ${block[early-end]}") || fail "the end of a path: $got"
[ "$got" = "$(printf 'block %9d' "${block[early-end]}")" ] || fail "the end of a path: \"$got\""
got=$(on server 'cat /run/plain')
[ "$(grep '^two: ' <<<"$got")" = $'two: told early\ntwo: asked, answered\ntwo: sent elsewhere' ] ||
	fail "the end of a path: $got"
says early-end 'lost: the peer closed the path'
end normal
echo 'ok two early-end'

# a path that ends while the other one never says so: that is lost, too, and both come back
begin silence 1235 path=ip:fd77::1
log_mark client
got=$(client "lines $victim ${block[mute-end]}; until_true 20 eval 'test \$(grep -lx connected /sys/class/rtrs-client/silence/paths/*/state | wc -l) = 2'") ||
	fail "an end that is not told: $got"
[ "$got" = "$(printf 'block %9d' "${block[mute-end]}")" ] || fail "an end that is not told: \"$got\""
says mute-end 'lost: the peer closed the path' 'lost: the server did not say in time that a lost path is over'
end normal
echo 'ok silence mute-end'

chunks='chunk list breaks the protocol'
for i in {0..14}; do refuses "info-$i" 'Protocol error' "$chunks"; done
refuses info-15 'Protocol error' 'empty info response'
refuses info-16 'Connection reset by peer' 'closed the path instead of answering'
for s in info-imm info-sent-imm; do refuses $s 'Protocol error' 'something else before the info response'; done
# the path is lost while the map is under way, which waits for its return
# before or after the path counts as connected: then it is lost, or was never there
recovers info-twice "(lost: $failed|receive failed: )"
grep -qE "rtrs_client: info-twice: (path [0-9]+ lost|session down): $failed" < <(log_since client) ||
	fail "info-twice: the log does not say why"
good info

refuses open-nothing 'Protocol error' 'capacity is 0'
for s in open-limit open-all open-vast; do refuses $s 'Protocol error' 'capacity is 2.63 bytes'; done
refuses open-odd 'Protocol error' 'capacity is no multiple'
for s in open-block open-block-256 open-block-513 open-block-8192 open-block-32768 open-bytes-4 open-bytes-12; do
	refuses $s 'Protocol error' 'logical block size'
done
for s in open-physical-256 open-physical-513 open-less; do refuses $s 'Protocol error' 'physical block size'; done
refuses open-grain-513 'Protocol error' 'granularity'
for s in open-type open-bytes-0; do refuses $s 'Protocol error' ''; done
# also errors that the client would give itself for a lost session, silence or want of memory
for s in open-errno-{5,12,103,107,110,125,511}; do refuses "$s" '' "$answered"; done
for s in reopen-errno-{12,107,110}; do
	begin "$s" 1235
	violates bare lines 'message without immediate'
	grep -q "not opened again: $answered" < <(log_since client) || fail "$s: the log does not say \"$answered\""
	end normal
done
recovers open-bytes-57 "lost: $failed"
recovers open-bytes-4095 "lost: $failed"
recovers open-elsewhere "lost: $broke"
recovers open-twice "lost: $broke"
recovers open-large
# a granularity that no arithmetic likes
begin open-discard-4294966784 1235
on client "within 20 blkdiscard -f -o 4096 -l 1048576 /dev/$victim" || fail "discard"
unmapped "$victim" normal
begin open-same 1235
! got=$(client "map 'sessname=open-same device_path=second'") || fail "two devices have one number"
[[ $got = *'Protocol error'* ]] || fail "two devices have one number: $got"
[ "$(client "lines $victim 1")" = 'block         1' ] || fail "the first of two devices suffers"
end normal
# whoever refuses the session info may take opens, at first and after an outage
unheard='the server does not take the session info (-22)'
log_mark client
begin greet-errno-22 1235
grep -qF "$unheard" < <(log_since client) || fail "$session: the log does not say \"$unheard\""
violates bare lines 'message without immediate'
grep -qF "$unheard" < <(log_since client) || fail "$session: the log does not say it again"
end normal
good open

unmapped "$disk" normal
on server 'pkill -x raw_server || :; until_true 10 gone raw_server'
all_down
