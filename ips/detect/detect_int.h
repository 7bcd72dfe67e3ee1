/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One worker's detection: its scratch and pools, shared by the files that run rules. */
#ifndef IPS_DETECT_DETECT_INT_H
#define IPS_DETECT_DETECT_INT_H

#include "ips/detect/detect.h"
#include "ips/detect/ruleset_int.h"

#define IPS_MATCHES_MAX 256 /* matches of one packet that are sorted; more are counted */

struct ips_matched {
	uint32_t rank;
	bool stream, state;
	struct ips_tx *tx;
};

/* A rule that waits in a transaction, or is through with it. */
struct ips_tx_entry {
	uint32_t rank;
	uint32_t done;     /* lists that matched; IPS_TX_COND: the conditions */
	uint16_t inst;     /* next instance of the first list that is not done */
	uint8_t inst_list; /* which that is */
	uint8_t over;      /* matched, or cannot match any more */
};
#define IPS_TX_LISTS 31 /* lists told apart in `done` */
#define IPS_TX_COND (1u << 31)
#define IPS_TX_CHUNK 15
struct ips_tx_chunk {
	struct ips_tx_chunk *next;
	uint32_t n;
	struct ips_tx_entry e[IPS_TX_CHUNK];
};

/* How far a slot with several instances, or a body, was searched. */
struct ips_tx_mark {
	uint32_t index, scanned;
};
struct ips_det_tx {
	struct ips_det_tx *free; /* list of unused ones */
	struct ips_tx_chunk *chunks;
	uint64_t fed; /* bytes the parser had when it was last inspected */
	uint32_t gen;
	uint32_t size;             /* of this block */
	bool plain;                /* rules without a pattern were started */
	struct ips_tx_mark mark[]; /* by place in the protocol's list of slots */
};
#define IPS_TX_SCANNED UINT32_MAX /* mark.index: nothing more to search */

/* Stream rules whose pattern was seen but which did not hold yet, or did. */
#define IPS_PENDING 12
struct ips_pending {
	uint32_t rank;
	bool matched;
	uint64_t end; /* of the stream as far as it was inspected then */
};
struct ips_det_raw {
	struct ips_det_raw *free;
	uint32_t gen;
	uint8_t n[2];
	struct ips_pending p[2][IPS_PENDING];
	uint64_t lost[2]; /* one had to be forgotten: search again what came before that place */
};

struct ips_work {
	uint32_t rank;
	struct ips_tx_entry *e; /* NULL: new in this transaction */
};

struct ips_detect {
	struct ips_detect_config cfg;
	struct ips_state *state;
	struct ips_det_flow_pool *pool;
	struct ips_inspect *in;
	struct ips_inspect_env env;
	struct ips_ruleset *rs;
	uint32_t gen; /* counts rulesets of this worker, never 0 */
	hs_scratch_t *scratch;

	/* Candidates; arrays as long as there are rules. */
	uint32_t stamp_now;
	uint32_t *stamp;
	uint32_t *cand, cand_n;
	uint32_t *tx_cand, tx_cand_n; /* transaction rules found by payload */
	struct ips_work *work;
	uint32_t work_n;

	/* What is being inspected. */
	struct ips_packet *p;
	const struct ips_raw *raw;
	uint16_t have; /* enum ips_need */

	struct ips_matched matched[IPS_MATCHES_MAX];
	uint32_t matched_n;
	struct ips_alert alerts[IPS_ALERTS_MAX];
	unsigned alerts_n;

	struct ips_det_tx *free_tx;
	struct ips_tx_chunk *free_chunks;
	struct ips_det_raw *free_raw;
	/* Until then, for want of memory, every stream's tail is searched again. */
	uint64_t lost_us;
	uint32_t tx_size; /* of a struct ips_det_tx for this ruleset */
	struct ips_detect_stats stats;
};

/* scan.c: candidates. A new round forgets who is one, but not tx_cand. */
void ips_round_start(struct ips_detect *d);
void ips_candidate(struct ips_detect *d, uint32_t rank);
void ips_scan(struct ips_detect *d, const struct ips_pf *pf, struct ips_view v);
void ips_sort_ranks(uint32_t *v, uint32_t n);

/* packet.c: d->p's rules; again: only those on d->raw. */
void ips_run_packet(struct ips_detect *d, bool again);
/* Conditions outside payload and transactions. */
bool ips_rule_fits(struct ips_detect *d, const struct ips_crule *c);
/* txrun.c */
void ips_run_transactions(struct ips_detect *d);

/* rawmatch.c: payload options on stream data. */
bool ips_raw_match(struct ips_detect *d, uint32_t rank);
void ips_raw_defer(struct ips_detect *d, uint32_t rank); /* it may hold with the next packet */
void ips_raw_pending(struct ips_detect *d);              /* those of this flow become candidates */
bool ips_raw_lost(const struct ips_detect *d);           /* some were forgotten: search the tail */
bool ips_payload_lists(struct ips_detect *d, const struct ips_crule *c, struct ips_view v,
	uint64_t offset, unsigned flags);
void ips_raw_free(struct ips_detect *d, struct ips_det_raw *r);

/* txstate.c */
void *ips_det_take(struct ips_detect *d, size_t n);
struct ips_det_tx *ips_det_tx_get(struct ips_detect *d, struct ips_tx *tx, enum ips_dir dir);
void ips_det_tx_put(struct ips_detect *d, struct ips_tx *tx, enum ips_dir dir);
/* A new entry, or NULL without memory. */
struct ips_tx_entry *ips_det_tx_entry(struct ips_detect *d, struct ips_det_tx *t);
void ips_det_tx_drain(struct ips_detect *d);

/* alerts.c */
void ips_match_add(struct ips_detect *d, uint32_t rank, struct ips_tx *tx, bool stream);
void ips_match_finish(struct ips_detect *d);

#endif
