/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run of one packet through the rules: address rules once a flow and direction, packet and
 * stream rules, transaction rules with their stored progress. Alerts come out ordered by action and
 * severity, at most IPS_ALERTS_MAX a packet as Suricata counts them.
 */
#ifndef IPS_DETECT_DETECT_H
#define IPS_DETECT_DETECT_H

#include "ips/detect/inspect.h"
#include "ips/detect/ruleset.h"

#define IPS_ALERTS_MAX 15

struct ips_alert {
	const struct ips_rule *rule;
	enum ips_decision decision; /* by policy; DROP only where the engine may drop */
	uint32_t exception;         /* record number that decided, or 0 */
	struct ips_tx *tx;          /* NULL: packet or stream */
	bool stream;                /* matched in reassembled data */
	bool state;                 /* applies to the whole flow (drop, pass) */
	bool urgent;                /* policy wants somebody told at once */
	bool silent;                /* kept by a threshold or noalert: acts, is not reported */
};

struct ips_detect_config {
	bool inline_mode; /* raw data is the packet with what came before it */
	uint32_t flows;   /* pool of per-flow detection states */
	uint64_t mem_max; /* per-transaction states */
};

struct ips_detect; /* one worker's */
struct ips_detect *ips_detect_new(
	const struct ips_detect_config *cfg, struct ips_state *state, struct sk_err *err);
void ips_detect_free(struct ips_detect *d);
/* Use another ruleset from the next packet on; keeps a reference. Stored progress of the old one is
 * discarded, transactions are inspected anew, flowbits stay. */
int ips_detect_rules(struct ips_detect *d, struct ips_ruleset *rs, struct sk_err *err);

/*
 * Inspect p (after flow, stream and parsers took it). raw: from ips_stream_raw, or NULL. Inspects
 * the flow's transactions in p->dir. Alerts stay valid until the next call; returns their number.
 */
unsigned ips_detect_packet(struct ips_detect *d, struct ips_packet *p, const struct ips_raw *raw,
	const struct ips_alert **ret);
/*
 * The same packet once more, without its own rules: further stream data (ips_raw.more), or NULL and
 * only the transactions, because bytes of a protocol that followed within p were parsed.
 */
unsigned ips_detect_again(struct ips_detect *d, struct ips_packet *p, const struct ips_raw *raw,
	const struct ips_alert **ret);
/* The flow is gone: free its det, and those of its transactions before they are freed. */
void ips_detect_flow_gone(struct ips_detect *d, struct ips_flow *f);
void ips_detect_tx_gone(struct ips_detect *d, struct ips_tx *tx);
/* True once nothing can match in this flow any more, however it goes on (for bypass). */
bool ips_detect_flow_done(const struct ips_detect *d, const struct ips_flow *f);

struct ips_detect_stats {
	uint64_t packets, payload_scans, buffer_scans, scanned_bytes, candidates, confirmed, alerts,
		suppressed, discarded;
	uint64_t mem_used, mem_refused;
};
const struct ips_detect_stats *ips_detect_stats(const struct ips_detect *d);

#endif
