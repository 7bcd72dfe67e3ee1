/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule while it is being read: options stand in scratch memory in the order they came, know
 * their list, and are copied into the rule at its end. Refused rules leave nothing behind.
 */
#include "ips/rules/build.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lib/util.h"

void ips_why(struct ips_build *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->why, sizeof(b->why), fmt, ap);
	va_end(ap);
}

struct ips_build *ips_build_new(struct ips_rules *r)
{
	struct ips_build *b = calloc(1, sizeof(*b));

	if (b)
		b->r = r;
	return b;
}

void ips_build_free(struct ips_build *b)
{
	if (!b)
		return;
	ips_build_drop(b);
	free(b->opts);
	free(b->pairs[0]);
	free(b->pairs[1]);
	free(b);
}

void ips_build_start(struct ips_build *b)
{
	size_t head = offsetof(struct ips_build, seq);
	struct ips_rule_ref *pairs[2] = {b->pairs[0], b->pairs[1]};
	size_t cap[2] = {b->pairs_cap[0], b->pairs_cap[1]};

	/* The transforms are only read up to their number, and they are large. */
	memset((char *)b + head, 0, offsetof(struct ips_build, transforms) - head);
	head = offsetof(struct ips_build, transforms_n);
	memset((char *)b + head, 0, sizeof(*b) - head);
	for (int i = 0; i < 2; i++) {
		b->pairs[i] = pairs[i];
		b->pairs_cap[i] = cap[i];
	}
	b->n = 0;
	b->rule = NULL;
	b->list = IPS_LIST_PAYLOAD;
	b->apps = UINT64_MAX;
}

void ips_build_drop(struct ips_build *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->opts[i].o.kind == IPS_O_PCRE)
			pcre2_code_free(b->opts[i].o.pcre.code);
	for (uint32_t l = 0; l < b->lists_n; l++)
		for (uint32_t t = 0; t < b->lists[l].transforms_n; t++)
			pcre2_code_free(b->lists[l].transforms[t].code);
	if (b->list == IPS_LIST_PENDING)
		for (uint32_t t = 0; t < b->transforms_n; t++)
			pcre2_code_free(b->transforms[t].code);
	b->n = b->lists_n = b->transforms_n = 0;
}

static bool same_transforms(
	const struct ips_build_list *l, const struct ips_transform *t, uint32_t n)
{
	if (l->transforms_n != n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct ips_transform *x = &l->transforms[i];

		if (x->kind != t[i].kind || x->code || t[i].code || x->key_len != t[i].key_len ||
			memcmp(x->key, t[i].key, x->key_len) != 0)
			return false;
	}
	return true;
}

static int list_new(struct ips_build *b, enum ips_buf buf, int *ret)
{
	struct ips_build_list *l = &b->lists[b->lists_n];

	if (b->lists_n >= IPS_BUILD_LISTS)
		return ips_refuse(b, "more than %d buffers", IPS_BUILD_LISTS);
	memset(l, 0, sizeof(*l));
	l->buf = buf;
	l->base64 = -1;
	*ret = (int)b->lists_n++;
	return 0;
}

static int list_find(const struct ips_build *b, enum ips_buf buf)
{
	for (uint32_t i = 0; i < b->lists_n; i++)
		if (b->lists[i].buf == buf && b->lists[i].transforms_n == 0 && !b->lists[i].own &&
			b->lists[i].base64 < 0)
			return (int)i;
	return -1;
}

/* The pending sticky buffer becomes a list: an earlier one of the same kind where that is one. */
static int list_settle(struct ips_build *b)
{
	bool multi = ips_buf_info(b->pending)->flags & IPS_BUF_MULTI;
	struct ips_build_list *l;
	int at = 0, e;

	for (uint32_t i = 0; i < b->lists_n; i++) {
		l = &b->lists[i];
		if (multi && !l->moved_in)
			continue;
		if (l->buf == b->pending && l->base64 < 0 && !l->own &&
			same_transforms(l, b->transforms, b->transforms_n)) {
			b->transforms_n = 0;
			l->moved_in = false;
			l->to_client |= b->pending_to_client;
			b->list = (int)i;
			return 0;
		}
	}
	e = list_new(b, b->pending, &at);
	if (e < 0)
		return e;
	l = &b->lists[at];
	l->to_client = b->pending_to_client;
	if (b->transforms_n > 0) {
		size_t size = b->transforms_n * sizeof(*l->transforms);

		l->transforms = ips_arena_get(&b->r->mem, size);
		if (!l->transforms)
			return -ENOMEM;
		memcpy(l->transforms, b->transforms, size);
		l->transforms_n = b->transforms_n;
		b->transforms_n = 0;
	}
	b->list = at;
	return 0;
}

