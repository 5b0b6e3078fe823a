#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# wire-check takes a good session and refuses each wrong byte, made up by selftest.py.
set -euo pipefail
command -v python3 >/dev/null || { echo "python3 is not installed" && exit 77; }
exec python3 -B "$(dirname "$0")/selftest.py" "$WIRE_CHECK"
