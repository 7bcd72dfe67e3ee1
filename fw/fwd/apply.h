/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies into the kernel: start, apply, confirm, the way back, expiry. Within fw/fwd only. */
#ifndef FW_FWD_APPLY_H
#define FW_FWD_APPLY_H

#include "fw/fwd/fwd.h"

struct fwd_applied {
	uint64_t generation;
	char sha256[65];
	int64_t confirm_deadline; /* 0: final */
	size_t cut;
	struct fw_nft_stats stats;
};
int fwd_boot(struct fwd *d, struct sk_err *err);
int fwd_apply(struct fwd *d, const void *doc, size_t n, int confirm_s, struct fwd_applied *ret,
	struct sk_err *err);
int fwd_confirm(struct fwd *d, uint64_t generation, struct sk_err *err);
/* why: for the event, "requested" or "not confirmed". */
int fwd_rollback(struct fwd *d, const char *why, struct sk_err *err);
/* Once a second; once a minute; after the wall clock was turned back. */
void fwd_retry(struct fwd *d);
void fwd_expire(struct fwd *d);
void fwd_clock_back(struct fwd *d);
/* Has our table any rules, ours or of an earlier run? True if it cannot be said. */
bool fwd_kernel_has_rules(struct fwd *d);
/* Put running into the kernel again. */
int fwd_reapply(struct fwd *d, struct sk_err *err);
/* The same when others may have let connections in: those that running does not allow are ended. */
int fwd_repair(struct fwd *d, struct sk_err *err);

#endif
