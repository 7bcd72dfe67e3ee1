/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions on transactions: numbers, events, file names, DCERPC interfaces; and what a rule does
 * once it matched. A condition may be open until the transaction is complete.
 */
#include <string.h>

#include "ips/detect/conds.h"
#include "ips/detect/inspect_int.h"
#include "ips/detect/search.h"
#include "ips/proto/recognise.h"
#include "lib/cursor.h"

#define INSTANCES_MAX 1024 /* of a number or name in one transaction */

bool ips_cond_of_tx(const struct ips_opt *o)
{
	return o->kind == IPS_O_NUMBER || o->kind == IPS_O_APP_EVENT || o->kind == IPS_O_FILENAME ||
		o->kind == IPS_O_DCE_IFACE || o->kind == IPS_O_FTPBOUNCE;
}

bool ips_cond_flow_event(const struct ips_opt *o)
{
	return o->kind == IPS_O_APP_EVENT && o->app.event >= IPS_AE_MISMATCH_BOTH_DIRECTIONS;
}

static bool event_in(const uint64_t *set, int event)
{
	return event >= 0 && event < IPS_APP_EVENTS && set[event / 64] >> (event % 64) & 1;
}

bool ips_flow_event(const struct ips_opt *o, const struct ips_flow *f)
{
	return f && event_in(f->app.events, o->app.event) != o->negated;
}

/* Nothing found: it may still come as long as the transaction goes on. */
static enum ips_tri still_open(const struct ips_inspect_env *env)
{
	return env->tx->complete[env->dir] ? IPS_TRI_NO : IPS_TRI_WAIT;
}

static bool number_is(const struct ips_opt *o, const struct ips_num_cmp *c, uint64_t v)
{
	/* Sets of bits: any of those named. */
	if ((o->number.id == IPS_NUM_TLS_STATE || o->number.id == IPS_NUM_MODBUS_ACCESS) &&
		c->op == IPS_EQ)
		return (v & c->a) != 0;
	return ips_cmp_u64(c, v);
}

static bool number_matches(const struct ips_opt *o, uint64_t v, uint64_t now_us)
{
	struct ips_num_cmp c = {o->number.cmp.op, now_us / 1000000, 0};
	bool any = number_is(o, o->number.now ? &c : &o->number.cmp, v);

	for (uint32_t i = 0; i < o->number.more_n && !any; i++)
		any = number_is(o, &o->number.more[i], v);
	return any;
}

static enum ips_tri number(const struct ips_opt *o, struct ips_inspect_env *env)
{
	struct ips_app *a = &env->flow->app;
	bool any = false;
	uint64_t v;
	unsigned i;

	if (!a->proto->number)
		return IPS_TRI_NO;
	for (i = 0; i < INSTANCES_MAX && !any; i++) {
		if (!a->proto->number(a, env->tx, o->number.id, env->dir, i, &v))
			break;
		any = number_matches(o, v, env->now_us);
	}
	if (i == 0)
		return still_open(env);
	if (any != o->negated)
		return IPS_TRI_YES;
	return still_open(env);
}

static enum ips_tri app_event(const struct ips_opt *o, struct ips_inspect_env *env)
{
	const struct ips_app *a = &env->flow->app;
	bool there;

	if (ips_cond_flow_event(o))
		return ips_flow_event(o, env->flow) ? IPS_TRI_YES : IPS_TRI_NO;
	if (o->app.id != IPS_P_UNKNOWN && o->app.id != a->proto->id)
		return IPS_TRI_NO;
	there = event_in(env->tx->events, o->app.event);
	return there != o->negated ? IPS_TRI_YES : still_open(env);
}

/* filename: anywhere in the name, whatever the case; fileext: what follows the last dot. */
static bool name_matches(const struct ips_opt *o, const struct ips_buf_view *v)
{
	struct ips_content c = {.data = (const uint8_t *)o->text.str, .nocase = true};

	if (o->text.len > UINT16_MAX || !v->data)
		return false;
	c.len = (uint16_t)o->text.len;
	if (o->text.what != 'e')
		return ips_search(&c, v->data, v->len);
	return v->len > c.len && v->data[v->len - c.len - 1] == '.' &&
		ips_search_at(&c, v->data + v->len - c.len);
}

static enum ips_tri file_name(const struct ips_opt *o, struct ips_inspect_env *env)
{
	struct ips_app *a = &env->flow->app;
	struct ips_buf_view v;
	bool any = false;
	unsigned i;

	if (!a->proto->buffer)
		return IPS_TRI_NO;
	for (i = 0; i < INSTANCES_MAX && !any; i++) {
		enum ips_buf_state st =
			a->proto->buffer(a, env->tx, IPS_BUF_FILE_NAME, env->dir, i, &v);

		if (st == IPS_BUF_ABSENT)
			break;
		if (st == IPS_BUF_WAIT)
			return IPS_TRI_WAIT;
		any = name_matches(o, &v);
	}
	if (i && any != o->negated)
		return IPS_TRI_YES;
	return still_open(env);
}

/* Instances of IPS_BUF_DCE_IFACE_ROW: see buffer_list.def. */
static enum ips_tri dce_iface(const struct ips_opt *o, struct ips_inspect_env *env)
{
	struct ips_app *a = &env->flow->app;
	struct ips_buf_view v;
	struct sk_cursor c;

