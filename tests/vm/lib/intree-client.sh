# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests with the in-tree client.

# intree_map SESSION DEVICE [PATH...]: maps and waits for /dev/rnbd0; prints the
# error and fails. That client does not repeat an address resolution whose
# answer it missed, so this does.
intree_map() {
	local try out session=$1 device=$2 paths
	shift 2
	paths=$(printf ' path=%s' "${@:-ip:10.77.0.1}")
	for try in 1 2 3; do
		out=$(on client "echo 'sessname=$session device_path=$device$paths' \
			>/sys/class/rnbd-client/ctl/map_device && until_true 10 test -b /dev/rnbd0" 2>&1) &&
			return 0
		[[ $out = *'timed out'* ]] || break
		echo "address resolution, try $try"
	done
	echo "$out"
	return 1
}
