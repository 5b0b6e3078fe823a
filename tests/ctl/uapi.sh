#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The netlink specs include/uapi/*.yaml and the headers beside them agree in every name and number.
set -euo pipefail
command -v python3 >/dev/null || { echo "python3 is not installed" && exit 77; }
exec python3 "$(dirname "$0")/uapi.py"
