/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Confirmation: does this list of options hold on this piece of bytes, do these conditions hold for
 * this packet? The prefilter only proposes; what is said here counts. Bounded work: recursion and
 * regular expressions have limits, and exceeding one is counted and means "no match".
 */
#ifndef IPS_DETECT_INSPECT_H
#define IPS_DETECT_INSPECT_H

#include "ips/detect/state.h"
#include "ips/flow/flow.h"
#include "ips/rules/rule.h"
#include "ips/stream/stream.h"

struct ips_inspect; /* scratch of one worker: transforms' and base64's output, pcre2 match data */
struct ips_inspect *ips_inspect_new(uint32_t max_transform_bytes);
void ips_inspect_free(struct ips_inspect *in);

struct ips_inspect_env {
	struct ips_flow *flow; /* may be NULL */
	struct ips_packet *p;
	struct ips_tx *tx; /* NULL outside transactions */
	enum ips_dir dir;
	struct ips_state *state;        /* cross-flow state, datasets */
	struct ips_det_flow_pool *pool; /* for flowbits that are set; NULL: they are not */
	uint64_t now_us;
	int64_t vars[IPS_VAR_SLOTS]; /* byte_extract results of the rule being tried */
};

enum ips_inspect_flag {
	IPS_INSPECT_START = 1, /* data begins where the buffer begins (offset, depth, startswith) */
	IPS_INSPECT_END = 2,   /* data ends where the buffer ends (endswith, bsize, isdataat) */
	IPS_INSPECT_STREAM = 4,      /* reassembled stream: depth and offset count within data */
	IPS_INSPECT_TRANSFORMED = 8, /* data is what ips_inspect_transform made */
	IPS_INSPECT_DCE_LE = 16,     /* the DCERPC header says little endian (byte_test:…,dce) */
};

/*
 * All options of list on one view; a list without options holds. The list's transforms are done
 * inside unless IPS_INSPECT_TRANSFORMED. offset: place of data in its buffer.
 */
bool ips_inspect_list(struct ips_inspect *in, const struct ips_match_list *list,
	const uint8_t *data, uint32_t len, uint64_t offset, unsigned flags,
	struct ips_inspect_env *env);
/* The list's transforms alone: result valid until the next call. */
struct ips_view ips_inspect_transform(
	struct ips_inspect *in, const struct ips_transform *t, uint32_t n, struct ips_view v);

/*
 * Conditions. Those that need a transaction (NUMBER, APP_EVENT) are skipped here when env->tx is
 * NULL and checked by ips_inspect_tx_conds.
 */
bool ips_inspect_flow_opt(const struct ips_rule *r, const struct ips_packet *p);
bool ips_inspect_packet_conds(
	struct ips_inspect *in, const struct ips_rule *r, struct ips_inspect_env *env);
enum ips_tri { IPS_TRI_NO, IPS_TRI_YES, IPS_TRI_WAIT }; /* WAIT: the field may still come */
enum ips_tri ips_inspect_tx_conds(
	struct ips_inspect *in, const struct ips_rule *r, struct ips_inspect_env *env);
/* What the rule does when it matched: sets bits, variables, tags. */
void ips_inspect_actions(const struct ips_rule *r, struct ips_inspect_env *env);

struct ips_inspect_stats {
	uint64_t lists, pcre_calls, pcre_limit, recursion_limit, transform_cut;
};
const struct ips_inspect_stats *ips_inspect_stats(const struct ips_inspect *in);

#endif
