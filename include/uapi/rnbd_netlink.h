/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * Generic netlink families "rnbd-client" and "rnbd-server", version 1. The
 * same in YAML: rnbd-client.yaml, rnbd-server.yaml. Numbers are never changed
 * or reused; enumerations grow.
 *
 * RNBD_CMD_DEVICE_MAP creates an object and answers with it at once; the
 * object's state tells the rest, each change as an event. A mapping that fails
 * for the first time is removed: its last event is REMOVED with state
 * "unmapped", cause and error. Setters need CAP_NET_ADMIN and CAP_SYS_ADMIN
 * in the initial user namespace.
 */
#ifndef _UAPI_RNBD_NETLINK_H
#define _UAPI_RNBD_NETLINK_H

#define RNBD_CLIENT_GENL_NAME	"rnbd-client"
#define RNBD_SERVER_GENL_NAME	"rnbd-server"
#define RNBD_GENL_VERSION	1
#define RNBD_GENL_MCGRP_EVENTS	"events"

enum rnbd_genl_cmd {
	RNBD_CMD_UNSPEC,
	RNBD_CMD_INFO_GET,	/* do */
	/* rnbd-client */
	RNBD_CMD_DEVICE_GET,	/* do by RNBD_A_ID or RNBD_A_DISK; dump */
	RNBD_CMD_DEVICE_MAP,	/* SESSION, REMOTE_PATH, PATHS, PORT, ACCESS, NR_POLL_QUEUES, TAG, OWNER, FAST_IO_FAIL */
	RNBD_CMD_DEVICE_UNMAP,	/* ID [FORCE]; -EBUSY while open and not forced */
	RNBD_CMD_DEVICE_REMAP,	/* ID; -EALREADY while mapped */
	RNBD_CMD_DEVICE_NTF,	/* event */
	/* rnbd-server */
	RNBD_CMD_EXPORT_GET,	/* do by ID; dump */
	RNBD_CMD_EXPORT_NTF,	/* event */
	/* rnbd-client */
	RNBD_CMD_DEVICE_SET,	/* ID; FAST_IO_FAIL */
	__RNBD_CMD_MAX,
	RNBD_CMD_MAX = __RNBD_CMD_MAX - 1
};

enum rnbd_genl_event {
	RNBD_EVENT_ADDED,
	RNBD_EVENT_CHANGED,
	RNBD_EVENT_REMOVED,
};

enum rnbd_genl_dev_state {
	RNBD_STATE_INIT,		/* being mapped for the first time */
	RNBD_STATE_MAPPED,
	RNBD_STATE_DISCONNECTED,
	RNBD_STATE_UNMAPPED,
};

enum rnbd_genl_access {
	RNBD_GENL_RO		= 0,
	RNBD_GENL_RW		= 1,
	RNBD_GENL_MIGRATION	= 2,
};

enum rnbd_genl_attr {
	RNBD_A_UNSPEC,
	RNBD_A_PAD,
	RNBD_A_ID,		/* u32 */
	RNBD_A_GENERATION,	/* u32 */
	RNBD_A_EVENT,		/* u32, enum rnbd_genl_event */
	RNBD_A_STATE,		/* u32, enum rnbd_genl_dev_state */
	RNBD_A_CAUSE,		/* string: token as in RTRS_A_CAUSE */
	RNBD_A_CAUSE_TEXT,	/* string */
	RNBD_A_ERROR,		/* s32: 0 or -errno */
	RNBD_A_REMOTE,		/* u8: 1 = the error is the peer's answer */
	RNBD_A_SINCE_MS,	/* u64 */
	/* device */
	RNBD_A_DISK,		/* string: "rnbd0", absent before the disk exists */
	RNBD_A_SESSION,		/* string: session name */
	RNBD_A_REMOTE_PATH,	/* string: device name asked of the server */
	RNBD_A_ACCESS,		/* u32, enum rnbd_genl_access */
	RNBD_A_NR_POLL_QUEUES,	/* s32 */
	RNBD_A_TAG,		/* string, 1..63 bytes */
	RNBD_A_OWNER,		/* string, 1..63 bytes */
	RNBD_A_SECTORS,		/* u64, 512 bytes each */
	RNBD_A_LOGICAL_BLOCK,	/* u32, bytes */
	RNBD_A_PHYSICAL_BLOCK,	/* u32, bytes */
	RNBD_A_MAX_IO_SIZE,	/* u32, bytes */
	RNBD_A_DISCARD,		/* u8 */
	RNBD_A_WRITE_ZEROES,	/* u8 */
	RNBD_A_SECURE_ERASE,	/* u8 */
	RNBD_A_WRITE_CACHE,	/* u8 */
	RNBD_A_FUA,		/* u8 */
	RNBD_A_OPENERS,		/* u32 */
	/* device-map, device-unmap only */
	RNBD_A_PATH,		/* nest, may repeat: enum rnbd_genl_path_attr */
	RNBD_A_PORT,		/* u16 */
	RNBD_A_FORCE,		/* flag */
	/* export */
	RNBD_A_BDEV,		/* string: kernel name of the opened device */
	RNBD_A_READ_ONLY,	/* u8 */
	RNBD_A_DEVICE_ID,	/* u32: number on the wire */
	/* info */
	RNBD_A_MODULE,		/* string */
	RNBD_A_VERSION,		/* string */
	RNBD_A_FEATURES,	/* u64, bits; none defined yet */
	RNBD_A_SEARCH_PATH,	/* string; absent: none given, every open is refused */
	/* device */
	RNBD_A_FAST_IO_FAIL,	/* s32, seconds that I/O is held without a path; 0: none, -1: for ever */
	RNBD_A_LOST_WRITES,	/* u8: 1 = writes may be lost, flushes fail until all have closed the disk */
	__RNBD_A_MAX,
	RNBD_A_MAX = __RNBD_A_MAX - 1
};

enum rnbd_genl_path_attr {
	RNBD_PATH_A_UNSPEC,
	RNBD_PATH_A_SRC,	/* nest, enum rnbd_genl_addr_attr; absent: chosen by routing */
	RNBD_PATH_A_DST,	/* nest */
	__RNBD_PATH_A_MAX,
	RNBD_PATH_A_MAX = __RNBD_PATH_A_MAX - 1
};

enum rnbd_genl_addr_attr {	/* numbers as enum rtrs_genl_addr_attr */
	RNBD_ADDR_A_UNSPEC,
	RNBD_ADDR_A_FAMILY,	/* u32: 1 IPv4, 2 IPv6, 3 GID */
	RNBD_ADDR_A_BYTES,	/* binary, 4 or 16, network order */
	RNBD_ADDR_A_PORT,	/* u16, not used by device-map */
	__RNBD_ADDR_A_MAX,
	RNBD_ADDR_A_MAX = __RNBD_ADDR_A_MAX - 1
};

#endif /* _UAPI_RNBD_NETLINK_H */
