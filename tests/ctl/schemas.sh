#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every JSON output expected by golden.sh is what packaging/schemas promises.
set -euo pipefail
command -v python3 >/dev/null || { echo "python3 is not installed" && exit 77; }
exec python3 "$(dirname "$0")/schemas.py"
