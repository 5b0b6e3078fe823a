/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors and hints: tables, and the two ways from a kernel's answer into them. */
#include "ctl/errors.h"

#include <cctype>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace ctl {

namespace {

const std::vector<ErrorKind> KINDS = {
	/* paths */
	{"RNBD-P01", "no_resource", EXIT_OTHER, "free memory or RDMA resources; `rdma resource show` lists what is in use"},
	{"RNBD-P02", "no_rdma_device", EXIT_UNREACHABLE, "check `rdma link show`: an RDMA device must own the source address"},
	{"RNBD-P03", "heartbeat_lost", EXIT_UNREACHABLE, "check the link and whether the server is alive; the path reconnects by itself"},
	{"RNBD-P04", "address_unresolved", EXIT_UNREACHABLE, "check the address, the link (`rdma link show`) and the route to it (`ip route get`)"},
	{"RNBD-P05", "route_unresolved", EXIT_UNREACHABLE, "check the fabric between both ends, on InfiniBand the subnet manager"},
	{"RNBD-P06", "no_answer", EXIT_UNREACHABLE, "check that the server is up and that no firewall drops UDP port 4791"},
	{"RNBD-P07", "no_listener", EXIT_UNREACHABLE, "load rnbd-server on the server, or give its port with --port"},
	{"RNBD-P08", "connect_refused", EXIT_REFUSED, "the kernel log of the server says why it refused"},
	{"RNBD-P09", "not_rtrs", EXIT_REFUSED, "something else answers on this port; give the right one with --port"},
	{"RNBD-P10", "version_mismatch", EXIT_REFUSED, "client and server speak different protocol versions; upgrade the older side"},
	{"RNBD-P11", "bad_offer", EXIT_REFUSED, "the server offers sizes this client does not accept; check its sess_queue_depth and max_chunk_size"},
	{"RNBD-P12", "info_refused", EXIT_REFUSED, "the kernel log of the server says why it closed the path; another client may use this session name"},
	{"RNBD-P13", "handshake_timeout", EXIT_TIMED_OUT, "the other side is connected but silent; see its kernel log"},
	{"RNBD-P14", "bad_info", EXIT_REFUSED, "the server broke the protocol; see both kernel logs"},
	{"RNBD-P15", "peer_closed", EXIT_UNREACHABLE, "the other side closed the path: unloaded, shut down, or closed by its administrator"},
	{"RNBD-P16", "transport_error", EXIT_UNREACHABLE, "check the counters of the link (`rdma statistic show`); the path reconnects by itself"},
	{"RNBD-P17", "protocol_violation", EXIT_REFUSED, "the other side broke the protocol; see both kernel logs"},
	{"RNBD-P18", "address_changed", EXIT_UNREACHABLE, "the address moved to another RDMA device; the path reconnects by itself if it is still there"},
	{"RNBD-P19", "device_removed", EXIT_UNREACHABLE, "the RDMA device of this path is gone; bring it back, the path reconnects by itself"},
	{"RNBD-P20", "closed_by_admin", EXIT_OTHER, "somebody closed it on this machine; `rnbdctl path reconnect PATH` brings it back"},
	{"RNBD-P21", "session_closed", EXIT_OTHER, "the session was closed while this ran; map again"},
	{"RNBD-P22", "no_path", EXIT_UNREACHABLE, "no path of the session is connected; `rnbdctl status` names the reason for each"},
	{"RNBD-P23", "device_unfit", EXIT_OTHER, "use another RDMA device; the kernel log names what this one lacks"},
	{"RNBD-P24", "path_down", EXIT_UNREACHABLE, "`rnbdctl show PATH` and the kernel log tell more"},
	{"RNBD-P25", "session_without_paths", EXIT_UNREACHABLE, "`rnbdctl path add SESSION ADDRESS` gives it a path"},
	{"RNBD-P26", "port_down", EXIT_UNREACHABLE, "the network interface of this path is down; bring it up, the client connects again by itself"},
	{"RNBD-P27", "address_taken", EXIT_DIFFERS, "the route leads by the source address of another path of the session: name one as SRC@DST, or delete the other path"},
	{"RNBD-P28", "server_busy", EXIT_REFUSED, "the server has not finished with what this path was before, or one of its limits is reached, which its kernel log names"},
	/* opening a device on the server */
	{"RNBD-O01", "write_conflict", EXIT_REFUSED, "another client has it open for writing; map with `ro`, or with `migration` to take over"},
	{"RNBD-O02", "remote_refused", EXIT_REFUSED, "the server looks below its search path; `rnbdctl status` there shows it"},
	{"RNBD-O03", "remote_denied", EXIT_REFUSED, "the server opens nothing outside its search path: load rnbd-server there with dev_search_path=DIRECTORY"},
	{"RNBD-O04", "remote_in_use", EXIT_REFUSED, "the device is used on the server itself (mounted, swap, or part of another device)"},
	{"RNBD-O05", "remote_read_only", EXIT_REFUSED, "the device is read-only on the server; map with `ro`"},
	{"RNBD-O06", "remote_invalid", EXIT_REFUSED, "the name is not accepted by the server, or what it names is no block device"},
	{"RNBD-O07", "remote_error", EXIT_REFUSED, "the kernel log of the server says more"},
	{"RNBD-O08", "remote_exists", EXIT_REFUSED, "this session has the same device open under another name"},
	{"RNBD-O09", "open_timeout", EXIT_TIMED_OUT, "the server is connected but did not answer the open; see its kernel log"},
	{"RNBD-O10", "bad_open_response", EXIT_REFUSED, "the server described a device this client does not accept; see the kernel log"},
	{"RNBD-O11", "session_lost", EXIT_UNREACHABLE, "the session broke; the device comes back when a path does"},
	{"RNBD-O12", "cancelled", EXIT_OTHER, "somebody unmapped it meanwhile"},
	{"RNBD-O13", "device_changed", EXIT_REFUSED, "see on the server what it is now, and its size; if it is right, `rnbdctl remap DEV`"},
	{"RNBD-O14", "closed_by_server", EXIT_REFUSED, "somebody closed it on the server; `rnbdctl remap DEV` opens it again"},
	/* devices and sessions on this machine */
	{"RNBD-D01", "in_use", EXIT_IN_USE, "stop its users first; --force takes it away from them and fails their I/O"},
	{"RNBD-D02", "exists_differently", EXIT_DIFFERS, "unmap it first, or ask for the settings it has"},
	{"RNBD-D03", "no_such_object", EXIT_NOT_FOUND, "`rnbdctl list` names what there is"},
	{"RNBD-D04", "ambiguous", EXIT_USAGE, "name one of them by its /dev name"},
	{"RNBD-D05", "no_such_session", EXIT_NOT_FOUND, "say where the server is: --path ADDRESS"},
	{"RNBD-D06", "busy", EXIT_IN_USE, "it is still being mapped or unmapped; try again when that is done"},
	{"RNBD-D07", "device_down", EXIT_UNREACHABLE, "it comes back with its session; `rnbdctl remap` after a refusal by the server"},
	{"RNBD-D08", "no_node", EXIT_TIMED_OUT, "check that devtmpfs is mounted on /dev"},
	{"RNBD-D09", "ambiguous_path", EXIT_USAGE, "name it SRC@DST, SESSION/SRC@DST, or by its id (`rnbdctl list paths -j`)"},
	{"RNBD-D10", "path_busy", EXIT_IN_USE, "try again when that is done"},
	{"RNBD-D11", "lost_writes", EXIT_OTHER, "unmount or close everything that uses it, check the data, open it again"},
	{"RNBD-D12", "other_server", EXIT_DIFFERS, "use another session name for another server; `rnbdctl path add SESSION ADDRESS` if it is another address of the same one"},
	/* modules and rights */
	{"RNBD-M01", "module_missing", EXIT_NO_MODULE, "modprobe rnbd-client"},
	{"RNBD-M02", "module_too_old", EXIT_NO_MODULE, "the loaded modules lack this; load those of this project"},
	{"RNBD-M03", "not_permitted", EXIT_NOT_PERMITTED, "run it as root (CAP_SYS_ADMIN and CAP_NET_ADMIN)"},
	{"RNBD-M04", "not_serving", EXIT_REFUSED, "load rnbd-server with dev_search_path=DIRECTORY to offer what is below it"},
	/* what was typed */
	{"RNBD-U01", "usage", EXIT_USAGE, "`rnbdctl --help` and `rnbdctl VERB --help` show the words"},
	{"RNBD-U02", "bad_name", EXIT_USAGE, "names are 1 to 254 printable ASCII bytes without spaces and `!`; session names also without `/` and `.`"},
	{"RNBD-U03", "bad_address", EXIT_USAGE, "[SRC@]DST, each ip:ADDRESS, gid:GID, IPv4, [IPv6] or a host name, DST may end in :PORT"},
	{"RNBD-U04", "host_unknown", EXIT_USAGE, "check the spelling of the host name, or give its address"},
	{"RNBD-U05", "refused_argument", EXIT_USAGE, ""},
	/* waiting */
	{"RNBD-W01", "timed_out", EXIT_TIMED_OUT, "--timeout waits longer, --no-wait leaves it to the kernel"},
	{"RNBD-W02", "interrupted", EXIT_INTERRUPTED, ""},
	/* all else */
	{"RNBD-K01", "kernel_error", EXIT_OTHER, "the kernel log may say more (`dmesg`)"},
	{"RNBD-K02", "netlink_error", EXIT_OTHER, "tool and modules may be of different versions; compare with `rnbdctl version`"},
	{"RNBD-K03", "output_error", EXIT_OTHER, ""},
};

struct FaultRow {
	const char *cause;
	int err;	/* 0: any */
	const char *id;
	bool remote = false;	/* only if the other side says so */
};

/* First match wins. */
const FaultRow FAULTS[] = {
	{"no-resource", 0, "RNBD-P01"},
	{"no-device", 0, "RNBD-P02"},
	{"device-unfit", 0, "RNBD-P23"},
	{"addr-unresolved", 0, "RNBD-P04"},
	{"route-unresolved", 0, "RNBD-P05"},
	{"no-answer", 0, "RNBD-P06"},
	{"no-listener", 0, "RNBD-P07"},
	{"refused", EBUSY, "RNBD-P28", true},
	{"refused", 0, "RNBD-P08"},
	{"bad-magic", 0, "RNBD-P09"},
	{"bad-version", 0, "RNBD-P10"},
	{"bad-offer", 0, "RNBD-P11"},
	{"info-refused", 0, "RNBD-P12"},
	{"info-timeout", 0, "RNBD-P13"},
	{"bad-info", 0, "RNBD-P14"},
	{"handshake-timeout", 0, "RNBD-P13"},
	{"end-timeout", 0, "RNBD-P13"},
	{"peer-closed", 0, "RNBD-P15"},
	{"heartbeat-lost", 0, "RNBD-P03"},
	{"transport-error", 0, "RNBD-P16"},
	{"violation", 0, "RNBD-P17"},
	{"addr-changed", 0, "RNBD-P18"},
	{"device-removed", 0, "RNBD-P19"},
	{"port-down", 0, "RNBD-P26"},
	{"addr-taken", 0, "RNBD-P27"},
	{"admin", 0, "RNBD-O14", true},
	{"admin", 0, "RNBD-P20"},
	{"session-closed", 0, "RNBD-P21"},
	{"no-path", 0, "RNBD-P22"},
	{"open-refused", EPERM, "RNBD-O01"},
	{"open-refused", ENOENT, "RNBD-O02"},
	{"open-refused", EACCES, "RNBD-O03"},
	{"open-refused", EBUSY, "RNBD-O04"},
	{"open-refused", EROFS, "RNBD-O05"},
	{"open-refused", EINVAL, "RNBD-O06"},
	{"open-refused", ENOTBLK, "RNBD-O06"},
	{"open-refused", EEXIST, "RNBD-O08"},
	{"open-refused", 0, "RNBD-O07"},
	{"open-timeout", 0, "RNBD-O09"},
	{"bad-open-rsp", 0, "RNBD-O10"},
	{"session-lost", 0, "RNBD-O11"},
	{"cancelled", 0, "RNBD-O12"},
	{"other-server", 0, "RNBD-D12"},
	{"device-changed", 0, "RNBD-O13"},
	/* without a cause: the sysfs back end has only the errno */
	{"none", EPERM, "RNBD-O01"},
	{"none", ENOENT, "RNBD-O02"},
	{"none", EACCES, "RNBD-O03"},
	{"none", EROFS, "RNBD-O05"},
	{"none", EHOSTUNREACH, "RNBD-P06"},
	{"none", ENETUNREACH, "RNBD-P04"},
	{"none", ETIMEDOUT, "RNBD-P06"},
	{"none", ECONNREFUSED, "RNBD-P07"},
	{"none", ECONNRESET, "RNBD-P08"},
	{"none", ENODEV, "RNBD-P02"},
	{"none", ENOMEM, "RNBD-P01"},
};

struct ErrnoRow {
	int err;
	const char *id;
};

/* Answers of this machine's kernel to a request. */
const ErrnoRow ERRNOS[] = {
	{EPERM, "RNBD-M03"},
	{EACCES, "RNBD-M03"},
	{ENXIO, "RNBD-D05"},
	{ENOENT, "RNBD-D03"},
	{ENODEV, "RNBD-D03"},
	{EEXIST, "RNBD-D02"},
	{ENOTUNIQ, "RNBD-D12"},
	{EBUSY, "RNBD-D01"},
	{EINVAL, "RNBD-U05"},
	{ERANGE, "RNBD-U05"},
	{EPROTONOSUPPORT, "RNBD-U03"},
	{EOPNOTSUPP, "RNBD-M02"},
	{ENOMEM, "RNBD-P01"},
	{ENOSPC, "RNBD-U05"},
	{ESHUTDOWN, "RNBD-P21"},
	{EINTR, "RNBD-W02"},
};

} // namespace

