/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocked sources: who, why and until when, as the kernel's lists hold them. Fixed memory; a
 * file keeps them over a restart. Times of a block are boot time, which nobody can set; in the file
 * they are wall clock. Pure.
 */
#ifndef FW_GUARD_BLOCKS_H
#define FW_GUARD_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/policy/guard.h"
#include "fw/policy/zone.h"
#include "lib/buf.h"

#define FW_BLOCK_WHO_MAX 64

struct fw_block {
	struct fw_ip addr;
	bool net64; /* IPv6: all that share its first 64 bits; the rest is zero */
	enum fw_guard_kind kind;
	char zone[FW_ZONE_NAME_MAX + 1]; /* it came from; empty: not known */
	char who[FW_BLOCK_WHO_MAX];      /* person, with FW_GUARD_HAND */
	int64_t since;                   /* wall clock, seconds */
	uint64_t until_us;               /* boot time */
	bool fresh;                      /* its connections are still to be ended */
};

struct fw_blocks;

struct fw_blocks *fw_blocks_new(size_t cap, const uint8_t seed[16]);
void fw_blocks_free(struct fw_blocks *b);

/* 0, -EEXIST: is blocked already (and stays so at least as long), -ENOSPC: too many. */
int fw_blocks_add(struct fw_blocks *b, const struct fw_block *e);
/* The block of this address itself, or of its network. */
struct fw_block *fw_blocks_find(struct fw_blocks *b, const struct fw_ip *ip);
void fw_blocks_del(struct fw_blocks *b, const struct fw_block *e);
/* The first 64 bits of an IPv6 address. */
struct fw_ip fw_block_net(const struct fw_ip *ip);
/* "192.0.2.1", "2001:db8::1", "2001:db8::/64", there and back; cap >= 50. -EINVAL. */
void fw_block_format(const struct fw_block *e, char *dst, size_t cap);
int fw_block_parse(const char *s, struct fw_block *ret, struct sk_err *err);
size_t fw_blocks_count(const struct fw_blocks *b);
/* fn returning true deletes the block. Order is not specified. */
void fw_blocks_walk(struct fw_blocks *b, bool (*fn)(struct fw_block *e, void *arg), void *arg);
/* Seconds left, rounded up; 0: over. */
uint64_t fw_block_left(const struct fw_block *e, uint64_t now_us);

/* now: wall clock seconds, boot_us: boot time of the same moment. */
int fw_blocks_encode(struct fw_blocks *b, int64_t now, uint64_t boot_us, struct sk_buf *out);
/* Those that are not over by now, into the empty b; more than its capacity are left out. */
int fw_blocks_decode(struct fw_blocks *b, const void *p, size_t n, int64_t now, uint64_t boot_us,
	struct sk_err *err);

#endif
