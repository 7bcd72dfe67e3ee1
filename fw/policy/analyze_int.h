/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the analysis. What a rule matches is a product of three sets, service x source x
 * destination, once for IPv4 and once for IPv6. Every set is sorted, disjoint ranges of 32-bit
 * coordinates: service  protocol << 16 | port IPv4     the address IPv6     the rank of the address
 * among all range ends of the policy, which keeps order and overlap
 */
#ifndef FW_ANALYZE_INT_H
#define FW_ANALYZE_INT_H

#include "fw/policy/analyze.h"

#define NONE UINT32_MAX

/* Borrowed ranges, sorted, disjoint, not adjacent. */
struct fw_rset {
	const struct fw_range4 *v;
	uint32_t n;
};

enum { DIM_SVC, DIM_SRC, DIM_DST, DIMS };

struct fw_prod {
	struct fw_rset dim[2][DIMS]; /* by family; all empty where the family does not occur */
};

/* The hull of a product: what the pair loop looks at first, 13 words. lo > hi where there is none.
 */
struct fw_hull {
	struct fw_range4 dim[2][DIMS];
	bool simple; /* one range in each dimension: the hull is the product */
};

/* Products of all rules of a policy, in its order. */
struct fw_space {
	struct fw_prod *prod;
	struct fw_hull *hull;
	size_t n;
	/* what the products borrow, beside the policy's own IPv4 ranges */
	struct fw_range4 *ranks6; /* one block */
	struct fw_range4 *svcs;   /* one block */
};

int fw_space_init(struct fw_space *s, const struct fw_policy *p);
void fw_space_done(struct fw_space *s);

/* ---- sets (analyze_set.c) ---- */
bool fw_rset_overlap(struct fw_rset a, struct fw_rset b);
bool fw_rset_covers(struct fw_rset outer, struct fw_rset inner);
/* a ∩ b and a \ b; dst has room for a.n + b.n ranges. Returns how many were written. */
uint32_t fw_rset_and(struct fw_rset a, struct fw_rset b, struct fw_range4 *dst);
uint32_t fw_rset_minus(struct fw_rset a, struct fw_rset b, struct fw_range4 *dst);

/* ---- products (analyze_box.c) ---- */
bool fw_prod_overlap(const struct fw_space *s, uint32_t a, uint32_t b);
bool fw_prod_covers(const struct fw_space *s, uint32_t outer, uint32_t inner);

/* Working memory and limits of the union test. */
struct fw_cover {
	const struct fw_space *space;
	struct fw_range4 *arena;
	size_t top, cap_arena;
	struct fw_piece *stack;
	size_t n_stack, cap_stack;
	size_t budget;  /* pieces a rule */
	uint64_t share; /* operations (comparisons, ranges written) left to the rule at hand */
	uint64_t pool;  /* and to all rules that need more than their share */
	bool *decides;  /* by position in the list: takes part of the rule */
	size_t cap_decides;
};

enum fw_covered { FW_COVERED, FW_UNCOVERED, FW_COVER_CUT };

/*
 * Is rule covered by the union of the earlier rules list[0…n-1], in evaluation order? Then
 * c->decides[k] tells whether list[k] is the first to match some part of it. FW_COVER_CUT: the
 * budget ended before the answer; decides is then incomplete. -ENOMEM.
 */
int fw_cover(struct fw_cover *c, uint32_t rule, const uint32_t *list, size_t n);
void fw_cover_done(struct fw_cover *c);

/* ---- groups (analyze_group.c) ---- */
struct fw_analysis {
	const struct fw_policy *p;
	const struct fw_analyze_opts *o;
	struct fw_space space;
	struct fw_cover cover;
	struct fw_findings *out;
	/* by rule */
	uint32_t *action;      /* equal numbers within a group: the same effect */
	uint32_t *diff_before; /* nearest earlier overlapping rule with another action, or NONE */
	uint32_t *diff_after;  /* nearest later one, or NONE */
	uint8_t *status;       /* bits FW_R_… */
	uint32_t *list;        /* scratch, n of them */
};

enum {
	FW_R_COVERED = 1 << 0, /* never matches */
	FW_R_FORWARD = 1 << 1, /* redundant because of a later rule */
	FW_R_CUT = 1 << 2,     /* not known */
};

/* One group of rules that are compared with each other, in evaluation order. */
int fw_analyze_group(struct fw_analysis *a, const uint32_t *rules, size_t n);
int fw_analyze_merge(struct fw_analysis *a, const uint32_t *rules, size_t n);

/* ---- findings and words (analyze_text.c) ---- */
struct fw_finding *fw_finding_add(struct fw_analysis *a, enum fw_finding_kind kind, uint32_t rule);
void fw_finding_other(const struct fw_analysis *a, struct fw_finding *f, uint32_t rule);
/* "tcp/80 192.168.1.0/24 → any": what both match. a and b may be the same rule. */
void fw_space_words(char *dst, size_t cap, const struct fw_match *a, const struct fw_match *b);

#endif