const std::vector<ErrorKind> &error_kinds()
{
	return KINDS;
}

const ErrorKind &error_kind(std::string_view id)
{
	const ErrorKind *fallback = &KINDS.back();

	for (const ErrorKind &kind : KINDS) {
		if (id == kind.id)
			return kind;
		if (std::strcmp(kind.id, "RNBD-K01") == 0)
			fallback = &kind;
	}
	return *fallback;
}

static Error from_kind(const ErrorKind &kind, const std::string &message, int err)
{
	Error error;

	error.exit = kind.exit;
	error.code = kind.code;
	error.id = kind.id;
	error.message = message;
	error.hint = kind.hint;
	error.err = err;
	return error;
}

Error make_error(const char *id, const std::string &message, int err)
{
	return from_kind(error_kind(id), message, err);
}

const ErrorKind &fault_kind(const Fault &fault)
{
	if (!fault.any())
		return error_kind("RNBD-K01");
	for (const FaultRow &row : FAULTS)
		if (fault.cause == row.cause && (row.err == 0 || row.err == fault.err) && (fault.remote || !row.remote))
			return error_kind(row.id);
	return error_kind("RNBD-P24");
}

std::string fault_text(const Fault &fault)
{
	std::string text = fault.text;
	std::string origin;

	/* The kernel's text is that of the same deed on this machine. */
	if (fault.remote && fault.cause == "admin")
		return "the server closed it";
	if (text.empty())
		text = fault.err ? errno_text(fault.err) : "no reason given";
	else if (fault.remote && fault.err)
		text += ": " + errno_text(fault.err);
	if (fault.remote)
		origin = "answer of the server";
	if (fault.err)
		origin += (origin.empty() ? "" : ", ") + errno_name(fault.err);
	return origin.empty() ? text : text + " (" + origin + ")";
}

