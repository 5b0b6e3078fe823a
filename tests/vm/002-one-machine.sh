#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All five modules on one machine: it maps its own disk with rnbdctl, the data
# comes back as written, the disk goes away, the modules unload, no RDMA object
# is left.
# seconds: 10
# vms: single
# kernels: all
# smoke: yes
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"

have_ours server || skip "our modules are not built"
on server 'anew brd rd_nr=1 rd_size=16384; modprobe rdma_cm'
before=$(on server 'rdma resource show')
load_ours server rnbd-server dev_search_path=/dev
load_ours server rnbd-client
on server 'rnbdctl map ram0 from self --path ip:10.77.0.1' || fail "map"
[ "$(on server 'rnbdctl list devices -q')" = rnbd0 ] || fail "list: $(on server 'rnbdctl list devices -q')"
ON_LIMIT=100 on server 'fio --name=v --filename=/dev/rnbd0 --rw=randwrite --bsrange=512-64k --size=8m --iodepth=16 \
	--ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --minimal >/dev/null' || fail "fio"
# what the client wrote is on the disk itself
on server 'cmp -n 8388608 <(dd if=/dev/rnbd0 bs=1M iflag=direct status=none) <(dd if=/dev/ram0 bs=1M status=none)' ||
	fail "the disk has other data"
on server 'rnbdctl unmap rnbd0 && test ! -e /sys/block/rnbd0' || fail "unmap"
unload_clean server "$before"
