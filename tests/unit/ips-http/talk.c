/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conversation of talk.h, without the rest of the engine. */
#include "tests/unit/ips-http/talk.h"

#include "lib/util.h"

static void trigger(struct ips_flow *f, enum ips_dir dir, void *arg)
{
	((struct talk *)arg)->triggered[dir]++;
}

void talk_begin(struct talk *t, const struct ips_proto *proto)
{
	*t = (struct talk){.proto = proto, .mem = {.max = 16 << 20}};
	ips_app_config_default(&t->cfg);
	t->flow.id = 1;
	t->flow.port[0] = 40000;
	t->flow.port[1] = 80;
	t->ctx = (struct ips_app_ctx){
		.mem = &t->mem, .cfg = &t->cfg, .flow = &t->flow, .trigger = trigger, .arg = t};
	t->flow.app.id = proto->id;
	t->flow.app.proto = proto;
	assert_true(proto->open(&t->flow.app, &t->ctx));
}

void talk_end(struct talk *t)
{
	t->proto->close(&t->flow.app, &t->mem);
	assert_int_equal(t->mem.used, 0);
	ips_app_ctx_done(&t->ctx);
}

void talk_bytes(struct talk *t, enum ips_dir dir, const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n > 0 && !(t->flow.app.flags & IPS_APP_FAILED)) {
		size_t k = t->cut ? SK_MIN(n, t->cut) : n;
		/* A block of its own, so that reading past its end is noticed. */
		uint8_t *copy = malloc(k);

		assert_non_null(copy);
		memcpy(copy, b, k);
		t->proto->data(&t->flow.app, &t->ctx, dir, copy, (uint32_t)k, false);
		free(copy);
		b += k;
		n -= k;
	}
}

void talk_eof(struct talk *t, enum ips_dir dir)
{
	if (!(t->flow.app.flags & IPS_APP_FAILED))
		t->proto->data(&t->flow.app, &t->ctx, dir, NULL, 0, true);
}

void talk_client(struct talk *t, const char *s)
{
	talk_bytes(t, IPS_TOSERVER, s, strlen(s));
}

void talk_server(struct talk *t, const char *s)
{
	talk_bytes(t, IPS_TOCLIENT, s, strlen(s));
}

void talk_reap(struct talk *t)
{
	for (struct ips_tx *tx = t->flow.app.first; tx; tx = tx->next)
		tx->flags |= IPS_TX_LOGGED | IPS_TX_DONE_TOSERVER | IPS_TX_DONE_TOCLIENT;
	ips_app_reap(&t->flow.app, &t->ctx);
}

struct ips_tx *talk_tx(struct talk *t, unsigned n)
{
	struct ips_tx *tx = t->flow.app.first;

	while (tx && n-- > 0)
		tx = tx->next;
	assert_non_null(tx);
	return tx;
}

enum ips_buf_state talk_get(struct talk *t, unsigned tx, enum ips_buf buf, enum ips_dir dir,
	unsigned index, struct ips_buf_view *ret)
{
	return t->proto->buffer(&t->flow.app, talk_tx(t, tx), buf, dir, index, ret);
}

void talk_is_at(struct talk *t, unsigned tx, enum ips_buf buf, enum ips_dir dir, unsigned index,
	const char *text)
{
	struct ips_buf_view v = {0};

	assert_int_equal(talk_get(t, tx, buf, dir, index, &v), IPS_BUF_FULL);
	if (v.len != strlen(text) || memcmp(v.data, text, v.len) != 0)
		fail_msg("%s is \"%.*s\", not \"%s\"", ips_buf_info(buf)->name, (int)v.len,
			(const char *)v.data, text);
}

void talk_is(struct talk *t, unsigned tx, enum ips_buf buf, enum ips_dir dir, const char *text)
{
	talk_is_at(t, tx, buf, dir, 0, text);
}

void talk_absent(struct talk *t, unsigned tx, enum ips_buf buf, enum ips_dir dir)
{
	struct ips_buf_view v;

	assert_int_equal(talk_get(t, tx, buf, dir, 0, &v), IPS_BUF_ABSENT);
}

void talk_waits(struct talk *t, unsigned tx, enum ips_buf buf, enum ips_dir dir)
{
	struct ips_buf_view v;

	assert_int_equal(talk_get(t, tx, buf, dir, 0, &v), IPS_BUF_WAIT);
}

bool talk_event(struct talk *t, unsigned tx, const char *name)
{
	const struct ips_tx *x = talk_tx(t, tx);

	for (unsigned i = 0; t->proto->events[i]; i++)
		if (strcmp(t->proto->events[i], name) == 0)
			return x->events[i / 64] >> (i % 64) & 1;
	fail_msg("no event %s", name);
	return false;
}

uint64_t talk_events(struct talk *t, unsigned tx)
{
	const struct ips_tx *x = talk_tx(t, tx);

	return (uint64_t)(__builtin_popcountll(x->events[0]) + __builtin_popcountll(x->events[1]));
}
