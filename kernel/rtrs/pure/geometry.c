// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shape of a session's chunk memory and the packing of the 32-bit immediate.
 * Called by connection setup (control) and by every request and reply (hot),
 * on both sides. Touches only its arguments; needs no lock.
 */
#include "geometry.h"

#define HDR_SIZE_MIN	512U
#define HDR_SIZE_MAX	65536U
#define IO_SIZE_MIN	4096U
#define SLOT_MASK	((1U << RTRS_WIRE_IMM_SLOT_BITS) - 1)
/* Largest errno with a meaning on the wire (generic Linux numbers). */
#define ERRNO_KNOWN_MAX	133U

static bool is_power_of_two(u64 n)
{
	return n && !(n & (n - 1));
}

u32 rtrs_ceil_log2(u32 n)
{
	u32 bits = 0;

	while (bits < 32 && (1ULL << bits) < n)
		bits++;
	return bits;
}

/* Depth and chunk size must be told apart inside one immediate. */
static bool fits_imm(u32 depth, u32 chunk_size)
{
	return rtrs_ceil_log2(depth) + rtrs_ceil_log2(chunk_size) <= RTRS_WIRE_IMM_BITS;
}

static void fill(struct rtrs_geometry *g, u32 depth, u32 chunk_size, u32 hdr_size)
{
	g->depth = depth;
	g->chunk_size = chunk_size;
	g->io_size = chunk_size - hdr_size;
	g->hdr_size = hdr_size;
	g->off_bits = RTRS_WIRE_IMM_BITS - rtrs_ceil_log2(depth);
}

int rtrs_geometry_init(struct rtrs_geometry *g, u32 depth, u32 io_size,
		       u32 hdr_size, const struct rtrs_geometry_limits *limits)
{
	u64 chunk = (u64)io_size + hdr_size;

	if (!depth || depth > RTRS_WIRE_MAX_DEPTH || depth > limits->max_depth)
		return -EPROTO;
	if (hdr_size < HDR_SIZE_MIN || hdr_size > HDR_SIZE_MAX)
		return -EPROTO;
	if (io_size < IO_SIZE_MIN || io_size > limits->max_io_size)
		return -EPROTO;
	/* the order matters: 2^32 is a power of two, but no u32 */
	if (chunk > RTRS_WIRE_IMM_PAYLOAD || !is_power_of_two(chunk))
		return -EPROTO;
	if (!fits_imm(depth, (u32)chunk))
		return -EPROTO;
	fill(g, depth, (u32)chunk, hdr_size);
	return 0;
}

int rtrs_geometry_from_params(struct rtrs_geometry *g, u32 depth,
			      u32 chunk_size, u32 hdr_size)
{
	if (!depth || depth > RTRS_WIRE_MAX_DEPTH)
		return -EINVAL;
	if (chunk_size < RTRS_WIRE_MIN_CHUNK || !is_power_of_two(chunk_size))
		return -EINVAL;
	if (!fits_imm(depth, chunk_size) || hdr_size >= chunk_size)
		return -EINVAL;
	fill(g, depth, chunk_size, hdr_size);
	return 0;
}

u32 rtrs_imm_pack(u8 type, u32 payload)
{
	return (u32)type << RTRS_WIRE_IMM_BITS | (payload & RTRS_WIRE_IMM_PAYLOAD);
}

struct rtrs_imm rtrs_imm_unpack(u32 imm)
{
	struct rtrs_imm out = {
		.type = (u8)(imm >> RTRS_WIRE_IMM_BITS),
		.payload = imm & RTRS_WIRE_IMM_PAYLOAD,
	};

	return out;
}

u32 rtrs_imm_request(const struct rtrs_geometry *g, u32 slot, u32 off)
{
	return rtrs_imm_pack(RTRS_WIRE_IMM_REQUEST, slot << g->off_bits | off);
}

u32 rtrs_imm_response(u32 slot, int err, bool invalidated)
{
	u32 code = err < 0 ? 0U - (u32)err : (u32)err;
	u8 type = invalidated ? RTRS_WIRE_IMM_RESPONSE_INV : RTRS_WIRE_IMM_RESPONSE;

	/* a larger one would lose its high bits and could read as success */
	if (code > RTRS_WIRE_IMM_ERRNO_MAX)
		code = EIO;
	return rtrs_imm_pack(type, code << RTRS_WIRE_IMM_SLOT_BITS | (slot & SLOT_MASK));
}

int rtrs_imm_request_parse(const struct rtrs_geometry *g, u32 payload,
			   u32 *slot, u32 *off)
{
	u32 s = (payload & RTRS_WIRE_IMM_PAYLOAD) >> g->off_bits;
	u32 o = payload & ((1U << g->off_bits) - 1);

	if (s >= g->depth || o >= g->chunk_size)
		return -EPROTO;
	*slot = s;
	*off = o;
	return 0;
}

int rtrs_imm_response_parse(const struct rtrs_geometry *g, u32 payload,
			    u32 *slot, int *err)
{
	u32 s = payload & SLOT_MASK;
	u32 code = (payload & RTRS_WIRE_IMM_PAYLOAD) >> RTRS_WIRE_IMM_SLOT_BITS;

	if (s >= g->depth)
		return -EPROTO;
	*slot = s;
	*err = code > ERRNO_KNOWN_MAX ? -EIO : -(int)code;
	return 0;
}
