/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DCE/RPC over TCP: an association a connection, a transaction a call. */
#include "ips/proto/dcerpc.h"

#include <netinet/in.h>
#include <string.h>

#include "ips/flow/flow.h"
#include "ips/proto/protos.h"
#include "lib/util.h"

static const char *const events[] = {"pdu_bad", "too_many_interfaces", NULL};

struct rpc_tx {
	struct ips_tx tx;
	struct dce_call call;
};

struct rpc_state {
	struct dce_assoc assoc;
	struct ips_app *app; /* during data() */
	struct ips_app_ctx *ctx;
};

static bool rpc_open(struct ips_app *a, struct ips_app_ctx *c)
{
	struct rpc_state *s = ips_mem_alloc(c->mem, sizeof(*s));

	if (s)
		s->assoc.hints = true;
	a->state = s;
	return s;
}

static void rpc_tx_free(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m)
{
	dce_call_done(&((struct rpc_tx *)tx)->call, m);
	ips_mem_free(m, tx, sizeof(struct rpc_tx));
}

static void rpc_close(struct ips_app *a, struct ips_mem *m)
{
	struct rpc_state *s = a->state;

	for (struct ips_tx *tx = a->first, *next; tx; tx = next) {
		next = tx->next;
		rpc_tx_free(a, tx, m);
	}
	if (s)
		dce_done(&s->assoc, m);
	ips_mem_free(m, s, sizeof(*s));
}

static struct dce_call *on_call(uint32_t id, enum ips_dir dir, bool first, void *arg)
{
	struct rpc_state *s = arg;
	struct rpc_tx *t;

	for (struct ips_tx *tx = s->app->first; tx; tx = tx->next) {
		t = (struct rpc_tx *)tx;
		if (t->call.id == id && !tx->complete[dir]) {
			tx->changed[dir] = true;
			return &t->call;
		}
	}
	t = ips_mem_alloc(s->ctx->mem, sizeof(*t));
	if (!t)
		return NULL;
	dce_call_init(&t->call, s->ctx->cfg);
	t->call.id = id;
	ips_app_tx_add(s->app, &t->tx);
	t->tx.started[dir] = t->tx.changed[dir] = true;
	if (dir == IPS_TOCLIENT) {
		t->tx.complete[IPS_TOSERVER] = true;
		t->tx.flags |= IPS_TX_SKIP_TOSERVER;
	}
	return &t->call;
}

static struct rpc_tx *tx_of(struct dce_call *c)
{
	return (struct rpc_tx *)((char *)c - offsetof(struct rpc_tx, call));
}

static void on_done(struct dce_call *c, enum ips_dir dir, void *arg)
{
	struct rpc_state *s = arg;
	struct ips_tx *tx = &tx_of(c)->tx;

	tx->complete[dir] = tx->changed[dir] = tx->started[dir] = true;
	if (s->ctx->trigger)
		s->ctx->trigger(s->ctx->flow, dir, s->ctx->arg);
}

static void on_event(enum dce_event e, void *arg)
{
	struct rpc_state *s = arg;

	ips_tx_event(s->app, NULL, e);
}

static void rpc_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct rpc_state *s = a->state;
	struct dce_ops ops = {.call = on_call, .done = on_done, .event = on_event, .arg = s};

	s->app = a;
	s->ctx = c;
	if (data && len)
		dce_feed(&s->assoc, c->mem, dir, data, len, &ops);
	else if (len)
		s->assoc.lost[dir] = true;
	if (!eof)
		return;
	for (struct ips_tx *tx = a->first; tx; tx = tx->next)
		tx->complete[dir] = tx->changed[dir] = true;
}

static enum ips_buf_state rpc_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	return dce_buffer(&((struct rpc_tx *)tx)->call, buf, dir, index, tx->complete[dir], ret);
}

static bool rpc_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	return index == 0 && dce_number(&((struct rpc_tx *)tx)->call, num, ret);
}

static void rpc_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j)
{
	dce_log(&((struct rpc_tx *)tx)->call, j);
}

const struct ips_proto ips_dcerpc_proto = {
	.id = IPS_P_DCERPC,
	.open = rpc_open,
	.close = rpc_close,
	.data = rpc_data,
	.tx_free = rpc_tx_free,
	.buffer = rpc_buffer,
	.number = rpc_number,
	.log = rpc_log,
	.log_when_complete = true,
	.events = events,
};

static enum ips_probe probe(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	if ((len > 0 && p[0] != 5) || (len > 1 && p[1] != 0))
		return IPS_PROBE_NO;
	if (len < DCE_HEADER)
		return IPS_PROBE_MORE;
	return dce_looks_like(p) ? IPS_PROBE_YES : IPS_PROBE_NO;
}

const struct ips_probe_row ips_dcerpc_probes[] = {
	{IPS_P_DCERPC, IPPROTO_TCP, IPS_BUF_BOTH, {135}, probe},
	{0},
};