int ips_build_current(struct ips_build *b, int *ret_list)
{
	int e = 0;

	if (b->list == IPS_LIST_PENDING)
		e = list_settle(b);
	if (e < 0)
		return e;
	if (b->list != IPS_LIST_PAYLOAD) {
		*ret_list = b->list;
		return 0;
	}
	*ret_list = list_find(b, IPS_BUF_PAYLOAD);
	return *ret_list >= 0 ? 0 : list_new(b, IPS_BUF_PAYLOAD, ret_list);
}

bool ips_build_idle(const struct ips_build *b)
{
	bool multi = ips_buf_info(b->pending)->flags & IPS_BUF_MULTI;

	if (b->list != IPS_LIST_PENDING)
		return false;
	return multi || b->transforms_n > 0 || list_find(b, b->pending) < 0;
}

int ips_build_sticky(struct ips_build *b, int list, enum ips_buf buf)
{
	if (b->list >= 0 && b->lists[b->list].base64 >= 0)
		return ips_refuse(b, "the buffer cannot change after base64_data");
	if (ips_build_idle(b))
		return ips_refuse(b, "buffer %s before it has nothing to match",
			ips_buf_info(b->pending)->name);
	b->list = list;
	b->pending = buf;
	b->pending_to_client = false;
	b->transforms_n = 0;
	return 0;
}

int ips_build_base64(struct ips_build *b, const struct ips_build_opt *o)
{
	int list = 0, e = list_new(b, b->lists[o->list].buf, &list);

	if (e < 0)
		return e;
	b->lists[list].base64 = (int)o->seq;
	b->list = list;
	return 0;
}

int ips_build_leave(struct ips_build *b, enum ips_buf buf)
{
	if (b->list == IPS_LIST_PAYLOAD || (b->list == IPS_LIST_PENDING && b->pending == buf) ||
		(b->list >= 0 && b->lists[b->list].buf == buf))
		return 0;
	return ips_build_sticky(b, IPS_LIST_PAYLOAD, IPS_BUF_PAYLOAD);
}

static struct ips_build_opt *push(
	struct ips_build *b, enum ips_opt_kind kind, enum ips_place place, int *ret_err)
{
	struct ips_build_opt *o;

	*ret_err = 0;
	if (b->n >= IPS_BUILD_OPTS)
		*ret_err = ips_refuse(b, "more than %d options", IPS_BUILD_OPTS);
	else if (sk_grow(&b->opts, &b->cap, b->n + 1, sizeof(*b->opts)) < 0)
		*ret_err = -ENOMEM;
	if (*ret_err < 0)
		return NULL;
	o = &b->opts[b->n++];
	memset(o, 0, sizeof(*o));
	o->o.kind = kind;
	o->place = place;
	o->seq = b->seq++;
	return o;
}

static struct ips_opt *push_in(struct ips_build *b, enum ips_opt_kind kind, int list, int *ret_err)
{
	struct ips_build_opt *o = push(b, kind, IPS_IN_LIST, ret_err);

	if (!o)
		return NULL;
	o->list = list;
	b->lists[list].opts++;
	return &o->o;
}

struct ips_opt *ips_build_opt(struct ips_build *b, enum ips_opt_kind kind, int *ret_err)
{
	int list = 0;

	*ret_err = ips_build_current(b, &list);
	return *ret_err < 0 ? NULL : push_in(b, kind, list, ret_err);
}

struct ips_opt *ips_build_own(
	struct ips_build *b, enum ips_buf buf, enum ips_opt_kind kind, int *ret_err)
{
	int list = 0;

	*ret_err = ips_build_leave(b, IPS_BUF_PAYLOAD);
	if (*ret_err == 0)
		*ret_err = list_new(b, buf, &list);
	if (*ret_err < 0)
		return NULL;
	b->lists[list].own = true;
	return push_in(b, kind, list, ret_err);
}

struct ips_opt *ips_build_cond(struct ips_build *b, enum ips_opt_kind kind, int *ret_err)
{
	struct ips_build_opt *o = push(b, kind, IPS_IN_CONDS, ret_err);

	return o ? &o->o : NULL;
}