	if (!a->proto->buffer)
		return IPS_TRI_NO;
	for (unsigned i = 0; i < INSTANCES_MAX; i++) {
		enum ips_buf_state st =
			a->proto->buffer(a, env->tx, IPS_BUF_DCE_IFACE_ROW, env->dir, i, &v);
		const uint8_t *uuid;
		uint16_t version;
		uint8_t later;

		if (st == IPS_BUF_ABSENT)
			break;
		if (st == IPS_BUF_WAIT)
			return IPS_TRI_WAIT;
		sk_cur_init(&c, v.data, v.len);
		uuid = sk_cur_take(&c, 16);
		version = sk_cur_be16(&c);
		later = sk_cur_u8(&c);
		if (!uuid || !sk_cur_ok(&c) || memcmp(uuid, o->iface.uuid, 16) != 0)
			continue;
		if (later && !o->iface.any_frag)
			continue;
		if (ips_cmp_u64(&o->iface.version, version))
			return o->negated ? IPS_TRI_NO : IPS_TRI_YES;
	}
	return o->negated && env->tx->complete[env->dir] ? IPS_TRI_YES : still_open(env);
}

/*
 * PORT that names another host than the client (CVE-1999-0017). Only the four numbers of the
 * address are read, whatever follows.
 */
static enum ips_tri ftp_bounce(const struct ips_inspect_env *env)
{
	struct ips_app *a = &env->flow->app;
	uint8_t client[4], named[4] = {0};
	unsigned octet = 0, v = 0, digits = 0;
	struct ips_buf_view arg;

	if (env->flow->family != 4 || !a->proto->buffer ||
		a->proto->buffer(a, env->tx, IPS_BUF_FTP_PORT_ROW, IPS_TOSERVER, 0, &arg) !=
			IPS_BUF_FULL)
		return IPS_TRI_NO;
	for (uint32_t i = 0; i <= arg.len && octet < 4; i++) {
		uint8_t b = i < arg.len ? arg.data[i] : ',';

		if (b >= '0' && b <= '9' && digits++ < 3) {
			v = v * 10 + (b - '0');
			continue;
		}
		if (b != ',' || !digits || v > 255)
			return IPS_TRI_NO;
		named[octet++] = (uint8_t)v;
		v = digits = 0;
	}
	memcpy(client, &env->flow->addr[0].w[0], sizeof(client));
	return octet == 4 && memcmp(named, client, 4) != 0 ? IPS_TRI_YES : IPS_TRI_NO;
}

enum ips_tri ips_inspect_tx_conds(
	struct ips_inspect *in, const struct ips_rule *r, struct ips_inspect_env *env)
{
	enum ips_tri all = IPS_TRI_YES, one;

	for (uint32_t i = 0; i < r->conds_n; i++) {
		const struct ips_opt *o = &r->conds[i];

		if (!ips_cond_of_tx(o))
			continue;
		if (!env->tx || !env->flow || !env->flow->app.proto)
			return IPS_TRI_NO;
		switch (o->kind) {
		case IPS_O_NUMBER: one = number(o, env); break;
		case IPS_O_APP_EVENT: one = app_event(o, env); break;
		case IPS_O_FILENAME: one = file_name(o, env); break;
		case IPS_O_FTPBOUNCE: one = ftp_bounce(env); break;
		default: one = dce_iface(o, env); break;
		}
		if (one == IPS_TRI_NO)
			return IPS_TRI_NO;
		if (one == IPS_TRI_WAIT)
			all = IPS_TRI_WAIT;
	}
	return all;
}

static void set_flowbits(const struct ips_bits *b, struct ips_inspect_env *env)
{
	for (uint32_t i = 0; i < b->n; i++) {
		bool on = b->cmd == IPS_BIT_SET ||
			(b->cmd == IPS_BIT_TOGGLE && !ips_flowbit_get(env->flow, b->ids[i]));

		ips_flowbit_set(env->pool, env->flow, b->ids[i], on);
	}
}

/* '=' and '+' make what does not exist, '-' does not. */
static void set_flowint(const struct ips_opt *o, struct ips_inspect_env *env)
{
	uint32_t v = 0, w = o->flowint.value;
	bool set = ips_flowint_get(env->flow, o->flowint.id, &v);

	if (o->flowint.other) {
		w = 0;
		ips_flowint_get(env->flow, o->flowint.other_id, &w);
	}
	if (o->flowint.op == '=')
		ips_flowint_put(env->pool, env->flow, o->flowint.id, w);
	else if (o->flowint.op == '+')
		ips_flowint_put(env->pool, env->flow, o->flowint.id, v + w);
	else if (set && o->flowint.op == '-')
		ips_flowint_put(env->pool, env->flow, o->flowint.id, v - w);
}

void ips_inspect_actions(const struct ips_rule *r, struct ips_inspect_env *env)
{
	for (uint32_t i = 0; i < r->actions_n; i++) {
		const struct ips_opt *o = &r->actions[i];

		switch (o->kind) {
		case IPS_O_FLOWBITS:
			if (env->flow)
				set_flowbits(&o->bits, env);
			break;
		case IPS_O_FLOWINT:
			if (env->flow)
				set_flowint(o, env);
			break;
		case IPS_O_XBITS:
		case IPS_O_HOSTBITS:
			if (env->state)
				ips_bits_act(env->state, &o->bits, env->p, env->now_us);
			break;
		case IPS_O_BYPASS:
			if (env->flow)
				env->flow->flags |= IPS_FLOW_BYPASS;
			break;
		default: break; /* tag asks for a capture of what follows: the caller's */
		}
	}
}
