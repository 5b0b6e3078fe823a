#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# /sys/class/rtrs-server as the ABI says: the session's directory exists while
# it has a path, the path's files say what they shall, writing anything but 1
# is refused, statistics reset, `disconnect` closes in the background and the
# in-tree client comes back by itself or when told.
# seconds: 15
# vms: pair
# kernels: edge
# peers: intree
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/intree-client.sh"

have_ours server || skip "our modules are not built"
have_peers client || skip "the in-tree peers are not built"
neighbours
on server 'anew brd rd_nr=1 rd_size=16384'
load_ours server rnbd-server dev_search_path=/dev
load_peer client rnbd-client
class=/sys/class/rtrs-server
[ -z "$(on server "ls $class")" ] || fail "a session before any client"
intree_map files ram0

path=$class/files/paths/ip:10.77.0.2@ip:10.77.0.1
says() { [ "$(on server "cat $path/$1")" = "$2" ] || fail "$1: $(on server "cat $path/$1")"; }
mode_of() { [ "$(on server "stat -c %a $path/$1")" = "$2" ] || fail "mode of $1"; }
denied() { fails server 'Invalid argument' "echo '$2' >$path/$1"; }

[ "$(on server "ls $class $class/files/paths $path $path/stats" | sort | tr '\n' ' ')" = \
	"$(printf '%s\n' "$class:" files '' "$class/files/paths:" "${path##*/}" '' "$path:" \
		disconnect dst_addr hca_name hca_port src_addr stats '' "$path/stats:" rdma |
		sort | tr '\n' ' ')" ] || fail "files: $(on server "ls $class/files/paths $path $path/stats")"
says src_addr ip:10.77.0.2
says dst_addr ip:10.77.0.1
says hca_name rxe0
says hca_port 1
says disconnect 'Usage: echo 1 > disconnect'
for f in src_addr dst_addr hca_name hca_port; do mode_of $f 444; done
for f in disconnect stats/rdma; do mode_of $f 644; done

on client 'dd if=/dev/zero of=/dev/rnbd0 bs=4096 count=10 oflag=direct status=none'
read -r _ _ writes written <<<"$(on server "cat $path/stats/rdma")"
((writes >= 10 && written == writes * (4096 + 32))) ||
	fail "stats: $writes writes of $written bytes"
denied stats/rdma 0
denied stats/rdma x
on server "echo 1 >$path/stats/rdma"
says stats/rdma '0 0 0 0'

# the same by netlink
listed=$(on server 'rnbdctl list sessions -j; rnbdctl list paths -j')
for word in '"files"' 'ip:10.77.0.2' '"connected"' rxe0; do
	[[ $listed = *"$word"* ]] || fail "rnbdctl does not say $word: $listed"
done

denied disconnect 0
denied disconnect ''
on server "echo 1 >$path/disconnect; test ! -e $path/disconnect"
on server "until_true 10 test ! -e $class/files"
grep -q 'files: path .* down: closed by the administrator' <<<"$(log_since server)" || fail "no line about it"
on client 'sleep 1; echo 1 >/sys/class/rtrs-client/files/paths/*/reconnect'
on server "until_true 10 test -e $path/disconnect"
on client 'until_true 10 has /sys/block/rnbd0/rnbd/state open &&
	dd if=/dev/rnbd0 of=/dev/null bs=4096 count=10 iflag=direct status=none'

on client 'echo normal >/sys/block/rnbd0/rnbd/unmap_device'
on server "until_true 10 test ! -e $class/files"
unload client
unload server
log_clean server
