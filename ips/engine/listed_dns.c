/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocklists against DNS: a blocked query is answered by us, an answer that leads to a blocked name
 * is replaced by ours and its addresses are learned. Called once for each message.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "ips/engine/listed.h"
#include "ips/proto/dns.h"
#include "ips/proto/dns_answer.h"

#define TYPE_A 1
#define TYPE_CNAME 5
#define TYPE_AAAA 28
#define TYPE_DNAME 39
#define TYPE_SVCB 64
#define TYPE_HTTPS 65
#define CLASS_IN 1
#define RESPONSE 0x8000

static const uint8_t no_mac[6];

/* The neighbour the client's packets come from, or the gateway itself; false: not known. */
static bool client_side(const struct ips_packet *p, struct ips_answer *a)
{
	const struct ips_flow *f = p->flow;
	bool query = p->dir == IPS_TOSERVER;

	if (ips_listed_own(f))
		return true;
	a->dev = query ? p->in_dev : f->in_dev;
	memcpy(a->mac, query ? p->hw_src : f->hw_src, 6);
	return memcmp(a->mac, no_mac, 6) != 0 && a->dev;
}

/* Our answer instead of p, a query or what came back. False: the client is left without one. */
static bool answer(struct ips_worker *w, struct ips_packet *p, struct ips_view msg)
{
	const struct ips_lists_dns *dns = &ips_lists_info(w->lists)->dns;
	struct ips_dns_answer_how how = {
		.address = dns->address,
		.a = dns->has_a ? &dns->a : NULL,
		.aaaa = dns->has_aaaa ? &dns->aaaa : NULL,
	};
	const struct ips_flow *f = p->flow;
	struct ips_answer a = {
		.family = p->family,
		.src = f->addr[1],
		.dst = f->addr[0],
		.sport = f->port[1],
		.dport = f->port[0],
	};
	uint8_t data[IPS_DNS_ANSWER_MAX];

	a.data = (struct ips_view){data, ips_dns_answer(msg, &how, data)};
	if (a.data.len == 0 || p->tunnel_depth)
		return false;
	if (!w->ops.answer)
		return true;
	return client_side(p, &a) && w->ops.answer(&a, w->arg);
}

static void block(struct ips_worker *w, struct ips_packet *p, const struct dns_tx *t,
	const struct ips_listed *x, struct ips_verdict *v)
{
	bool asked = !(t->msg.h.flags & RESPONSE);
	bool answered;

	if (p->proto != IPPROTO_UDP || !w->cfg.inline_mode || (p->flags & IPS_PKT_PSEUDO)) {
		ips_listed_act(w, p, x, v);
		return;
	}
	/* What calls itself an answer but goes to the server is nobody's. */
	answered = asked == (p->dir == IPS_TOSERVER) && answer(w, p, t->msg.raw);
	w->stats.answered += answered;
	ips_listed_report(w, p, x, answered ? "answered" : "drop");
	v->drop = true;
}

/* ---- queries ----------------------------------------------------------------------------- */

static struct ips_view name_at(const struct dns_tx *t, uint32_t i)
{
	return (struct ips_view){t->names + t->spans[i].at, t->spans[i].len};
}

/* The strongest of the questions. */
static struct ips_listed questions(
	struct ips_worker *w, struct ips_packet *p, const struct dns_tx *t)
{
	struct ips_listed best = {.kind = "dns"};

	for (uint32_t i = 0; i < t->questions; i++) {
		struct ips_listed x = {.kind = "dns"};

		if (t->spans[i].len)
			x = t->msg.h.flags & RESPONSE ? ips_listed_look(w, "dns", name_at(t, i))
						      : ips_listed_name(w, p, "dns", name_at(t, i));
		if (i == 0 || x.verdict == IPS_LISTS_BLOCK || best.verdict == IPS_LISTS_NONE)
			best = x;
		if (best.verdict == IPS_LISTS_BLOCK)
			break;
	}
	return best;
}

/* ---- answers ----------------------------------------------------------------------------- */

/* Where the name that the record leads to begins; 0: to none. */
static uint32_t target_at(const struct dns_record *r)
{
	if (r->class != CLASS_IN)
		return 0;
	if (r->type == TYPE_CNAME || r->type == TYPE_DNAME)
		return r->rdata_at;
	/* RFC 9460, 2.2: a priority, then the name. */
	if ((r->type == TYPE_SVCB || r->type == TYPE_HTTPS) && r->rdata.len > 2)
		return r->rdata_at + 2;
	return 0;
}

struct chain {
	struct ips_worker *w;
	struct ips_packet *p;
	const struct dns_msg *m;
	struct ips_listed best;
	char kept[DNS_NAME_MAX + 1]; /* best.name */
};

static void consider(struct chain *c, const char *name, uint32_t n)
{
	struct ips_listed x;

	if (n == 0)
		return;
	x = ips_listed_name(c->w, c->p, "dns", (struct ips_view){(const uint8_t *)name, n});
	if (x.verdict == IPS_LISTS_ALLOWED || x.verdict <= c->best.verdict)
		return;
	memcpy(c->kept, name, n);
	c->best = x;
	c->best.name.data = (const uint8_t *)c->kept;
}

