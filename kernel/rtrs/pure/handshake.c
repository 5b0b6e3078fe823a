// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Builds and checks the messages that make a path: connect request and
 * response, info request and response. Called by the connection code of both
 * sides, the name check also by rnbdctl. Every message is first copied to a
 * private struct, so input needs no alignment and cannot change while it is
 * checked. Needs no lock.
 */
#include "handshake.h"

#define CONN_COUNT_MIN	2	/* connection 0 and one for I/O */
#define ERRNO_MAX	4095

static bool version_ok(u16 version)
{
	return version >> 8 == RTRS_WIRE_MAJOR;
}

static bool uuid_is_nil(const u8 uuid[RTRS_WIRE_UUID_LEN])
{
	u8 any = 0;
	size_t i;

	for (i = 0; i < RTRS_WIRE_UUID_LEN; i++)
		any |= uuid[i];
	return !any;
}

void rtrs_conn_req_build(struct rtrs_wire_conn_req *msg,
			 const struct rtrs_hello *hello)
{
	memset(msg, 0, sizeof(*msg));
	msg->magic = cpu_to_le16(RTRS_WIRE_MAGIC);
	msg->version = cpu_to_le16(RTRS_WIRE_VERSION);
	msg->cid = cpu_to_le16(hello->cid);
	msg->conn_count = cpu_to_le16(hello->conn_count);
	msg->attempt = cpu_to_le16(hello->attempt);
	memcpy(msg->path_uuid, hello->path_uuid, sizeof(msg->path_uuid));
	memcpy(msg->session_uuid, hello->session_uuid, sizeof(msg->session_uuid));
	msg->first_conn = hello->first_conn;
	msg->ext_version = hello->ext_version;
	msg->ext_features = hello->ext_features;
	if (hello->ext_version >= RTRS_WIRE_EXT_PATH_END)
		msg->token = cpu_to_le32(hello->token & RTRS_WIRE_IMM_PAYLOAD);
}

static void hello_from_wire(struct rtrs_hello *hello, const struct rtrs_wire_conn_req *msg)
{
	hello->cid = le16_to_cpu(msg->cid);
	hello->conn_count = le16_to_cpu(msg->conn_count);
	hello->attempt = le16_to_cpu(msg->attempt);
	hello->first_conn = msg->first_conn & 1;
	hello->ext_version = msg->ext_version;
	hello->ext_features = msg->ext_features;
	hello->token = hello->ext_version >= RTRS_WIRE_EXT_PATH_END ?
		       le32_to_cpu(msg->token) & RTRS_WIRE_IMM_PAYLOAD : 0;
	memcpy(hello->path_uuid, msg->path_uuid, sizeof(hello->path_uuid));
	memcpy(hello->session_uuid, msg->session_uuid, sizeof(hello->session_uuid));
}

int rtrs_conn_req_parse(const void *buf, size_t len, u32 max_conns,
			struct rtrs_hello *hello)
{
	struct rtrs_wire_conn_req msg;

	if (len < sizeof(msg))
		return -ECONNRESET;
	memcpy(&msg, buf, sizeof(msg));
	if (le16_to_cpu(msg.magic) != RTRS_WIRE_MAGIC ||
	    !version_ok(le16_to_cpu(msg.version)))
		return -ECONNRESET;
	hello_from_wire(hello, &msg);
	/* before the cid, so that a count of 0 is named as what it is */
	if (hello->conn_count < CONN_COUNT_MIN || hello->conn_count > max_conns)
		return -EINVAL;
	if (hello->cid >= hello->conn_count)
		return -ECONNRESET;
	if (uuid_is_nil(hello->path_uuid) || uuid_is_nil(hello->session_uuid))
		return -EINVAL;
	return 0;
}

void rtrs_conn_rsp_build(struct rtrs_wire_conn_rsp *msg,
			 const struct rtrs_offer *offer)
{
	memset(msg, 0, sizeof(*msg));
	msg->magic = cpu_to_le16(RTRS_WIRE_MAGIC);
	msg->version = cpu_to_le16(RTRS_WIRE_VERSION);
	msg->status = cpu_to_le16((u16)offer->error);
	msg->queue_depth = cpu_to_le16((u16)offer->queue_depth);
	msg->max_io_size = cpu_to_le32(offer->max_io_size);
	msg->max_hdr_size = cpu_to_le32(offer->max_hdr_size);
	msg->flags = cpu_to_le32(offer->new_rkey ? RTRS_WIRE_F_NEW_RKEY : 0);
	msg->ext_version = offer->ext_version;
	msg->ext_features = offer->ext_features;
	if (offer->ext_version >= RTRS_WIRE_EXT_INSTANCE)
		msg->instance = cpu_to_le64(offer->instance);
}

