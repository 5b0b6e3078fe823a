#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# As 100, an in-tree client with our server: as far as that client promises it,
# for it has to be told to connect again after most losses.
# vms: pair
# kernels: none
# peers: intree
# limit: 7200
set -euo pipefail
export CLIENT=intree
. "$(dirname "$0")/100-failover-matrix.sh"
