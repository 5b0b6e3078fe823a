/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * Generic netlink families "rtrs-client" and "rtrs-server", version 1. Both
 * use the commands and attributes below. The same in YAML: rtrs-client.yaml,
 * rtrs-server.yaml. Numbers are never changed or reused; enumerations grow.
 *
 * A get without RTRS_A_ID is only valid as a dump. Every reply and event
 * carries one whole object. Times are ages, in milliseconds, so that the
 * reader needs no common clock.
 *
 * Setters never wait: they change an object whose state and cause tell the
 * rest, each change as an event. They need CAP_NET_ADMIN and CAP_SYS_ADMIN in
 * the initial user namespace. A session or path of the client that changes too
 * often sends fewer events; the last change is always told, RTRS_A_SUPPRESSED
 * counts the others.
 */
#ifndef _UAPI_RTRS_NETLINK_H
#define _UAPI_RTRS_NETLINK_H

#define RTRS_CLIENT_GENL_NAME	"rtrs-client"
#define RTRS_SERVER_GENL_NAME	"rtrs-server"
#define RTRS_GENL_VERSION	1
#define RTRS_GENL_MCGRP_EVENTS	"events"

enum rtrs_genl_cmd {
	RTRS_CMD_UNSPEC,
	RTRS_CMD_INFO_GET,	/* do: module, version, limits, generation */
	RTRS_CMD_SESSION_GET,	/* do by RTRS_A_ID or RTRS_A_NAME; dump */
	RTRS_CMD_PATH_GET,	/* do by RTRS_A_ID; dump, all or of RTRS_A_SESSION_ID */
	RTRS_CMD_SESSION_NTF,	/* event, RTRS_A_EVENT tells which */
	RTRS_CMD_PATH_NTF,	/* event */
	/* rtrs-client */
	RTRS_CMD_SESSION_SET,	/* ID or NAME; MP_POLICY, MAX_RECONNECTS, HEARTBEAT_* */
	RTRS_CMD_PATH_ADD,	/* SESSION_ID, DST [SRC]; answers with the path. -EEXIST, -ENOSPC */
	RTRS_CMD_PATH_DEL,	/* ID; also the last one. -EALREADY */
	RTRS_CMD_PATH_RECONNECT, /* ID; drops a connected path. -EBUSY while connecting or closing */
	/* rtrs-client, rtrs-server */
	RTRS_CMD_PATH_DISCONNECT, /* ID; a client's path stays closed until it is told to reconnect */
	__RTRS_CMD_MAX,
	RTRS_CMD_MAX = __RTRS_CMD_MAX - 1
};

enum rtrs_genl_event {
	RTRS_EVENT_ADDED,
	RTRS_EVENT_CHANGED,
	RTRS_EVENT_REMOVED,
};

/* State of a path. A session's state is derived: connected if one path is. */
enum rtrs_genl_state {
	RTRS_STATE_CONNECTING,
	RTRS_STATE_CONNECTED,
	RTRS_STATE_DRAINING,
	RTRS_STATE_WAITING,
	RTRS_STATE_CLOSING,
	RTRS_STATE_CLOSED,
};

enum rtrs_genl_addr_family {
	RTRS_GENL_ADDR_IP4	= 1,
	RTRS_GENL_ADDR_IP6	= 2,
	RTRS_GENL_ADDR_GID	= 3,
};

