/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From matches to alerts: in the order of rules, past thresholds, up to a pass, at most
 * IPS_ALERTS_MAX, each with what policy decides.
 */
#include <stdlib.h>
#include <string.h>

#include "ips/detect/detect_int.h"

/* Whether a drop or pass of this match holds for the flow, not for the packet alone. */
static bool for_flow(const struct ips_crule *c, const struct ips_tx *tx, bool stream)
{
	return tx || stream || c->type == IPS_RT_IP_ONLY || c->type == IPS_RT_LIKE_IP ||
		c->type == IPS_RT_PROTO || c->type == IPS_RT_APP;
}

void ips_match_add(struct ips_detect *d, uint32_t rank, struct ips_tx *tx, bool stream)
{
	const struct ips_crule *c = &d->rs->rules[rank];

	if (d->matched_n == IPS_MATCHES_MAX) {
		d->stats.discarded++;
		return;
	}
	d->matched[d->matched_n++] =
		(struct ips_matched){rank, stream, for_flow(c, tx, stream), tx};
}

/* By rank; of one rule the latest transaction first. */
static int by_rank(const void *a, const void *b)
{
	const struct ips_matched *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (!x->tx || !y->tx || x->tx->id == y->tx->id)
		return 0;
	return x->tx->id < y->tx->id ? 1 : -1;
}

static enum ips_decision as_written(enum ips_action a)
{
	switch (a) {
	case IPS_PASS: return IPS_DECIDE_IGNORE;
	case IPS_ALERT: return IPS_DECIDE_ALERT;
	case IPS_DROP: return IPS_DECIDE_DROP;
	default: return IPS_DECIDE_REJECT;
	}
}

static void decide(struct ips_detect *d, struct ips_alert *a, int th)
{
	const struct ips_packet *p = d->p;

	if (a->rule->action == IPS_PASS)
		a->decision = IPS_DECIDE_IGNORE;
	else if (d->rs->policy)
		a->decision = ips_policy_decide(d->rs->policy, a->rule, p->family, &p->src, &p->dst,
			(int64_t)(p->ts_us / 1000000), &a->exception);
	else
		a->decision = as_written(a->rule->action);
	/* rate_filter */
	if (th >= IPS_TH_ACTION && a->decision != IPS_DECIDE_IGNORE)
		a->decision = as_written((enum ips_action)(th - IPS_TH_ACTION));
	a->urgent = d->rs->policy && ips_policy_urgent(d->rs->policy, a->rule);
}

/* False once nothing after this match counts. */
static bool finish(struct ips_detect *d, const struct ips_matched *m)
{
	const struct ips_crule *c = &d->rs->rules[m->rank];
	struct ips_alert a = {
		.rule = c->rule,
		.tx = m->tx,
		.stream = m->stream,
		.state = m->state,
	};
	int th = ips_threshold_check(d->state, c->rule, d->p, d->p->ts_us);

	if (th == IPS_TH_SUPPRESSED) {
		d->stats.suppressed++;
		return true;
	}
	decide(d, &a, th);
	a.silent = th == IPS_TH_SILENT || (c->rule->flags & IPS_RULE_NOALERT) ||
		c->rule->action == IPS_PASS;
	d->stats.suppressed += a.silent;
	/* Without consequence: neither told nor acted upon. */
	if (a.silent && a.decision != IPS_DECIDE_DROP && a.decision != IPS_DECIDE_REJECT &&
		c->rule->action != IPS_PASS)
		return true;
	if (a.decision == IPS_DECIDE_IGNORE && c->rule->action != IPS_PASS) {
		d->stats.suppressed++;
		return true;
	}
	if (d->alerts_n == IPS_ALERTS_MAX) {
		d->stats.discarded++;
		return true;
	}
	d->alerts[d->alerts_n++] = a;
	if (c->rule->action != IPS_PASS)
		return true;
	if (m->tx)
		m->tx->flags |= IPS_TX_PASS;
	return false;
}

void ips_match_finish(struct ips_detect *d)
{
	if (d->matched_n == 0)
		return;
	if (d->matched_n > 1)
		qsort(d->matched, d->matched_n, sizeof(d->matched[0]), by_rank);
	for (uint32_t i = 0; i < d->matched_n; i++) {
		if (!finish(d, &d->matched[i]))
			break;
	}
	for (unsigned i = 0; i < d->alerts_n; i++)
		d->stats.alerts += !d->alerts[i].silent;
}