struct ips_opt *ips_build_action(struct ips_build *b, enum ips_opt_kind kind, int *ret_err)
{
	struct ips_build_opt *o = push(b, kind, IPS_IN_ACTIONS, ret_err);

	return o ? &o->o : NULL;
}

struct ips_build_opt *ips_build_last(struct ips_build *b, uint64_t kinds)
{
	struct ips_build_opt *best = NULL;
	int list = b->list;

	if (list == IPS_LIST_PENDING) /* Nothing can be in it yet. */
		return NULL;
	for (size_t i = 0; i < b->n; i++) {
		struct ips_build_opt *o = &b->opts[i];

		if (o->place != IPS_IN_LIST || !(kinds >> o->o.kind & 1) || b->lists[o->list].own)
			continue;
		/* Without a sticky buffer modifiers find the newest content of any list. */
		if (list >= 0 && o->list != list)
			continue;
		if (!best || o->seq > best->seq)
			best = o;
	}
	return best;
}

int ips_build_move(struct ips_build *b, struct ips_build_opt *o, enum ips_buf buf)
{
	int to = list_find(b, buf), e;

	if (to < 0) {
		e = list_new(b, buf, &to);
		if (e < 0)
			return e;
		b->lists[to].moved_in = true;
	}
	b->lists[o->list].opts--;
	b->lists[to].opts++;
	o->list = to;
	o->seq = b->seq++;
	return 0;
}

int ips_build_app(struct ips_build *b, uint64_t protos)
{
	char now[64] = "";

	if (b->apps & protos) {
		b->app_stated |= protos != UINT64_MAX;
		b->apps &= protos;
		return 0;
	}
	for (int id = 0; id < IPS_P_COUNT; id++)
		if (b->apps >> id & 1) {
			snprintf(now, sizeof(now), "%s", ips_proto_info(id)->name);
			break;
		}
	return ips_refuse(b, "not for a rule about %s", now);
}

const char *ips_build_str(struct ips_build *b, struct ips_text t)
{
	return ips_strings_get(&b->r->strings, t.p, t.n);
}

static int var_slot(const struct ips_build *b, struct ips_text name)
{
	for (uint32_t i = 0; i < b->vars_n; i++)
		if (ips_text_eq(name, b->vars[i]))
			return (int)i;
	return -1;
}

int ips_build_var_new(struct ips_build *b, struct ips_text name, int16_t *ret)
{
	bool good = name.n > 0 && !(name.p[0] >= '0' && name.p[0] <= '9');

	for (size_t i = 0; i < name.n; i++)
		good = good && (isalnum((unsigned char)name.p[i]) || name.p[i] == '_');
	if (!good)
		return ips_refuse(b, "'%.*s' is not a variable's name", IPS_T(name));
	/* Set again: what follows sees the later value. */
	*ret = (int16_t)var_slot(b, name);
	if (*ret >= 0)
		return 0;
	if (b->vars_n >= IPS_VAR_SLOTS)
		return ips_refuse(b, "more than %d variables", IPS_VAR_SLOTS);
	b->vars[b->vars_n] = ips_build_str(b, name);
	if (!b->vars[b->vars_n])
		return -ENOMEM;
	*ret = (int16_t)b->vars_n++;
	return 0;
}

int ips_build_var(
	struct ips_build *b, struct ips_text t, int64_t min, int64_t max, struct ips_var *ret)
{
	int slot;

	ret->slot = -1;
	if (t.n > 0 && ((t.p[0] >= '0' && t.p[0] <= '9') || t.p[0] == '-' || t.p[0] == '+')) {
		if (ips_text_i64(t, min, max, &ret->value))
			return 0;
		return ips_refuse(b, "%.*s is not a number from %lld to %lld", IPS_T(t),
			(long long)min, (long long)max);
	}
	slot = var_slot(b, t);
	if (slot < 0)
		return ips_refuse(
			b, "'%.*s' is neither a number nor a variable set before", IPS_T(t));
	ret->slot = (int16_t)slot;
	ret->value = 0;
	return 0;
}

