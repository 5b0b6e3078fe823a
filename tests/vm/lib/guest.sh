# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# In the guest: what every command sent with `on` may use.

# until_true SECONDS COMMAND...: waits for an event; 123 when it never comes.
# within SECONDS COMMAND...: a program that has to end by then. Both allow more on a
# kernel that is slow.
until_true() {
	local end=$((SECONDS + $1 * VM_SLOW))
	shift
	until "$@"; do
		[ $SECONDS -lt "$end" ] || { echo "never true: $*"; return 123; }
		# a pause without a program: nobody writes to this one
		read -rt 0.1 _ <&9 || :
	done
}

# anew MODULE PARAMETER...: loads it, and if it is loaded, without what it has by now.
anew() {
	[ ! -d "/sys/module/$1" ] || rmmod "$1"
	modprobe "$@"
}

within() { timeout $(($1 * VM_SLOW)) "${@:2}"; }

# What is asked again and again, without starting a program:
# has FILE LINE: one of its lines is this one, whole. nth FILE N OPERATOR VALUE: so is the
# Nth word of its first line, from 1, as `test` has it. none GLOB: no file fits.
# runs PROGRAM: a process does; gone PROGRAM: none. said PATTERN: the kernel has, since
# the test began, or since its log_mark.
has() {
	local line
	while IFS= read -r line || [ -n "$line" ]; do
		[ "$line" != "$2" ] || return 0
	done <"$1"
	return 1
}

nth() {
	local words
	read -ra words <"$1" && test "${words[$2 - 1]}" "$3" "$4"
}

none() { ! compgen -G "$1" >/dev/null; }

runs() {
	local file name
	for file in /proc/[0-9]*/comm; do
		# one that has just ended has none
		! { read -r name <"$file"; } 2>/dev/null || [ "$name" != "$1" ] || return 0
	done
	return 1
}

gone() { ! runs "$1"; }

# not in a pipe, which would fail with a reader that has seen enough
said() { grep -q -- "$1" < <(dmesg); }