enum rtrs_genl_attr {
	RTRS_A_UNSPEC,
	RTRS_A_PAD,
	RTRS_A_ID,		/* u32, of the object */
	RTRS_A_NAME,		/* string: session name; path: "src@dst" */
	RTRS_A_GENERATION,	/* u32, of the module */
	RTRS_A_EVENT,		/* u32, enum rtrs_genl_event */
	RTRS_A_STATE,		/* u32, enum rtrs_genl_state */
	RTRS_A_CAUSE,		/* string: token, "none" if there is none */
	RTRS_A_CAUSE_TEXT,	/* string: sentence */
	RTRS_A_ERROR,		/* s32: 0 or -errno */
	RTRS_A_REMOTE,		/* u8: 1 = the error is the peer's answer */
	RTRS_A_SINCE_MS,	/* u64: age of the state */
	RTRS_A_SESSION_ID,	/* u32, of a path */
	/* session */
	RTRS_A_QUEUE_DEPTH,	/* u32, 0 before the first connection */
	RTRS_A_MAX_IO_SIZE,	/* u32, bytes */
	RTRS_A_CHUNK_SIZE,	/* u32, bytes */
	RTRS_A_MP_POLICY,	/* string, "min-inflight" */
	RTRS_A_MAX_RECONNECTS,	/* s32, -1 = for ever */
	RTRS_A_PATHS_TOTAL,	/* u32 */
	RTRS_A_PATHS_UP,	/* u32 */
	RTRS_A_CHUNK_MEMORY,	/* u64, bytes set aside (server) */
	/* path */
	RTRS_A_SRC,		/* nest, enum rtrs_genl_addr_attr: this end's own address */
	RTRS_A_DST,		/* nest: the peer's address */
	RTRS_A_HCA,		/* string */
	RTRS_A_HCA_PORT,	/* u32 */
	RTRS_A_CONNS,		/* u32 */
	RTRS_A_ATTEMPT,		/* u32: connection attempts since last connected */
	RTRS_A_NEXT_TRY_MS,	/* u32: only while waiting */
	RTRS_A_LATENCY_NS,	/* u64: last heartbeat round trip */
	RTRS_A_NEW_RKEY,	/* u8: replies carry the next chunk key */
	RTRS_A_STATS,		/* nest, enum rtrs_genl_stat_attr */
	/* info */
	RTRS_A_MODULE,		/* string */
	RTRS_A_VERSION,		/* string */
	RTRS_A_FEATURES,	/* u64, bits; none defined yet */
	RTRS_A_INVALIDATE,	/* string: "Y", "N", "auto" (server) */
	/* event */
	RTRS_A_SUPPRESSED,	/* u32: earlier events of this object that were left out */
	/* session of the client */
	RTRS_A_HEARTBEAT_IDLE_MS, /* u32, 100 to 600000 */
	RTRS_A_HEARTBEAT_BUSY_MS, /* u32, while I/O waits: 20 to HEARTBEAT_IDLE_MS */
	RTRS_A_HEARTBEAT_MISSED, /* u32, 1 to 1000: a path silent for more of them is lost */
	__RTRS_A_MAX,
	RTRS_A_MAX = __RTRS_A_MAX - 1
};

enum rtrs_genl_addr_attr {
	RTRS_ADDR_A_UNSPEC,
	RTRS_ADDR_A_FAMILY,	/* u32, enum rtrs_genl_addr_family */
	RTRS_ADDR_A_BYTES,	/* binary, 4 or 16, network order */
	RTRS_ADDR_A_PORT,	/* u16, host order; absent if unknown */
	__RTRS_ADDR_A_MAX,
	RTRS_ADDR_A_MAX = __RTRS_ADDR_A_MAX - 1
};

enum rtrs_genl_stat_attr {
	RTRS_STAT_A_UNSPEC,
	RTRS_STAT_A_PAD,
	RTRS_STAT_A_READS,		/* u64 */
	RTRS_STAT_A_READ_BYTES,		/* u64 */
	RTRS_STAT_A_WRITES,		/* u64 */
	RTRS_STAT_A_WRITE_BYTES,	/* u64 */
	RTRS_STAT_A_INFLIGHT,		/* u32 */
	RTRS_STAT_A_FAILOVERS,		/* u64 */
	RTRS_STAT_A_RECONNECTS,		/* u32 */
	RTRS_STAT_A_RECONNECT_FAILURES,	/* u32 */
	RTRS_STAT_A_VIOLATIONS,		/* u32: protocol violations by the peer */
	__RTRS_STAT_A_MAX,
	RTRS_STAT_A_MAX = __RTRS_STAT_A_MAX - 1
};

#endif /* _UAPI_RTRS_NETLINK_H */
