#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What 106 tests can be seen: an in-tree pair loses the second write.
# vms: none
# kernels: none
# peers: intree
# limit: 3600
set -euo pipefail
export CLIENT=intree SERVER=intree
. "$(dirname "$0")/106-ghost-write.sh"