Error fault_error(const std::string &what, const Fault &fault)
{
	Error error = from_kind(fault_kind(fault), what + ": " + fault_text(fault), fault.err);

	error.remote = fault.remote;
	error.cause = fault.cause == "none" ? "" : fault.cause;
	return error;
}

std::string filled(std::string hint, const std::string &word, const std::string &name)
{
	const auto part_of_word = [&hint](size_t at) {
		return at < hint.size() && (isalnum(static_cast<unsigned char>(hint[at])) || hint[at] == '_');
	};

	for (size_t at = name.empty() ? std::string::npos : hint.find(word); at != std::string::npos;
	     at = hint.find(word, at)) {
		if ((at > 0 && part_of_word(at - 1)) || part_of_word(at + word.size())) {
			at += word.size();
			continue;
		}
		hint.replace(at, word.size(), name);
		at += name.size();
	}
	return hint;
}

/* What an errno means as the answer to an open. */
static std::string refusal_text(int err)
{
	switch (err) {
	case ENOENT:
	case ENODEV:
		return "no such device";
	case EPERM:
		return "another client writes to it";
	case EACCES:
		return "the server does not allow it";
	case EBUSY:
		return "it is in use on the server";
	case EROFS:
		return "it is read-only";
	case ENOTBLK:
		return "it is no block device";
	default:
		return errno_text(err);
	}
}

