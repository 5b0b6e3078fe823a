/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one shim that lets a C file compile in the kernel and in user space.
 *
 * Included by kernel/rtrs/pure and kernel/rnbd/pure: types, errno, memory and string calls, byte
 * order, bit helpers. Nothing that allocates, locks, logs, waits or reads a clock: a pure file gets
 * such things passed in. In user space also valid in C++, without the macros (min, swap ...) that
 * would break its standard library. Not here on purpose: ctype and locale (the kernel's isalnum()
 * takes Latin-1 letters, the C locale's does not).
 */
#ifndef RNBD_PURE_H
#define RNBD_PURE_H

#ifdef __KERNEL__

#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>
#ifdef PURE_ASM_UNALIGNED	/* from Kbuild: sparse cannot be asked whether a header exists */
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

#else /* user space */

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#ifdef __CHECKER__
#define __force			__attribute__((force))
#else
#define __force
#endif

#ifndef __packed
#define __packed		__attribute__((__packed__))
#endif
#ifndef __printf
#define __printf(fmt, first)	__attribute__((__format__(printf, fmt, first)))
#endif
#ifndef __must_check
#define __must_check		__attribute__((__warn_unused_result__))
#endif
#ifndef __maybe_unused
#define __maybe_unused		__attribute__((__unused__))
#endif

#ifndef U8_MAX
#define U8_MAX			((u8)~0U)
#define U16_MAX			((u16)~0U)
#define U32_MAX			((u32)~0U)
#define U64_MAX			((u64)~0ULL)
#define S32_MAX			((s32)(U32_MAX >> 1))
#define S64_MAX			((s64)(U64_MAX >> 1))
#endif

#ifndef BIT
#define BIT(n)			(1UL << (n))
#endif
#ifndef BIT_ULL
#define BIT_ULL(n)		(1ULL << (n))
#endif
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#endif
#ifndef sizeof_field
#define sizeof_field(t, m)	(sizeof(((t *)0)->m))
#endif
#ifndef offsetofend
#define offsetofend(t, m)	(offsetof(t, m) + sizeof_field(t, m))
#endif
#ifndef DIV_ROUND_UP
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#endif

#define check_add_overflow(a, b, d)	__builtin_add_overflow(a, b, d)
#define check_sub_overflow(a, b, d)	__builtin_sub_overflow(a, b, d)
#define check_mul_overflow(a, b, d)	__builtin_mul_overflow(a, b, d)

#ifndef __cplusplus
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define fallthrough		__attribute__((__fallthrough__))

#define min_t(t, a, b) ({ t __x = (a); t __y = (b); __x < __y ? __x : __y; })
#define max_t(t, a, b) ({ t __x = (a); t __y = (b); __x > __y ? __x : __y; })
#define clamp_t(t, v, lo, hi)	min_t(t, max_t(t, v, lo), hi)
#define min(a, b)		min_t(__typeof__((a) + (b)), a, b)
#define max(a, b)		max_t(__typeof__((a) + (b)), a, b)
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define swap(a, b) \
	do { __typeof__(a) __tmp = (a); (a) = (b); (b) = __tmp; } while (0)
#endif

static inline __le16 cpu_to_le16(u16 v) { return (__force __le16)htole16(v); }
static inline __le32 cpu_to_le32(u32 v) { return (__force __le32)htole32(v); }
static inline __le64 cpu_to_le64(u64 v) { return (__force __le64)htole64(v); }
static inline u16 le16_to_cpu(__le16 v) { return le16toh((__force u16)v); }
static inline u32 le32_to_cpu(__le32 v) { return le32toh((__force u32)v); }
static inline u64 le64_to_cpu(__le64 v) { return le64toh((__force u64)v); }
static inline __be16 cpu_to_be16(u16 v) { return (__force __be16)htobe16(v); }
static inline __be32 cpu_to_be32(u32 v) { return (__force __be32)htobe32(v); }
static inline __be64 cpu_to_be64(u64 v) { return (__force __be64)htobe64(v); }
static inline u16 be16_to_cpu(__be16 v) { return be16toh((__force u16)v); }
static inline u32 be32_to_cpu(__be32 v) { return be32toh((__force u32)v); }
static inline u64 be64_to_cpu(__be64 v) { return be64toh((__force u64)v); }

static inline u16 get_unaligned_le16(const void *p)
{
	__le16 v;

	memcpy(&v, p, sizeof(v));
	return le16_to_cpu(v);
}

static inline u32 get_unaligned_le32(const void *p)
{
	__le32 v;

	memcpy(&v, p, sizeof(v));
	return le32_to_cpu(v);
}

static inline u64 get_unaligned_le64(const void *p)
{
	__le64 v;

	memcpy(&v, p, sizeof(v));
	return le64_to_cpu(v);
}

static inline void put_unaligned_le16(u16 val, void *p)
{
	__le16 v = cpu_to_le16(val);

	memcpy(p, &v, sizeof(v));
}

static inline void put_unaligned_le32(u32 val, void *p)
{
	__le32 v = cpu_to_le32(val);

	memcpy(p, &v, sizeof(v));
}

static inline void put_unaligned_le64(u64 val, void *p)
{
	__le64 v = cpu_to_le64(val);

	memcpy(p, &v, sizeof(v));
}

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

/* Position of the highest or lowest set bit, counted from 1; 0 when there is none. */
static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static inline unsigned int hweight64(u64 x)
{
	return (unsigned int)__builtin_popcountll(x);
}

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

/* First byte that differs from @c, or NULL when all @n are equal to it. */
static inline void *memchr_inv(const void *start, int c, size_t n)
{
	const unsigned char *p = (const unsigned char *)start;

	for (; n; n--, p++)
		if (*p != (unsigned char)c)
			return (void *)p;
	return NULL;
}

/* Length of the copy, or -E2BIG when @src was cut; always ends with a NUL unless @size is 0. */
static inline ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t len = strnlen(src, size);

	if (!size)
		return -E2BIG;
	if (len == size) {
		memcpy(dst, src, size - 1);
		dst[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(dst, src, len + 1);
	return (ssize_t)len;
}

/* Like snprintf(), but returns what is really in @buf, so that lengths can be summed. */
static inline __printf(3, 4) int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	if (!size)
		return 0;
	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	if (n < 0)
		return 0;
	return (size_t)n < size ? n : (int)(size - 1);
}

#endif /* __KERNEL__ */

/* A layout both builds must agree on. */
#ifdef __cplusplus
#define PURE_ASSERT_SIZE(type, n)	static_assert(sizeof(type) == (n), #type " must be " #n " bytes")
#else
#define PURE_ASSERT_SIZE(type, n)	_Static_assert(sizeof(type) == (n), #type " must be " #n " bytes")
#endif

#endif /* RNBD_PURE_H */
