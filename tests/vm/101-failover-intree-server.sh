#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# As 100, our client with an in-tree server.
# vms: pair
# kernels: none
# peers: intree
# limit: 7200
set -euo pipefail
export SERVER=intree
. "$(dirname "$0")/100-failover-matrix.sh"
