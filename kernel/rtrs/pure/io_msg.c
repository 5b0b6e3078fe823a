// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Builds and checks the headers at the end of a chunk and the key message of
 * a reply. Called on both sides for every request (hot). The server hands in
 * a private copy: the client can write to the chunk at any time. Needs no lock.
 */
#include "io_msg.h"

size_t rtrs_write_hdr_build(void *buf, u16 msg_len)
{
	struct rtrs_wire_write_hdr hdr = {
		.type = cpu_to_le16(RTRS_WIRE_WRITE),
		.msg_len = cpu_to_le16(msg_len),
	};

	memcpy(buf, &hdr, sizeof(hdr));
	return sizeof(hdr);
}

size_t rtrs_read_hdr_build(void *buf, u16 msg_len, const struct rtrs_lent *lent,
			   bool need_inval)
{
	struct rtrs_wire_read_hdr hdr = {
		.type = cpu_to_le16(RTRS_WIRE_READ),
		.msg_len = cpu_to_le16(msg_len),
	};
	struct rtrs_wire_desc desc;

	if (!lent) {
		memcpy(buf, &hdr, sizeof(hdr));
		return sizeof(hdr);
	}
	hdr.flags = cpu_to_le16(need_inval ? RTRS_WIRE_F_NEED_INVAL : 0);
	hdr.desc_count = cpu_to_le16(1);
	desc.addr = cpu_to_le64(lent->addr);
	desc.rkey = cpu_to_le32(lent->rkey);
	desc.len = cpu_to_le32(lent->len);
	memcpy(buf, &hdr, sizeof(hdr));
	memcpy((u8 *)buf + sizeof(hdr), &desc, sizeof(desc));
	return RTRS_WIRE_READ_HDR_MAX;
}

/* Bytes of the header, its fields put into @io; or -EPROTO. */
static int hdr_parse(const u8 *hdr, size_t avail, struct rtrs_io *io)
{
	struct rtrs_wire_write_hdr write;
	struct rtrs_wire_read_hdr read;
	struct rtrs_wire_desc desc;

	if (avail < sizeof(write))
		return -EPROTO;
	memcpy(&write, hdr, sizeof(write));
	io->msg_len = le16_to_cpu(write.msg_len);
	if (le16_to_cpu(write.type) == RTRS_WIRE_WRITE)
		return sizeof(write);
	if (le16_to_cpu(write.type) != RTRS_WIRE_READ || avail < sizeof(read))
		return -EPROTO;
	memcpy(&read, hdr, sizeof(read));
	io->read = true;
	if (!read.desc_count)
		return sizeof(read);
	if (le16_to_cpu(read.desc_count) != 1 || avail < RTRS_WIRE_READ_HDR_MAX)
		return -EPROTO;
	memcpy(&desc, hdr + sizeof(read), sizeof(desc));
	io->has_desc = true;
	io->need_inval = le16_to_cpu(read.flags) & RTRS_WIRE_F_NEED_INVAL;
	io->lent.addr = le64_to_cpu(desc.addr);
	io->lent.rkey = le32_to_cpu(desc.rkey);
	io->lent.len = le32_to_cpu(desc.len);
	return RTRS_WIRE_READ_HDR_MAX;
}

int rtrs_io_parse(const struct rtrs_geometry *g, u32 off, const void *hdr,
		  size_t avail, struct rtrs_io *io)
{
	int size;

	memset(io, 0, sizeof(*io));
	size = hdr_parse(hdr, avail, io);
	if (size < 0)
		return size;
	if (off > g->chunk_size || (u32)size > g->chunk_size - off)
		return -EPROTO;
	if (!io->msg_len || io->msg_len > RTRS_IO_MSG_MAX || io->msg_len > off)
		return -EPROTO;
	io->data_len = off - io->msg_len;
	io->msg_off = io->data_len;
	if (io->data_len > g->io_size)
		return -EPROTO;
	/* more than the chunk was asked for would leak what lies behind the data */
	if (io->has_desc && (!io->lent.len || io->lent.len > io->data_len))
		return -EPROTO;
	return 0;
}

void rtrs_rkey_build(struct rtrs_wire_rkey *msg, u16 slot, u32 rkey)
{
	msg->type = cpu_to_le16(RTRS_WIRE_RKEY);
	msg->slot = cpu_to_le16(slot);
	msg->rkey = cpu_to_le32(rkey);
}

int rtrs_rkey_parse(const void *buf, size_t len, u32 slot, u32 *rkey)
{
	struct rtrs_wire_rkey msg;

	if (len < sizeof(msg))
		return -EPROTO;
	memcpy(&msg, buf, sizeof(msg));
	if (le16_to_cpu(msg.type) != RTRS_WIRE_RKEY || le16_to_cpu(msg.slot) != slot)
		return -EPROTO;
	*rkey = le32_to_cpu(msg.rkey);
	return 0;
}
