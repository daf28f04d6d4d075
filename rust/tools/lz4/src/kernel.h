/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's LZ4 decoder wants of the kernel's headers, for a 64-bit machine in user space. */
#ifndef COFS_KERNEL_H
#define COFS_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CONFIG_64BIT 1
#define __LITTLE_ENDIAN 1234
#define BITS_PER_LONG 64

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define BUILD_BUG_ON(x) _Static_assert(!(x), "")
#define EXPORT_SYMBOL(x)
#define MODULE_LICENSE(x)
#define MODULE_DESCRIPTION(x)

#define min(a, b) ((a) < (b) ? (a) : (b))
#define __ffs(x) __builtin_ctzl(x)

#define unaligned(p) \
	(((struct { __typeof__(*(p)) value; } __attribute__((packed, may_alias)) *)(p))->value)
#define get_unaligned(p) unaligned(p)
#define put_unaligned(v, p) ((void)(unaligned(p) = (v)))
#define get_unaligned_le16(p) get_unaligned((const uint16_t *)(p))
#define put_unaligned_le16(v, p) put_unaligned(v, (uint16_t *)(p))

#endif
