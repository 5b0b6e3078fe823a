#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rnbdctl with a real kernel below it: maps, lists, shows and unmaps over
# netlink, says what is wrong with the documented exit status, in text and JSON,
# leaves nothing behind after a failure, and works over sysfs alone, too.
# seconds: 45
# vms: pair
# check: 6.1 7.2
# limit: 240
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/rnbdctl.sh"

have_ours client || skip "our modules are not built"
on client 'command -v rnbdctl >/dev/null' || skip "rnbdctl is not built"

gone() { [ "$(field '.items | length' list devices)" = 0 ] && [ "$(on client 'ls /sys/class/rtrs-client')" = '' ]; }

exits 8 'modprobe rnbd-client' map ram0 from s1 --path ip:10.77.0.1
on server 'anew brd rd_nr=2 rd_size=16384'
load_ours client rnbd-client

# nobody there, and nobody answering
exits 11 'nobody listens' map ram0 from s1 --path ip:10.77.0.1
exits 11 'ENETUNREACH' map ram0 from s1 --path ip:192.0.2.1
gone || fail "a failed mapping is left"

load_ours server rnbd-server dev_search_path=/dev
exits 9 's1 refused to open "nosuch"' map nosuch from s1 --path ip:10.77.0.1
exits 2 'bad/name' map ram0 from bad/name --path ip:10.77.0.1
exits 2 'tcp:10.77.0.1' map ram0 from s1 --path tcp:10.77.0.1
[ "$(field '.code + " " + (.remote | tostring) + " " + .errno' map nosuch from s1 --path ip:10.77.0.1)" = \
	'remote_refused true ENOENT' ] || fail "error object"
gone || fail "a refused mapping is left"

[ "$(on client 'rnbdctl map ram0 from s1 --path ip:10.77.0.1 --name data -q')" = /dev/rnbd0 ] || fail "map -q"
on client 'test -b /dev/rnbd0'
[ "$(field '.changed' map ram0 from s1 --path ip:10.77.0.1 --name data)" = false ] || fail "mapped twice"
exits 4 'is mapped already' map ram0 from s1 --path ip:10.77.0.1 ro
[ "$(field '.device' map ram1 from s1 ro)" = /dev/rnbd1 ] || fail "second device of the session"
on client '! blkdiscard -z -l 4096 /dev/rnbd1 2>/dev/null' || fail "ro device written"

[ "$(field '[.items[] | .disk + " " + .state] | sort | join(",")' list devices)" = 'rnbd0 mapped,rnbd1 mapped' ] ||
	fail "list: $(on client 'rnbdctl -j list devices')"
for what in rnbd0 /dev/rnbd0 data ram0 s1; do does show $what; done
exits 0 'connected' status
on server 'rnbdctl | grep -q ram0' || fail "the server's status does not name the export"
exits 3 'nosuch' show nosuch

# in use
on client 'mkfs.ext4 -q /dev/rnbd0 && mount /dev/rnbd0 /mnt'
exits 10 '/mnt' unmap rnbd0
on client 'umount /mnt'
does unmap rnbd0 rnbd1
[ "$(field '.changed' unmap rnbd0)" = false ] || fail "unmapped twice"
gone || fail "something is left after unmap"

# without waiting, and over sysfs alone
does map ram0 from s1 --path ip:10.77.0.1 --no-wait
on client 'until_true 15 test -b /dev/rnbd0'
does unmap rnbd0
does --sysfs /sys map ram0 from s1 --path ip:10.77.0.1
exits 0 'ram0' --sysfs /sys list devices
does --sysfs /sys unmap rnbd0
gone || fail "something is left"
unload client
unload server
