/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold for any input: every view can be read; what was called final stays as it was, what
 * may grow keeps its beginning; memory stays below its limit and all comes back.
 */
#include "tests/fuzz/ips_app_drive.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ips/flow/flow.h"
#include "lib/util.h"

#define INSTANCES 4

struct seen {
	enum ips_buf_state state;
	uint32_t len, hash;
};

struct run {
	const struct ips_proto *proto;
	struct ips_flow flow;
	struct ips_app_config cfg;
	struct ips_mem mem;
	struct ips_app_ctx ctx;
	uint64_t tx; /* whose answers are remembered */
	struct seen seen[IPS_BUF_COUNT][2][INSTANCES];
};

static uint32_t hash(const uint8_t *p, uint32_t n)
{
	uint32_t h = 2166136261u;

	while (n-- > 0)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static bool agrees(const struct seen *was, enum ips_buf_state state, const struct ips_buf_view *v)
{
	bool any = state == IPS_BUF_PART || state == IPS_BUF_FULL;

	if (was->state == IPS_BUF_WAIT)
		return true;
	if (was->state == IPS_BUF_ABSENT)
		return state == IPS_BUF_ABSENT;
	if (was->state == IPS_BUF_FULL && (state != IPS_BUF_FULL || v->len != was->len))
		return false;
	return any && v->len >= was->len && hash(v->data, was->len) == was->hash;
}

static void compare(struct run *r, enum ips_buf buf, enum ips_dir dir, unsigned i,
	enum ips_buf_state state, const struct ips_buf_view *v)
{
	struct seen *was = &r->seen[buf][dir][i];
	bool any = state == IPS_BUF_PART || state == IPS_BUF_FULL;

	if (!agrees(was, state, v)) {
		fprintf(stderr, "%s %s %u: was %d (%u bytes), is %d: %.*s\n",
			ips_buf_info(buf)->name, dir == IPS_TOSERVER ? "to server" : "to client", i,
			was->state, was->len, state, (int)v->len, (const char *)v->data);
		abort();
	}
	was->state = state;
	was->len = any ? v->len : 0;
	was->hash = any ? hash(v->data, v->len) : 0;
}

static void look_at(struct run *r, struct ips_tx *tx, enum ips_buf buf, enum ips_dir dir)
{
	for (unsigned i = 0; i < INSTANCES; i++) {
		struct ips_buf_view v = {0};
		enum ips_buf_state state = r->proto->buffer(&r->flow.app, tx, buf, dir, i, &v);

		assert(v.data || v.len == 0);
		assert(hash(v.data, v.len) != 1 || v.len < UINT32_MAX);
		assert(state != IPS_BUF_WAIT || !tx->complete[dir]);
		if (tx->id == r->tx)
			compare(r, buf, dir, i, state, &v);
	}
}

static void look(struct run *r)
{
	for (struct ips_tx *tx = r->flow.app.first; tx; tx = tx->next) {
		if (tx->id > r->tx && tx == r->flow.app.first) {
			r->tx = tx->id;
			memset(r->seen, 0, sizeof(r->seen));
		}
		for (int b = 1; b < IPS_BUF_COUNT; b++) {
			const struct ips_buf_info *info = ips_buf_info((enum ips_buf)b);

			if (!(info->protos >> r->proto->id & 1))
				continue;
			if (info->flags & IPS_BUF_TOSERVER)
				look_at(r, tx, (enum ips_buf)b, IPS_TOSERVER);
			if (info->flags & IPS_BUF_TOCLIENT)
				look_at(r, tx, (enum ips_buf)b, IPS_TOCLIENT);
		}
		for (int n = 0; n < IPS_NUM_COUNT; n++) {
			uint64_t v;

			if (r->proto->number)
				r->proto->number(
					&r->flow.app, tx, (enum ips_num)n, IPS_TOSERVER, 0, &v);
		}
	}
	assert(r->mem.used <= r->mem.max);
}

static void write_log(struct run *r, struct ips_tx *tx)
{
	struct sk_buf b;
	struct ips_json j;

	sk_buf_init(&b, 16u << 20);
	ips_json_init(&j, &b);
	ips_json_open(&j, NULL);
	if (r->proto->log)
		r->proto->log(&r->flow.app, tx, &j);
	ips_json_close(&j);
	assert(sk_buf_error(&b) == 0);
	sk_buf_done(&b);
}

static void reap(struct run *r)
{
	for (struct ips_tx *tx = r->flow.app.first; tx; tx = tx->next)
		if (tx->complete[IPS_TOSERVER] && tx->complete[IPS_TOCLIENT]) {
			write_log(r, tx);
			tx->flags |= IPS_TX_LOGGED | IPS_TX_DONE_TOSERVER | IPS_TX_DONE_TOCLIENT;
		}
	ips_app_reap(&r->flow.app, &r->ctx);
}

static void piece(struct run *r, uint8_t control, const uint8_t *p, size_t n)
{
	enum ips_dir dir = control & 1 ? IPS_TOCLIENT : IPS_TOSERVER;
	/* A block of its own, so that reading past its end is noticed. */
	uint8_t *copy = n ? malloc(n) : NULL;

	if (copy)
		memcpy(copy, p, n);
	if (n || (control & 2))
		r->proto->data(&r->flow.app, &r->ctx, dir, control & 4 ? NULL : copy, (uint32_t)n,
			control & 2);
	free(copy);
	look(r);
	if (control & 8)
		reap(r);
}

static void expect(const struct ips_app_expect *e, void *arg)
{
	assert(e->port && e->id != IPS_P_UNKNOWN);
}

void drive(const struct ips_proto *proto, uint64_t mem_max, const uint8_t *data, size_t size)
{
	struct run *r = calloc(1, sizeof(*r));
	bool ended[2] = {false, false};

	assert(r);
	r->proto = proto;
	r->mem.max = mem_max;
	ips_app_config_default(&r->cfg);
	r->flow.id = 1;
	r->flow.port[1] = 80;
	r->flow.app.id = proto->id;
	r->flow.app.proto = proto;
	r->ctx = (struct ips_app_ctx){
		.mem = &r->mem, .cfg = &r->cfg, .flow = &r->flow, .expect = expect};
	assert(proto->open(&r->flow.app, &r->ctx));
	while (size >= 3 && !(r->flow.app.flags & (IPS_APP_FAILED | IPS_APP_CHANGED))) {
		size_t n = data[1] | (size_t)data[2] << 8;
		uint8_t control = data[0];

		data += 3;
		size -= 3;
		n = SK_MIN(n, size);
		if (!ended[control & 1])
			piece(r, control, data, n);
		ended[control & 1] |= control & 2;
		data += n;
		size -= n;
	}
	reap(r);
	proto->close(&r->flow.app, &r->mem);
	assert(r->mem.used == 0);
	ips_app_ctx_done(&r->ctx);
	free(r);
}
