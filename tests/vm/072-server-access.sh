#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may open a device how: readers never disturb, one writer at a time, a
# second one only to migrate; the server's sysfs tells all of it. Nobody writes
# through a read-only mapping.
# seconds: 20
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
ram_disks 2
# four sessions at once: small ones
load_ours server rtrs-server sess_queue_depth=64
server_up dev_search_path=/dev
client_up

# sessions a, b and c live on while maps are refused
for s in a b c; do opened $s ram1 ro >/dev/null; done

writer=$(opened a ram0 rw)
refused 'Operation not permitted' b ram0 rw
reader=$(opened c ram0 ro)
mover=$(opened b ram0 migration)
refused 'Operation not permitted' d ram0 migration
refused 'Operation not permitted' d ram0 rw
[ "$(export_file ram0 a access_mode) $(export_file ram0 a read_only)" = 'rw 0' ] || fail "files of a"
[ "$(export_file ram0 b access_mode) $(export_file ram0 b read_only)" = 'migration 0' ] || fail "files of b"
[ "$(export_file ram0 c access_mode) $(export_file ram0 c read_only)" = 'ro 1' ] || fail "files of c"
[ "$(export_file ram0 c mapping_path)" = ram0 ] || fail "mapping_path"
[ "$(export_file ram0 c force_close)" = 'Usage: echo 1 > force_close' ] || fail "force_close"
[ "$(on server 'ls /sys/class/rnbd-server/ctl/devices/ram0/sessions | tr "\n" " "')" = 'a b c ' ] ||
	fail "sessions"

peer "put $writer 1 written-by-a"
[ "$(peer "get $reader 1 12")" = written-by-a ] || fail "the reader sees other data"
[ "$(peer "get $mover 1 12")" = written-by-a ] || fail "the mover sees other data"
peer "blockdev --setrw /dev/$reader" || :
io_fails 'Operation not permitted' "put $reader 1 written-by-c"
[ "$(peer "get $writer 1 12")" = written-by-a ] || fail "a read-only mapping has written"

peer "unmap $writer"
refused 'Operation not permitted' a ram0 rw
peer "unmap $mover"
writer=$(opened a ram0 rw)
peer "put $writer 1 again-by-a"
peer "unmap $writer $reader"
# the same device in one session under a second name
first=$(opened a ram0)
refused 'File exists' a ./ram0
peer "unmap $first"
all_down