Error open_error(const std::string &what, const std::string &device, const std::string &session,
		 const Fault &fault)
{
	Error error = fault_error(what, fault);

	if (fault.cause == "open-refused" && fault.remote && fault.err)
		error.message = fmt::format("{} refused to open \"{}\": {} (answer of the server, {})", session, device,
					    refusal_text(fault.err), errno_name(fault.err));
	return error;
}

Error kernel_error(const std::string &what, int err, const std::string &text)
{
	const ErrorKind *kind = &error_kind("RNBD-K01");

	for (const ErrnoRow &row : ERRNOS)
		if (row.err == err)
			kind = &error_kind(row.id);
	return from_kind(*kind, fmt::format("{}: {} ({})", what,
		text.empty() ? errno_text(err) : text, errno_name(err)), err);
}

std::string errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : fmt::format("E{}", err);
}

std::string errno_text(int err)
{
	const char *text = strerrordesc_np(err);
	std::string out = text ? text : fmt::format("error {}", err);

	/* "No such device" inside a sentence; names like "RPC ..." stay. */
	if (out.size() > 1 && out[1] >= 'a' && out[1] <= 'z' && out[0] >= 'A' && out[0] <= 'Z')
		out[0] = static_cast<char>(out[0] + ('a' - 'A'));
	return out;
}

} // namespace ctl
