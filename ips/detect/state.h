/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State that lives longer than a packet: flowbits and flowints on flows, xbits and hostbits on
 * addresses, thresholds, datasets, reputation. Names become numbers that stay the same over rule
 * reloads. What several workers share is locked inside; every table is bounded.
 */
#ifndef IPS_DETECT_STATE_H
#define IPS_DETECT_STATE_H

#include "ips/flow/flow.h"
#include "ips/rules/rule.h"
#include "lib/buf.h"
#include "lib/err.h"

struct ips_state;
struct ips_state_config {
	uint32_t names;      /* flowbits, flowints, xbits names in all: 8192 */
	uint32_t hosts;      /* addresses with xbits: 65536 */
	uint32_t thresholds; /* (rule, address) pairs: 65536 */
	uint64_t dataset_bytes;
};
void ips_state_config_default(struct ips_state_config *cfg);
struct ips_state *ips_state_new(const struct ips_state_config *cfg, const uint8_t seed[16]);
void ips_state_free(struct ips_state *s);
/* Forget all hosts, thresholds and what datasets learned; names and loaded datasets stay. */
void ips_state_clear(struct ips_state *s);

/*
 * Make a rule ready for inspection (at load, once): every name in it gets its number, relative
 * chains and search positions are worked out. -ENOSPC when the table of names is full.
 */
int ips_state_bind(struct ips_state *s, struct ips_rule *r, struct sk_err *err);

/* A flow's own bits and variables; made at first use from a pool of the worker. */
struct ips_det_slots;
struct ips_det_flow {
	struct ips_det_slots *slots;
	/* detect.c's own: NULL and 0 at first; it frees them before ips_det_flow_pool_gone(). */
	void *run;
	uint64_t progress[2];
};
struct ips_det_flow_pool;
struct ips_det_flow_pool *ips_det_flow_pool_new(uint32_t max);
/* How often there was no room for a flow's state or for another bit. */
uint64_t ips_det_flow_pool_full(const struct ips_det_flow_pool *p);
void ips_det_flow_pool_free(struct ips_det_flow_pool *p);
void ips_det_flow_pool_gone(struct ips_det_flow_pool *p, struct ips_flow *f);
struct ips_det_flow *ips_det_flow(struct ips_det_flow_pool *p, struct ips_flow *f); /* or NULL */

bool ips_flowbit_get(const struct ips_flow *f, uint32_t id);
bool ips_flowbit_set(struct ips_det_flow_pool *p, struct ips_flow *f, uint32_t id, bool on);
bool ips_flowint_get(const struct ips_flow *f, uint32_t id, uint32_t *ret);
bool ips_flowint_put(struct ips_det_flow_pool *p, struct ips_flow *f, uint32_t id, uint32_t v);

bool ips_bits_check(
	struct ips_state *s, const struct ips_bits *b, const struct ips_packet *p, uint64_t now_us);
void ips_bits_act(
	struct ips_state *s, const struct ips_bits *b, const struct ips_packet *p, uint64_t now_us);

/*
 * Threshold, detection_filter, suppress and rate_filter of a rule that just matched, all in one, as
 * Suricata does it when alerts are finished (after flowbits and the like were set).
 */
enum ips_threshold_result {
	IPS_TH_REPORT,
	IPS_TH_SILENT,      /* the action holds, nothing is reported */
	IPS_TH_SUPPRESSED,  /* as if it had not matched */
	IPS_TH_ACTION = 16, /* IPS_TH_ACTION + enum ips_action: report, with this action instead */
};
enum ips_threshold_result ips_threshold_check(
	struct ips_state *s, const struct ips_rule *r, const struct ips_packet *p, uint64_t now_us);
/* detection_filter alone: false until the count is exceeded. */
bool ips_detection_filter(
	struct ips_state *s, const struct ips_rule *r, const struct ips_packet *p, uint64_t now_us);

/* Datasets: content given at load (the caller reads `load` files). type as in struct ips_opt. */
int ips_dataset_load(struct ips_state *s, const char *name, uint8_t type, const char *text,
	size_t n, struct sk_err *err);
bool ips_dataset_has(struct ips_state *s, const char *name, uint8_t type, struct ips_view v);
bool ips_dataset_rep(
	struct ips_state *s, const char *name, uint8_t type, struct ips_view v, uint32_t *ret);
/* Put v in, take it out: true if that changed the set. */
bool ips_dataset_put(struct ips_state *s, const char *name, uint8_t type, struct ips_view v);
bool ips_dataset_take(struct ips_state *s, const char *name, uint8_t type, struct ips_view v);
/* The text form that ips_dataset_load reads, for `save` files. */
int ips_dataset_save(struct ips_state *s, const char *name, uint8_t type, struct sk_buf *b);
/* iprep: categories.txt and reputation lists (address,category,score). */
int ips_iprep_load(struct ips_state *s, const char *categories, size_t cn, const char *list,
	size_t n, struct sk_err *err);
uint8_t ips_iprep_get(
	struct ips_state *s, const char *category, uint8_t family, const struct ips_addr *a);

struct ips_state_stats {
	uint32_t hosts, thresholds, names;
	uint64_t full;
};
void ips_state_stats(struct ips_state *s, struct ips_state_stats *ret);

#endif