static int by_seq(const void *a, const void *b)
{
	const struct ips_build_opt *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static struct ips_opt *copy_opts(
	struct ips_build *b, enum ips_place place, int list, uint32_t *ret_n)
{
	uint32_t n = 0;
	struct ips_opt *to;

	for (size_t i = 0; i < b->n; i++)
		n += b->opts[i].place == place && (list < 0 || b->opts[i].list == list);
	*ret_n = n;
	if (n == 0)
		return NULL;
	to = ips_arena_get(&b->r->mem, n * sizeof(*to));
	if (!to)
		return NULL;
	n = 0;
	for (size_t i = 0; i < b->n; i++) {
		if (b->opts[i].place != place || (list >= 0 && b->opts[i].list != list))
			continue;
		to[n] = b->opts[i].o;
		if (to[n].kind == IPS_O_PCRE)
			b->r->pcres[b->r->pcres_n++] = &to[n].pcre;
		n++;
	}
	return to;
}

static int copy_list(struct ips_build *b, uint32_t from, struct ips_match_list *to)
{
	const struct ips_build_list *l = &b->lists[from];
	const struct ips_flow_opt *f = &b->rule->flow;
	unsigned dirs = ips_buf_info(l->buf)->flags & IPS_BUF_BOTH;

	to->buf = l->buf;
	to->transforms = l->transforms;
	to->transforms_n = l->transforms_n;
	if (f->to_server || dirs == IPS_BUF_TOSERVER)
		to->dir = IPS_TOSERVER;
	else if (f->to_client || dirs == IPS_BUF_TOCLIENT)
		to->dir = IPS_TOCLIENT;
	else
		to->dir_both = true;
	for (uint32_t t = 0; t < l->transforms_n; t++)
		if (l->transforms[t].code)
			b->r->codes[b->r->codes_n++] = l->transforms[t].code;
	to->opts = copy_opts(b, IPS_IN_LIST, (int)from, &to->n);
	return to->opts ? 0 : -ENOMEM;
}

/* Room for every regular expression, so that handing them over cannot fail half-way. */
static int reserve_codes(struct ips_build *b)
{
	struct ips_rules *r = b->r;
	size_t pcres = 0, codes = 0;

	for (size_t i = 0; i < b->n; i++)
		pcres += b->opts[i].o.kind == IPS_O_PCRE;
	for (uint32_t l = 0; l < b->lists_n; l++)
		codes += b->lists[l].transforms_n;
	if (sk_grow(&r->pcres, &r->pcres_cap, r->pcres_n + pcres, sizeof(struct ips_pcre *)) < 0 ||
		sk_grow(&r->codes, &r->codes_cap, r->codes_n + codes, sizeof(void *)) < 0)
		return -ENOMEM;
	return 0;
}

/* base64_data's list goes below the base64_decode it belongs to. */
static int copy_base64(struct ips_build *b, uint32_t from)
{
	struct ips_match_list *sub = ips_arena_get(&b->r->mem, sizeof(*sub));
	int e = sub ? copy_list(b, from, sub) : -ENOMEM;

	for (size_t i = 0; i < b->n && e == 0; i++)
		if ((int)b->opts[i].seq == b->lists[from].base64)
			b->opts[i].o.base64.sub = sub;
	return e;
}

static struct ips_rule_ref *copy_pairs(struct ips_build *b, int which, uint32_t *ret_n)
{
	size_t size = b->pairs_n[which] * sizeof(**b->pairs);
	struct ips_rule_ref *to = ips_arena_get(&b->r->mem, size);

	*ret_n = (uint32_t)b->pairs_n[which];
	if (to && size > 0)
		memcpy(to, b->pairs[which], size);
	return to;
}

int ips_build_finish(struct ips_build *b)
{
	struct ips_rule *rule = b->rule;
	int e = reserve_codes(b);

	if (e < 0)
		return e;
	if (b->n)
		qsort(b->opts, b->n, sizeof(*b->opts), by_seq);
	rule->lists = ips_arena_get(&b->r->mem, b->lists_n * sizeof(*rule->lists));
	if (!rule->lists)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->lists_n && e == 0; i++)
		if (b->lists[i].opts > 0 && b->lists[i].base64 >= 0)
			e = copy_base64(b, i);
	for (uint32_t i = 0; i < b->lists_n && e == 0; i++)
		if (b->lists[i].opts > 0 && b->lists[i].base64 < 0)
			e = copy_list(b, i, &rule->lists[rule->lists_n++]);
	rule->conds = copy_opts(b, IPS_IN_CONDS, -1, &rule->conds_n);
	rule->actions = copy_opts(b, IPS_IN_ACTIONS, -1, &rule->actions_n);
	rule->refs = copy_pairs(b, 0, &rule->refs_n);
	rule->metadata = copy_pairs(b, 1, &rule->metadata_n);
	b->n = b->lists_n = 0;
	return e < 0 || b->r->mem.failed ? -ENOMEM : 0;
}
