// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words for each cause. Called by logs, sysfs, netlink and rnbdctl. Tokens are
 * a promise to programs and never change; sentences may. Needs no lock.
 */
#include "cause.h"

static const struct {
	const char *token;
	const char *text;
} causes[RTRS_CAUSES] = {
	[RTRS_CAUSE_NONE] = { "none", "no trouble" },
	[RTRS_CAUSE_NO_RESOURCE] = {
		"no-resource", "this machine lacks memory, a queue pair or a memory registration" },
	[RTRS_CAUSE_NO_DEVICE] = {
		"no-device", "no RDMA device of this machine reaches the address" },
	[RTRS_CAUSE_DEVICE_UNFIT] = {
		"device-unfit", "the RDMA device lacks something the protocol needs" },
	[RTRS_CAUSE_ADDR_UNRESOLVED] = {
		"addr-unresolved", "the address does not resolve to a neighbour" },
	[RTRS_CAUSE_ROUTE_UNRESOLVED] = {
		"route-unresolved", "no RDMA route leads to the address" },
	[RTRS_CAUSE_NO_ANSWER] = { "no-answer", "the connect request was not answered" },
	[RTRS_CAUSE_NO_LISTENER] = {
		"no-listener", "nobody listens on this address and port" },
	[RTRS_CAUSE_REFUSED] = { "refused", "the peer refused the connection" },
	[RTRS_CAUSE_BAD_MAGIC] = { "bad-magic", "the peer does not speak RTRS" },
	[RTRS_CAUSE_BAD_VERSION] = {
		"bad-version", "the peer speaks another major version of RTRS" },
	[RTRS_CAUSE_BAD_OFFER] = {
		"bad-offer", "the server offers a queue depth or a size out of bounds" },
	[RTRS_CAUSE_INFO_REFUSED] = {
		"info-refused", "the server closed the path instead of answering with its chunks" },
	[RTRS_CAUSE_INFO_TIMEOUT] = {
		"info-timeout", "the server did not answer with its chunks in time" },
	[RTRS_CAUSE_BAD_INFO] = { "bad-info", "the server's chunk list breaks the protocol" },
	[RTRS_CAUSE_HANDSHAKE_TIMEOUT] = {
		"handshake-timeout", "the client did not finish the handshake in time" },
	[RTRS_CAUSE_PEER_CLOSED] = { "peer-closed", "the peer closed the path" },
	[RTRS_CAUSE_HEARTBEAT_LOST] = {
		"heartbeat-lost", "the peer stopped answering heartbeats" },
	[RTRS_CAUSE_TRANSPORT_ERROR] = {
		"transport-error", "the RDMA device reported a failed transfer" },
	[RTRS_CAUSE_VIOLATION] = { "violation", "the peer broke the protocol" },
	[RTRS_CAUSE_ADDR_CHANGED] = { "addr-changed", "the local address changed" },
	[RTRS_CAUSE_DEVICE_REMOVED] = { "device-removed", "the RDMA device went away" },
	[RTRS_CAUSE_ADMIN] = { "admin", "closed by the administrator" },
	[RTRS_CAUSE_SESSION_CLOSED] = { "session-closed", "the session was closed" },
	[RTRS_CAUSE_NO_PATH] = { "no-path", "no path of the session is connected" },
	[RTRS_CAUSE_OPEN_REFUSED] = {
		"open-refused", "the server refused to open the device" },
	[RTRS_CAUSE_OPEN_TIMEOUT] = {
		"open-timeout", "the server did not answer the open request in time" },
	[RTRS_CAUSE_BAD_OPEN_RSP] = {
		"bad-open-rsp", "the server describes the device in a way that cannot be" },
	[RTRS_CAUSE_SESSION_LOST] = { "session-lost", "the session to the server is down" },
	[RTRS_CAUSE_CANCELLED] = { "cancelled", "given up on request" },
	[RTRS_CAUSE_DEVICE_CHANGED] = {
		"device-changed", "the server's device shrank or is another one than before" },
	[RTRS_CAUSE_PORT_DOWN] = { "port-down", "the network port of this machine went down" },
	[RTRS_CAUSE_ADDR_TAKEN] = {
		"addr-taken", "another path of the session has the same two addresses" },
	[RTRS_CAUSE_END_TIMEOUT] = {
		"end-timeout", "the server did not say in time that a lost path is over" },
	[RTRS_CAUSE_OTHER_SERVER] = {
		"other-server", "the session has none of these addresses, or another port" },
};

const char *rtrs_cause_token(enum rtrs_cause cause)
{
	return (u32)cause < RTRS_CAUSES ? causes[cause].token : "unknown";
}

const char *rtrs_cause_text(enum rtrs_cause cause)
{
	return (u32)cause < RTRS_CAUSES ? causes[cause].text : "unknown cause";
}

enum rtrs_cause rtrs_cause_from_token(const char *token)
{
	u32 i;

	for (i = 0; i < RTRS_CAUSES; i++)
		if (!strcmp(causes[i].token, token))
			break;
	return (enum rtrs_cause)i;
}
