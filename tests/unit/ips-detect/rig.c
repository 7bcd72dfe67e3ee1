/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rig of detection's tests: see rig.h. */
#include "tests/unit/ips-detect/rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

struct ips_rules *rig_rules(const char *text)
{
	struct ips_rules *rules = ips_rules_new();

	assert_non_null(rules);
	assert_int_equal(ips_rules_parse(rules, "test.rules", text, strlen(text)), 0);
	if (ips_rules_refused_count(rules)) {
		const struct ips_refused *f = ips_rules_refused(rules, 0);

		fail_msg("sid %u: %s: %s", f->sid, f->option, f->why);
	}
	return rules;
}

static struct ips_ruleset *compiled(struct rig *r, const char *text)
{
	struct ips_view none = {NULL, 0};
	struct ips_ruleset *rs = NULL;
	struct sk_err err = {0};

	if (ips_ruleset_compile(&rs, rig_rules(text), NULL, r->state, none, NULL, &err))
		fail_msg("%s", err.en);
	return rs;
}

void rig_init(struct rig *r, bool inline_mode, const char *text)
{
	static const uint8_t seed[16] = {1};
	struct ips_detect_config cfg = {
		.inline_mode = inline_mode, .flows = 16, .mem_max = 1 << 20};
	struct ips_state_config sc;
	struct sk_err err = {0};

	memset(r, 0, sizeof(*r));
	ips_state_config_default(&sc);
	r->state = ips_state_new(&sc, seed);
	assert_non_null(r->state);
	r->rs = compiled(r, text);
	r->d = ips_detect_new(&cfg, r->state, &err);
	assert_non_null(r->d);
	assert_int_equal(ips_detect_rules(r->d, r->rs, &err), 0);
	r->now_us = 1700000000000000u;
	r->flow.id = 1;
	r->flow.family = 4;
	r->flow.proto = IPPROTO_TCP;
	r->flow.addr[0].w[0] = htonl(0x0a000001);
	r->flow.addr[1].w[0] = htonl(0xc0000201);
	r->flow.port[0] = 40000;
	r->flow.port[1] = 4444;
	r->flow.state = IPS_FLOW_ESTABLISHED;
}

void rig_swap_rules(struct rig *r, const char *text)
{
	struct ips_ruleset *rs = compiled(r, text);
	struct sk_err err = {0};

	assert_int_equal(ips_detect_rules(r->d, rs, &err), 0);
	ips_ruleset_unref(r->rs);
	r->rs = rs;
}

void rig_done(struct rig *r)
{
	for (struct ips_tx *tx = r->flow.app.first; tx; tx = tx->next)
		ips_detect_tx_gone(r->d, tx);
	ips_detect_flow_gone(r->d, &r->flow);
	ips_detect_free(r->d);
	ips_ruleset_unref(r->rs);
	ips_state_free(r->state);
}

void rig_udp(struct rig *r)
{
	r->flow.proto = IPPROTO_UDP;
}

void rig_fill(struct rig *r, enum ips_dir dir, const char *payload)
{
	static const uint8_t header[20];
	struct ips_packet *p = &r->p;

	memset(p, 0, sizeof(*p));
	p->ts_us = r->now_us += 1000;
	p->family = 4;
	p->proto = r->flow.proto;
	p->src = r->flow.addr[dir];
	p->dst = r->flow.addr[!dir];
	p->sport = r->flow.port[dir];
	p->dport = r->flow.port[!dir];
	p->dir = dir;
	p->flow = &r->flow;
	p->flags = IPS_PKT_ESTABLISHED;
	p->l4 = (struct ips_view){header, sizeof(header)};
	if (p->proto == IPPROTO_TCP) {
		p->tcp.flags = IPS_TCP_ACK;
		p->tcp.hlen = sizeof(header);
	}
	if (payload) {
		p->payload = (struct ips_view){(const uint8_t *)payload, (uint32_t)strlen(payload)};
		if (p->proto == IPPROTO_TCP)
			p->flags |= IPS_PKT_STREAM;
	}
	r->flow.pkts[dir]++;
}

