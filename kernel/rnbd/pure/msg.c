// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Builds and checks the RNBD messages. Called by both sides for every message,
 * I/O included (hot). Messages are copied to a private struct before they are
 * checked, so input needs no alignment. Needs no lock.
 */
#include "msg.h"

/* Largest power of two that a 16-bit size field can hold. */
#define BLOCK_SIZE_16_MAX	32768U

static const char * const access_words[] = {
	[RNBD_ACCESS_RO]	= "ro",
	[RNBD_ACCESS_RW]	= "rw",
	[RNBD_ACCESS_MIGRATION]	= "migration",
};

int rnbd_access_parse(const char *text, size_t len)
{
	u32 i;

	if (len && text[len - 1] == '\n')
		len--;
	for (i = 0; i < ARRAY_SIZE(access_words); i++)
		if (len == strlen(access_words[i]) && !memcmp(text, access_words[i], len))
			return (int)i;
	return -EINVAL;
}

const char *rnbd_access_name(enum rnbd_access access)
{
	return (u32)access < ARRAY_SIZE(access_words) ? access_words[access] : "unknown";
}

static u16 cut16(u32 value)
{
	return value < 0xffff ? (u16)value : 0xffff;
}

static void sess_info_fill(struct rnbd_wire_sess_info *msg, u16 type, u8 version)
{
	memset(msg, 0, sizeof(*msg));
	msg->hdr.type = cpu_to_le16(type);
	msg->version = version;
}

void rnbd_sess_info_build(struct rnbd_wire_sess_info *msg, u8 version)
{
	sess_info_fill(msg, RNBD_WIRE_SESS_INFO, version);
}

void rnbd_sess_info_rsp_build(struct rnbd_wire_sess_info *msg, u8 version)
{
	sess_info_fill(msg, RNBD_WIRE_SESS_INFO_RSP, version);
}

int rnbd_open_build(struct rnbd_wire_open *msg, const char *name, u8 access)
{
	if (rnbd_device_name_check(name, RNBD_WIRE_NAME_LEN))
		return -EINVAL;
	memset(msg, 0, sizeof(*msg));
	msg->hdr.type = cpu_to_le16(RNBD_WIRE_OPEN);
	msg->access = access;
	memcpy(msg->name, name, strlen(name));
	return 0;
}

void rnbd_open_rsp_build(struct rnbd_wire_open_rsp *msg, const struct rnbd_dev_info *info)
{
	u32 physical = info->physical_block_size;
	/* 0 makes the client refuse a block size that cannot be said */
	u32 logical = info->logical_block_size <= BLOCK_SIZE_16_MAX ? info->logical_block_size : 0;

	if (physical > BLOCK_SIZE_16_MAX)
		physical = BLOCK_SIZE_16_MAX;
	memset(msg, 0, sizeof(*msg));
	msg->hdr.type = cpu_to_le16(RNBD_WIRE_OPEN_RSP);
	msg->device_id = cpu_to_le32(info->device_id);
	msg->nsectors = cpu_to_le64(info->nsectors);
	msg->max_hw_sectors = cpu_to_le32(info->max_hw_sectors);
	msg->max_write_zeroes_sectors = cpu_to_le32(info->max_write_zeroes_sectors);
	msg->max_discard_sectors = cpu_to_le32(info->max_discard_sectors);
	msg->discard_granularity = cpu_to_le32(info->discard_granularity);
	msg->discard_alignment = cpu_to_le32(info->discard_alignment);
	msg->physical_block_size = cpu_to_le16((u16)physical);
	msg->logical_block_size = cpu_to_le16((u16)logical);
	msg->max_segments = cpu_to_le16(cut16(info->max_segments));
	msg->secure_discard = cpu_to_le16(cut16(info->secure_erase_sectors));
	msg->cache_policy = (info->fua ? RNBD_WIRE_CACHE_FUA : 0) |
			    (info->writeback ? RNBD_WIRE_CACHE_WRITEBACK : 0);
}

void rnbd_close_build(struct rnbd_wire_close *msg, u32 device_id)
{
	memset(msg, 0, sizeof(*msg));
	msg->hdr.type = cpu_to_le16(RNBD_WIRE_CLOSE);
	msg->device_id = cpu_to_le32(device_id);
}

void rnbd_io_build(struct rnbd_wire_io *msg, const struct rnbd_io *io)
{
	bool flush = io->op == RNBD_WIRE_OP_FLUSH;
	u32 rw = io->op;

	if (io->sync)
		rw |= RNBD_WIRE_F_SYNC;
	if (io->fua)
		rw |= RNBD_WIRE_F_FUA;
	if (io->preflush)
		rw |= RNBD_WIRE_F_PREFLUSH;
	if (io->nounmap)
		rw |= RNBD_WIRE_F_NOUNMAP;
	memset(msg, 0, sizeof(*msg));
	msg->hdr.type = cpu_to_le16(RNBD_WIRE_IO);
	msg->device_id = cpu_to_le32(io->device_id);
	msg->sector = cpu_to_le64(flush ? ~0ULL : io->sector);
	msg->rw = cpu_to_le32(rw);
	msg->bytes = cpu_to_le32(flush ? 0 : io->bytes);
	msg->prio = cpu_to_le16(io->has_prio ? io->prio : 0);
}

int rnbd_msg_type(const void *buf, size_t len)
{
	struct rnbd_wire_hdr hdr;

	if (len < sizeof(hdr))
		return -EINVAL;
	memcpy(&hdr, buf, sizeof(hdr));
	return le16_to_cpu(hdr.type);
}

