#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A device in use on the server is not served, one that is served cannot be
# taken into use there, in any access mode; all rnbd sessions share it.
# seconds: 10
# vms: pair
# check: 7.2
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/server-disk.sh"

have_ours server || skip "our modules are not built"
ram_disks 3
on server 'modprobe dm_mod'
server_up dev_search_path=/dev
client_up
keep=$(opened s1 ram2)

on server 'mkfs.ext4 -q /dev/ram0 && mkdir -p /run/m && mount /dev/ram0 /run/m'
refused 'resource busy' s1 ram0 rw
refused 'resource busy' s1 ram0 ro
on server 'umount /run/m'
on server 'dmsetup create --noudevsync --noudevrules lin --table "0 1024 linear /dev/ram1 0"'
refused 'resource busy' s1 ram1
on server 'dmsetup remove --noudevsync --noudevrules lin'

disk=$(opened s1 ram0 ro)
other=$(opened s2 ram0 rw)
fails server 'busy' 'mount /dev/ram0 /run/m'
fails server 'Device or resource busy' 'dmsetup create --noudevsync --noudevrules lin --table "0 1024 linear /dev/ram0 0"'
peer "unmap $disk $other"
on server 'mount /dev/ram0 /run/m && umount /run/m' || fail "not free after the unmap"
peer "unmap $keep"
all_down
