#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A lint that never refuses is none: each gets one good file and one bad sample per rule, and must refuse just these.
set -euo pipefail
scripts=$(cd "$(dirname "$0")/../../scripts" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
passed=0 failed=0

# sample PATH: the content comes on stdin, after the licence line.
sample() {
	mkdir -p "$tree/$(dirname "$1")"
	{ echo "// SPDX-License-Identifier: GPL-2.0-or-later"; cat; } >"$tree/$1"
}

verdict() {
	local want=$1 lint=$2 what=$3 got=accepts
	"$scripts/$lint" "$tree" >"$tree.out" 2>&1 || got=refuses
	[ -s "$tree.out" ] || [ $got = accepts ] || got="fails without a finding on"
	if [ "$got" = "$want" ]; then
		passed=$((passed + 1))
		echo "ok   $lint $got $what"
	else
		failed=$((failed + 1))
		echo "FAIL $lint $got $what"
		cat "$tree.out"
	fi
	rm -rf "$tree" "$tree.out"
	mkdir "$tree"
}

accepts() { verdict accepts "$@"; }
refuses() { verdict refuses "$@"; }
# one LINT WHAT PATH LINE: a sample of one line must be refused.
one() { echo "$4" | sample "$3"; refuses "$1" "$2"; }
fine() { echo "$4" | sample "$3"; accepts "$1" "$2"; }
lines() { local i; for ((i = 0; i < $1; i++)); do echo "	x++;"; done; }

lines 599 | sample kernel/a.c
accepts lint-size "600 lines"
lines 600 | sample kernel/a.c
refuses lint-size "601 lines"
{ echo 'int f(void)'; echo '{'; lines 57; echo '}'; } | sample kernel/a.c
accepts lint-size "a function of 60 lines"
{ echo 'int f(void)'; echo '{'; lines 58; echo '}'; } | sample kernel/a.c
refuses lint-size "a function of 61 lines"
{ echo 'int f(int a) {'; lines 60; echo '}'; } | sample ctl/a.cc
refuses lint-size "a long C++ function"
{ echo 'f() {'; lines 60; echo '}'; } | sample scripts/a.sh
refuses lint-size "a long shell function"

one lint-compat "a version number" kernel/rtrs/a.c '#if LINUX_VERSION_CODE > 3'
one lint-compat "a version number in compat" kernel/compat/a.h '#if LINUX_VERSION_CODE > 3'
one lint-compat "HAVE_ outside compat" kernel/rtrs/a.h '#ifdef HAVE_THING'
one lint-compat "#if at a call site" kernel/rnbd/a.c '#ifdef BLK_FEAT_FUA'
fine lint-compat "HAVE_ in compat" kernel/compat/a.h '#ifdef HAVE_THING'
fine lint-compat "#if on configuration" kernel/rnbd/a.c '#ifdef CONFIG_DEBUG_FS'

one lint-includes "wire including pure" include/wire/a.h '#include "../../kernel/pure.h"'
one lint-includes "a kernel header in pure" kernel/rtrs/pure/a.c '#include <linux/slab.h>'
one lint-includes "compat in pure" kernel/rnbd/pure/a.c '#include "../../compat/compat.h"'
one lint-includes "client in core" kernel/rtrs/device.c '#include "client.h"'
one lint-includes "server in client" kernel/rtrs/clt_path.c '#include "server.h"'
one lint-includes "client in server" kernel/rnbd/srv_io.c '#include "client.h"'
one lint-includes "verbs in rtrs.h" kernel/rtrs/rtrs.h '#include <rdma/ib_verbs.h>'
one lint-includes "core.h in rnbd" kernel/rnbd/clt_dev.c '#include "rtrs/core.h"'
one lint-includes "uapi outside genl" kernel/rnbd/clt_dev.c '#include "uapi/rnbd_netlink.h"'
one lint-includes "sysfs in a hot file" kernel/rtrs/srv_recv.c '#include <linux/sysfs.h>'
one lint-includes "a mutex in a hot file" kernel/rtrs/srv_recv.c '	mutex_lock(&a);'
one lint-includes "an allocation in a hot file" kernel/rnbd/clt_io.c '	p = kzalloc(4, GFP_ATOMIC);'
one lint-includes "an unlimited message in a hot file" kernel/rnbd/srv_io.c '	pr_err("no");'
one lint-includes "core in ctl" ctl/a.cc '#include "rtrs/core.h"'
fine lint-includes "a limited message in a hot file" kernel/rnbd/srv_io.c '	pr_err_ratelimited("no");'
fine lint-includes "wire in pure" kernel/rtrs/pure/a.c '#include "../../../include/wire/rtrs_proto.h"'
fine lint-includes "rtrs.h in rnbd" kernel/rnbd/clt_session.c '#include "rtrs/rtrs.h"'
fine lint-includes "uapi in genl" kernel/rnbd/clt_genl.c '#include "uapi/rnbd_netlink.h"'

mkdir -p "$tree/kernel" && echo 'int a;' >"$tree/kernel/a.c"
refuses lint-text "a file without licence"
one lint-text "a uapi header without the syscall note" include/uapi/a.h 'int a;'
one lint-text "trailing white space" kernel/a.c 'int a; '
one lint-text "a leftover" kernel/a.c "/* TO""DO: all */"
fine lint-text "a clean file" kernel/a.c 'int a;'

echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