/* Copy a message of known type and size; false: another type, or short. */
static bool take(void *msg, size_t size, const void *buf, size_t len, int type)
{
	if (len < size || rnbd_msg_type(buf, len) != type)
		return false;
	memcpy(msg, buf, size);
	return true;
}

static u8 lower_version(u8 peer)
{
	return peer < RNBD_WIRE_MAJOR ? peer : RNBD_WIRE_MAJOR;
}

int rnbd_sess_info_parse(const void *buf, size_t len, u8 *version)
{
	struct rnbd_wire_sess_info msg;

	if (!take(&msg, sizeof(msg), buf, len, RNBD_WIRE_SESS_INFO))
		return -EINVAL;
	*version = lower_version(msg.version);
	return 0;
}

int rnbd_open_parse(const void *buf, size_t len, struct rnbd_open *open)
{
	struct rnbd_wire_open msg;

	if (!take(&msg, sizeof(msg), buf, len, RNBD_WIRE_OPEN))
		return -EINVAL;
	if (msg.access > RNBD_WIRE_MIGRATION)
		return -EINVAL;
	if (rnbd_device_name_check(msg.name, sizeof(msg.name)))
		return -EINVAL;
	memset(open, 0, sizeof(*open));
	open->access = msg.access;
	memcpy(open->name, msg.name, strnlen(msg.name, sizeof(msg.name)));
	return 0;
}

int rnbd_close_parse(const void *buf, size_t len, u32 *device_id)
{
	struct rnbd_wire_close msg;

	if (!take(&msg, sizeof(msg), buf, len, RNBD_WIRE_CLOSE))
		return -EINVAL;
	*device_id = le32_to_cpu(msg.device_id);
	return 0;
}

/* Direction, length and flags that go with the operation (protocol 3, 7.2, 7.3). */
static int io_shape(const struct rnbd_io *io, bool read, u32 data_len)
{
	bool barrier = io->fua || io->preflush;

	switch (io->op) {
	case RNBD_WIRE_OP_FLUSH:
		return io->bytes || data_len ? -EINVAL : 0;
	case RNBD_WIRE_OP_READ:
		if (!read || io->bytes != data_len || barrier)
			return -EINVAL;
		break;
	case RNBD_WIRE_OP_WRITE:
		if (read || io->bytes != data_len)
			return -EINVAL;
		break;
	default:
		if (read || data_len || barrier)
			return -EINVAL;
		break;
	}
	return !io->bytes || io->bytes % 512 ? -EINVAL : 0;
}

int rnbd_io_parse(const void *buf, size_t len, bool read, u32 data_len,
		  struct rnbd_io *io)
{
	struct rnbd_wire_io msg;
	u32 rw;
	int err;

	if (!take(&msg, RNBD_WIRE_IO_MIN, buf, len, RNBD_WIRE_IO))
		return -EINVAL;
	memset(io, 0, sizeof(*io));
	rw = le32_to_cpu(msg.rw);
	io->op = rw & RNBD_WIRE_OP_MASK;
	if (io->op > RNBD_WIRE_OP_WRITE_ZEROES)
		return -EOPNOTSUPP;
	io->device_id = le32_to_cpu(msg.device_id);
	io->sector = le64_to_cpu(msg.sector);
	io->bytes = le32_to_cpu(msg.bytes);
	io->sync = rw & RNBD_WIRE_F_SYNC;
	io->fua = rw & RNBD_WIRE_F_FUA;
	io->preflush = rw & RNBD_WIRE_F_PREFLUSH;
	io->nounmap = io->op == RNBD_WIRE_OP_WRITE_ZEROES && rw & RNBD_WIRE_F_NOUNMAP;
	err = io_shape(io, read, data_len);
	if (err)
		return err;
	if (io->op == RNBD_WIRE_OP_FLUSH) {
		io->sector = 0;
		io->fua = false;
	}
	io->has_prio = len >= RNBD_WIRE_IO_PRIO;
	if (io->has_prio)
		io->prio = get_unaligned_le16((const u8 *)buf + RNBD_WIRE_IO_MIN);
	return 0;
}

int rnbd_sess_info_rsp_parse(const void *buf, size_t len, u8 *version)
{
	struct rnbd_wire_sess_info msg;

	if (!take(&msg, sizeof(msg), buf, len, RNBD_WIRE_SESS_INFO_RSP))
		return -EPROTO;
	*version = lower_version(msg.version);
	return 0;
}

int rnbd_open_rsp_parse(const void *buf, size_t len, struct rnbd_dev_info *info)
{
	struct rnbd_wire_open_rsp msg;

	if (!take(&msg, sizeof(msg), buf, len, RNBD_WIRE_OPEN_RSP))
		return -EPROTO;
	memset(info, 0, sizeof(*info));
	info->device_id = le32_to_cpu(msg.device_id);
	info->nsectors = le64_to_cpu(msg.nsectors);
	info->max_hw_sectors = le32_to_cpu(msg.max_hw_sectors);
	info->max_write_zeroes_sectors = le32_to_cpu(msg.max_write_zeroes_sectors);
	info->max_discard_sectors = le32_to_cpu(msg.max_discard_sectors);
	info->discard_granularity = le32_to_cpu(msg.discard_granularity);
	info->discard_alignment = le32_to_cpu(msg.discard_alignment);
	info->physical_block_size = le16_to_cpu(msg.physical_block_size);
	info->logical_block_size = le16_to_cpu(msg.logical_block_size);
	info->max_segments = le16_to_cpu(msg.max_segments);
	info->secure_erase_sectors = le16_to_cpu(msg.secure_discard);
	info->fua = msg.cache_policy & RNBD_WIRE_CACHE_FUA;
	info->writeback = msg.cache_policy & RNBD_WIRE_CACHE_WRITEBACK;
	return 0;
}