static const char *render(struct rig *r, const struct ips_alert *a, unsigned n)
{
	size_t k = 0;

	r->alerts = n;
	r->text[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		bool drop = a[i].decision == IPS_DECIDE_DROP || a[i].decision == IPS_DECIDE_REJECT;

		k += (size_t)snprintf(r->text + k, sizeof(r->text) - k, "%s%u%s%s%s", i ? "," : "",
			a[i].rule->sid, a[i].silent ? "*" : "", drop ? "!" : "",
			a[i].state ? "~" : "");
		assert_true(k < sizeof(r->text));
	}
	return r->text;
}

const char *rig_run(struct rig *r, const struct ips_raw *raw)
{
	const struct ips_alert *a;
	unsigned n = ips_detect_packet(r->d, &r->p, raw, &a);

	return render(r, a, n);
}

const char *rig_packet(
	struct rig *r, enum ips_dir dir, const char *payload, const struct ips_raw *raw)
{
	rig_fill(r, dir, payload);
	return rig_run(r, raw);
}

struct ips_raw rig_raw(const char *all, size_t tail, uint64_t offset)
{
	return (struct ips_raw){
		.data = (const uint8_t *)all,
		.len = (uint32_t)strlen(all),
		.fresh = (uint32_t)(strlen(all) - tail),
		.offset = offset,
		.from_start = offset == 0,
	};
}

/* ---- a made-up protocol ------------------------------------------------------------------ */

static enum ips_buf_state buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	struct rig_tx *t = (struct rig_tx *)tx;

	for (unsigned i = 0; i < t->n; i++) {
		const struct rig_buf *b = &t->b[i];

		if (b->buf != buf || b->dir != dir || b->index != index)
			continue;
		if (b->st == IPS_BUF_PART || b->st == IPS_BUF_FULL)
			*ret = (struct ips_buf_view){
				(const uint8_t *)b->text, (uint32_t)strlen(b->text), 0, false};
		return b->st;
	}
	return tx->complete[dir] || index ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
}

static bool number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	struct rig_tx *t = (struct rig_tx *)tx;

	*ret = t->numbers[num];
	return t->has_number[num] && index == 0;
}

static const struct ips_proto protos[IPS_P_COUNT] = {
	[IPS_P_HTTP1] = {.id = IPS_P_HTTP1, .buffer = buffer, .number = number},
	[IPS_P_HTTP2] = {.id = IPS_P_HTTP2, .buffer = buffer, .number = number},
	[IPS_P_TLS] = {.id = IPS_P_TLS, .buffer = buffer, .number = number},
	[IPS_P_DNS] = {.id = IPS_P_DNS, .buffer = buffer, .number = number},
};

void rig_app(struct rig *r, enum ips_proto_id id)
{
	r->flow.app.id = id;
	r->flow.app.dir_id[0] = r->flow.app.dir_id[1] = id;
	r->flow.app.proto = protos[id].buffer ? &protos[id] : NULL;
}

void rig_tx_add(struct rig *r, struct rig_tx *t)
{
	struct ips_app *a = &r->flow.app;

	memset(t, 0, sizeof(*t));
	t->tx.id = a->tx_made++;
	t->tx.started[0] = t->tx.changed[0] = true;
	if (a->last)
		a->last->next = &t->tx;
	else
		a->first = &t->tx;
	a->last = &t->tx;
	a->tx_now++;
}

static void set(struct rig_tx *t, struct rig_buf b)
{
	unsigned i = 0;

	while (i < t->n &&
		(t->b[i].buf != b.buf || t->b[i].dir != b.dir || t->b[i].index != b.index))
		i++;
	assert_true(i < sizeof(t->b) / sizeof(t->b[0]));
	t->b[i] = b;
	if (i == t->n)
		t->n++;
	t->tx.changed[b.dir] = t->tx.started[b.dir] = true;
}

void rig_set(struct rig_tx *t, enum ips_buf buf, enum ips_dir dir, enum ips_buf_state st,
	const char *text)
{
	set(t, (struct rig_buf){buf, dir, st, text, 0});
}

void rig_set_at(
	struct rig_tx *t, enum ips_buf buf, unsigned index, enum ips_buf_state st, const char *text)
{
	set(t, (struct rig_buf){buf, IPS_TOSERVER, st, text, index});
}

void rig_complete(struct rig_tx *t, enum ips_dir dir)
{
	t->tx.complete[dir] = t->tx.changed[dir] = true;
}