/* Names that the answer leads to. */
static void walk_chain(struct chain *c)
{
	char name[DNS_NAME_MAX + 1];
	uint32_t at = c->m->answers_at, n;
	struct dns_record r;
	int event = 0;

	for (unsigned i = 0; i < c->m->h.ancount && i < DNS_RECORDS_MAX; i++) {
		uint32_t to;

		if (!dns_record_next(c->m, &at, name, &n, &r, &event))
			return;
		to = target_at(&r);
		if (to && dns_name(c->m->raw, &to, name, &n, &event))
			consider(c, name, n);
		if (c->best.verdict == IPS_LISTS_BLOCK)
			return;
	}
}

static void notice(struct ips_worker *w, const struct ips_eve_learned *e)
{
	struct ips_event_key key;

	memset(&key, 0, sizeof(key));
	key.kind = IPS_LOG_NOTICE;
	ips_eve_learned(&w->out, &w->cfg.eve, w->now_us, e);
	ips_worker_send(w, IPS_LOG_NOTICE, &key);
}

/* x NULL: the address belongs to a name that is not listed. */
static void one_address(struct ips_worker *w, const struct ips_listed *x, uint8_t family,
	const struct ips_addr *a, uint32_t ttl)
{
	struct ips_eve_learned e = {.action = "learned", .family = family, .addr = *a};
	enum ips_learned_result r;

	if (!x) {
		e.action = "forgotten";
		if (!ips_learned_unlisted(w->learned, family, a, w->now_us))
			return;
		w->stats.shared++;
		notice(w, &e);
		return;
	}
	if (ips_lists_allows(w->lists, family, a))
		return;
	r = ips_learned_add(w->learned, family, a, x->name, ttl, w->now_us, &e.ttl);
	w->stats.shared += r == IPS_LEARNED_SHARED;
	w->stats.learned += r == IPS_LEARNED_NEW;
	if (r != IPS_LEARNED_NEW && r != IPS_LEARNED_LONGER)
		return;
	e.name = x->name;
	e.feed = ips_lists_feed(w->lists, x->hit.feed);
	notice(w, &e);
}

static void record(struct ips_worker *w, const struct dns_record *r, const struct ips_listed *x)
{
	uint32_t len = r->type == TYPE_A ? 4 : r->type == TYPE_AAAA ? 16 : 0;
	struct ips_addr a = {{0}};

	if (!len || r->class != CLASS_IN || r->rdata.len != len)
		return;
	memcpy(a.w, r->rdata.data, len);
	one_address(w, x, len == 4 ? 4 : 6, &a, r->ttl);
}

/*
 * x NULL: all addresses. Else those of the listed name and of what it is an alias of, in the order
 * of the chain, as servers write it: an answer may not bring in whom it likes.
 */
static void addresses(struct ips_worker *w, const struct dns_msg *m, const struct ips_listed *x)
{
	char name[DNS_NAME_MAX + 1], end[DNS_NAME_MAX + 1];
	uint32_t at = m->answers_at, n, end_len = 0;
	struct dns_record r;
	int event = 0;

	if (x) {
		end_len = x->name.len;
		memcpy(end, x->name.data, end_len);
	}
	for (unsigned i = 0; i < m->h.ancount && i < DNS_RECORDS_MAX; i++) {
		uint32_t to;

		if (!dns_record_next(m, &at, name, &n, &r, &event))
			return;
		if (x && (n != end_len || strncasecmp(name, end, n) != 0))
			continue;
		record(w, &r, x);
		to = x && r.type == TYPE_CNAME ? r.rdata_at : 0;
		if (to && dns_name(m->raw, &to, name, &n, &event)) {
			memcpy(end, name, n);
			end_len = n;
		}
	}
}

static void response(
	struct ips_worker *w, struct ips_packet *p, const struct dns_tx *t, struct ips_verdict *v)
{
	struct ips_listed q = questions(w, p, t);
	struct chain c = {.w = w, .p = p, .m = &t->msg, .best = {.kind = "dns"}};
	bool learn = w->learned && w->lists && ips_lists_info(w->lists)->learn;

	/* The name that was asked for is allowed: so is what it leads to. */
	if (q.verdict != IPS_LISTS_ALLOWED && q.verdict != IPS_LISTS_BLOCK)
		walk_chain(&c);
	if (q.verdict == IPS_LISTS_BLOCK)
		c.best = q;
	if (c.best.verdict == IPS_LISTS_BLOCK) {
		/* The gateway's resolver may have it: whoever asked it gets it through us, and it
		 * is stopped there, where we know who that is. */
		if (q.verdict == IPS_LISTS_BLOCK || !ips_listed_own(p->flow))
			block(w, p, t, &c.best, v);
		if (learn)
			addresses(w, &t->msg, &c.best);
	} else {
		/* The question itself was told of when it was asked. */
		ips_listed_act(w, p, &c.best, v);
		if (learn && q.verdict != IPS_LISTS_MONITOR && c.best.verdict != IPS_LISTS_MONITOR)
			addresses(w, &t->msg, NULL);
	}
}

void ips_listed_dns(
	struct ips_worker *w, struct ips_packet *p, struct ips_tx *tx, struct ips_verdict *v)
{
	const struct dns_tx *t = (const struct dns_tx *)tx;
	struct ips_listed x;

	if (t->questions + t->answers && !t->names)
		return;
	if (t->msg.h.flags & RESPONSE) {
		response(w, p, t, v);
		return;
	}
	x = questions(w, p, t);
	if (x.verdict == IPS_LISTS_BLOCK)
		block(w, p, t, &x, v);
	else
		ips_listed_act(w, p, &x, v);
}