int rtrs_conn_rsp_parse(const void *buf, size_t len, struct rtrs_offer *offer)
{
	struct rtrs_wire_conn_rsp msg;
	int status;

	if (len < sizeof(msg))
		return -EPROTO;
	memcpy(&msg, buf, sizeof(msg));
	if (le16_to_cpu(msg.magic) != RTRS_WIRE_MAGIC)
		return -EPROTO;
	if (!version_ok(le16_to_cpu(msg.version)))
		return -EPROTONOSUPPORT;
	status = (s16)le16_to_cpu(msg.status);
	if (status > 0)
		return -EPROTO;
	offer->error = status < -ERRNO_MAX ? -EIO : status;
	offer->queue_depth = le16_to_cpu(msg.queue_depth);
	offer->max_io_size = le32_to_cpu(msg.max_io_size);
	offer->max_hdr_size = le32_to_cpu(msg.max_hdr_size);
	offer->new_rkey = le32_to_cpu(msg.flags) & RTRS_WIRE_F_NEW_RKEY;
	offer->ext_version = msg.ext_version;
	offer->ext_features = msg.ext_features;
	offer->instance = offer->ext_version >= RTRS_WIRE_EXT_INSTANCE ?
			  le64_to_cpu(msg.instance) : 0;
	return 0;
}

int rtrs_name_check(const char *name, size_t size)
{
	size_t len = strnlen(name, size);
	size_t i;

	if (!len || len == size || len >= RTRS_WIRE_NAME_LEN)
		return -EINVAL;
	for (i = 0; i < len; i++) {
		char c = name[i];

		if (c < 0x21 || c > 0x7e || c == '/' || c == '.' || c == '!')
			return -EINVAL;
	}
	return 0;
}

int rtrs_info_req_build(struct rtrs_wire_info_req *msg, const char *name)
{
	if (rtrs_name_check(name, RTRS_WIRE_NAME_LEN))
		return -EINVAL;
	memset(msg, 0, sizeof(*msg));
	msg->type = cpu_to_le16(RTRS_WIRE_INFO_REQ);
	memcpy(msg->name, name, strlen(name));
	return 0;
}

int rtrs_info_req_parse(const void *buf, size_t len,
			char name[RTRS_WIRE_NAME_LEN])
{
	struct rtrs_wire_info_req msg;

	if (len != sizeof(msg))
		return -EPROTO;
	memcpy(&msg, buf, sizeof(msg));
	if (le16_to_cpu(msg.type) != RTRS_WIRE_INFO_REQ)
		return -EPROTO;
	if (rtrs_name_check(msg.name, sizeof(msg.name)))
		return -EPROTO;
	memset(name, 0, RTRS_WIRE_NAME_LEN);
	memcpy(name, msg.name, strnlen(msg.name, sizeof(msg.name)));
	return 0;
}

size_t rtrs_info_rsp_size(u32 desc_count)
{
	return sizeof(struct rtrs_wire_info_rsp) +
	       (size_t)desc_count * sizeof(struct rtrs_wire_desc);
}

size_t rtrs_info_rsp_max(const struct rtrs_geometry *g)
{
	return rtrs_info_rsp_size(g->depth);
}

void rtrs_info_rsp_build(void *buf, u32 desc_count)
{
	struct rtrs_wire_info_rsp head;

	memset(&head, 0, sizeof(head));
	head.type = cpu_to_le16(RTRS_WIRE_INFO_RSP);
	head.desc_count = cpu_to_le16((u16)desc_count);
	memcpy(buf, &head, sizeof(head));
}

void rtrs_info_rsp_set(void *buf, u32 index, u64 addr, u32 rkey, u32 len)
{
	struct rtrs_wire_desc desc = {
		.addr = cpu_to_le64(addr),
		.rkey = cpu_to_le32(rkey),
		.len = cpu_to_le32(len),
	};

	memcpy((u8 *)buf + rtrs_info_rsp_size(index), &desc, sizeof(desc));
}

/* Cut one descriptor into chunks, appended at *done; never beyond the depth. */
static int cut_desc(const struct rtrs_wire_desc *desc, const struct rtrs_geometry *g,
		    struct rtrs_chunk_ref *chunks, u32 *done)
{
	u64 addr = le64_to_cpu(desc->addr);
	u32 len = le32_to_cpu(desc->len);
	u32 count = len / g->chunk_size;
	u32 i;

	if (!len || len % g->chunk_size || count > g->depth - *done)
		return -EPROTO;
	if (addr + len < addr)
		return -EPROTO;
	for (i = 0; i < count; i++) {
		chunks[*done].addr = addr + (u64)i * g->chunk_size;
		chunks[*done].rkey = le32_to_cpu(desc->rkey);
		++*done;
	}
	return 0;
}

int rtrs_info_rsp_parse(const void *buf, size_t len,
			const struct rtrs_geometry *g,
			struct rtrs_chunk_ref *chunks)
{
	struct rtrs_wire_info_rsp head;
	struct rtrs_wire_desc desc;
	u32 count, done = 0, i;

	if (len < sizeof(head))
		return -EPROTO;
	memcpy(&head, buf, sizeof(head));
	count = le16_to_cpu(head.desc_count);
	if (le16_to_cpu(head.type) != RTRS_WIRE_INFO_RSP || !count)
		return -EPROTO;
	if (g->depth % count || len < rtrs_info_rsp_size(count))
		return -EPROTO;
	for (i = 0; i < count; i++) {
		memcpy(&desc, (const u8 *)buf + rtrs_info_rsp_size(i), sizeof(desc));
		if (cut_desc(&desc, g, chunks, &done))
			return -EPROTO;
	}
	return done == g->depth ? 0 : -EPROTO;
}
