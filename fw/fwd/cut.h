/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which live connections a change of policy ends. A connection carries the number of the record
 * that allowed it in its mark; it is cut when that record is gone, or changed so that it no longer
 * covers the connection, or stands behind a new or changed deny that does; one that a built-in
 * allowed is cut when a zone lost that built-in. Pure.
 */
#ifndef FW_FWD_CUT_H
#define FW_FWD_CUT_H

#include "fw/policy/policy.h"

struct fwd_conn {
	uint32_t number;
	uint8_t proto;
	struct fw_ip src;
	struct fw_ip dst;         /* as the client addressed it */
	struct fw_ip real_dst;    /* after translation: who answers */
	uint16_t port, real_port; /* or ICMP type in both */
	bool related;             /* opened by a helper for another one: only its record counts */
};

struct fwd_cut;

/*
 * From the policy before to the one after; both are borrowed for the life of the plan. before NULL:
 * it is not known what the kernel ran, every record counts as changed.
 */
int fwd_cut_new(
	struct fwd_cut **ret, const struct fw_policy *before, const struct fw_policy *after);
void fwd_cut_free(struct fwd_cut *c);
void fwd_cut_freep(struct fwd_cut **c);
/* false: nothing relevant changed, no connection needs to be looked at. */
bool fwd_cut_needed(const struct fwd_cut *c);
bool fwd_cut_decide(const struct fwd_cut *c, const struct fwd_conn *conn);

#endif
