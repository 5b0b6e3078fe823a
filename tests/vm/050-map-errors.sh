#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every map string with a mistake is refused with the errno of that mistake and
# a line in the log, so is a server that is not there or says no. None of it
# leaves a disk, a link, a session or an RDMA object behind.
# seconds: 40
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"

have_ours client || skip "our modules are not built"
ram_disks
server_up
client_up
bad='Invalid argument'
ok="sessname=s1 path=$path device_path=/dev/ram0"
long=$(printf 'x%.0s' {1..255})

refused "$bad" ""
refused "$bad" "sessname=s1 path=$path"
refused "$bad" "path=$path device_path=/dev/ram0"
refused "$bad" "$ok colour=blue"
refused "$bad" "$ok access_mode"
refused "$bad" "$ok access_mode="
refused "$bad" "$ok access_mode=wo"
refused "$bad" "$ok access_mode=ro access_mode=ro"
refused "$bad" "$ok dest_port=65536"
refused "$bad" "$ok dest_port=-1"
refused "$bad" "$ok dest_port=12x"
refused "$bad" "$ok nr_poll_queues=-2"
refused "$bad" "$ok nr_poll_queues=1000"
refused "$bad" "sessname=a/b path=$path device_path=/dev/ram0"
refused "$bad" "sessname=a.b path=$path device_path=/dev/ram0"
refused "$bad" "sessname=$long path=$path device_path=/dev/ram0"
refused "$bad" "sessname=s1 path=$path device_path=$long"
refused "$bad" "sessname=s1 path=$path device_path=/dev/../dev/ram0"
refused "$bad" "sessname=s1 path=$path device_path=/dev/r!m0"
refused "$bad" "sessname=s1 path=ip:10.77.0 device_path=/dev/ram0"
refused 'Protocol not supported' "sessname=s1 path=tcp:10.77.0.1 device_path=/dev/ram0"
refused 'Cannot allocate memory' \
	"$ok$(printf " path=$path%.0s" {1..6})"
[ "$(log_since client | grep -c 'rnbd_client: map_device: ')" = 22 ] || fail "lines in the log"
grep -q 'unknown option: "colour=blue"' <<<"$(log_since client)" || fail "the word is not named"

refused 'No such device or address' "sessname=s1 device_path=/dev/ram0"
refused 'No such file or directory' "sessname=s1 path=$path device_path=/dev/nosuch"
refused 'Block device required' "sessname=s1 path=$path device_path=/dev/null"
# nobody listens; no way there (010 has an address where nobody is)
refused 'refused' "$ok dest_port=4321"
refused 'Network is unreachable' "sessname=s1 path=ip:192.0.2.1 device_path=/dev/ram0"
ask nothing_left || fail "a failed mapping left something"

disk=$(mapped /dev/ram0)
refused 'File exists' "$ok"
refused 'Operation not permitted' "sessname=s2 path=$path device_path=/dev/ram0"
refused "$bad" "sessname=s1 path=$path device_path=/dev/ram1 nr_poll_queues=1"
[ "$(on client 'ls /sys/class/rtrs-client')" = s1 ] || fail "a refused session is left"
ask "attr $disk unmap_device normal"
all_down
