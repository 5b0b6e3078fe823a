#!/bin/bash
# vms: pair
# seconds: 1
set -euo pipefail
. "$(dirname "$0")/lib/vm.sh"
. "$(dirname "$0")/lib/client-disk.sh"
ram_disks
server_up
client_up
one=$(mapped /dev/ram0)
on client "until_true 2 test -e /nothing" || fail "nothing comes"
