/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets, bytes and last hit of every record, across re-applies, reboots and whoever deletes or
 * resets the kernel's counters. Pure: the kernel's values, the time and the bytes of the file come
 * in.
 *
 *   total = base + kernel        base: what counters that no longer exist had counted
 */
#ifndef FW_FWD_COUNTERS_H
#define FW_FWD_COUNTERS_H

#include "fw/nft/nft.h"

#define FWD_COUNTERS_MAX 131072

struct fwd_counter {
	uint32_t number;
	bool in_kernel;          /* seen in the last reading */
	uint64_t packets, bytes; /* totals */
	uint64_t base_packets, base_bytes;
	int64_t last_hit; /* 0 never */
};

struct fwd_counters {
	struct fwd_counter *v; /* by number */
	size_t n, cap;
	bool changed; /* since the last encode */
};

void fwd_counters_done(struct fwd_counters *c);

/* Take a reading of all kernel counters (any order) at now. -ENOMEM leaves what was read so far. */
int fwd_counters_read(
	struct fwd_counters *c, const struct fw_nft_counter *k, size_t n, int64_t now);
/* No counter exists in the kernel (the table is gone). */
void fwd_counters_gone(struct fwd_counters *c);
/* Make entries for the rules of p that have none, so that their first packets are seen as hits. */
int fwd_counters_expect(struct fwd_counters *c, const struct fw_policy *p);
/*
 * The start values for fw_nft_apply, one for each entry: owned by the caller. Call after a reading;
 * and fwd_counters_started when the apply succeeded, with that array.
 */
int fwd_counters_start(const struct fwd_counters *c, struct fw_nft_counter **ret, size_t *ret_n);
void fwd_counters_started(struct fwd_counters *c);

const struct fwd_counter *fwd_counters_find(const struct fwd_counters *c, uint32_t number);

/* The file counters.json; encode clears changed. */
int fwd_counters_encode(struct fwd_counters *c, int64_t now, struct sk_buf *b);
int fwd_counters_decode(const void *p, size_t n, struct fwd_counters *ret, struct sk_err *err);

#endif
