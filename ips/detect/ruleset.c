/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules to a ruleset: ranked, classified, distributed to groups, slots and the address index, and
 * their databases compiled or taken from the cache. Called at start and reload, off the packet
 * path; never touches what a running ruleset uses.
 */
#include <errno.h>
#include <string.h>

#include "ips/detect/ruleset_int.h"
#include "lib/util.h"

#define CACHE_MAGIC "SKIPS\x01\r\n"
#define DESCRIBE_MAX (1u << 30)

static int by_rank(const void *a, const void *b)
{
	return ips_rule_order(*(struct ips_rule *const *)a, *(struct ips_rule *const *)b, false);
}

static int by_effect(const void *a, const void *b)
{
	return ips_rule_order(*(struct ips_rule *const *)a, *(struct ips_rule *const *)b, true);
}

/* ---- distribution ------------------------------------------------------------------------ */

/* The events a rule waits for: one is enough to file it under. */
static int first_event(const struct ips_rule *r)
{
	for (uint32_t i = 0; i < r->conds_n; i++) {
		const struct ips_opt *o = &r->conds[i];

		if (o->kind == IPS_O_EVENT && !o->negated && o->app.event >= 0 &&
			o->app.event < IPS_EV_COUNT)
			return o->app.event;
	}
	return -1;
}

static int link_events(struct ips_ruleset *rs)
{
	uint32_t total = 0, at[IPS_EV_COUNT];

	for (uint32_t i = 0; i < rs->n; i++) {
		int e = rs->rules[i].type == IPS_RT_EVENT ? first_event(rs->rules[i].rule) : -1;

		if (e >= 0) {
			rs->event_first[e + 1]++;
			total++;
		}
	}
	for (unsigned e = 0; e < IPS_EV_COUNT; e++) {
		at[e] = rs->event_first[e];
		rs->event_first[e + 1] += rs->event_first[e];
	}
	rs->event_rules = calloc(total + 1, sizeof(*rs->event_rules));
	if (!rs->event_rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < rs->n; i++) {
		int e = rs->rules[i].type == IPS_RT_EVENT ? first_event(rs->rules[i].rule) : -1;

		if (e >= 0)
			rs->event_rules[at[e]++] = i;
	}
	return 0;
}

static int distribute(struct ips_ruleset_build *b, uint32_t rank)
{
	struct ips_crule *c = &b->rs->rules[rank];
	struct ips_ruleset_info *info = &b->rs->info;
	struct ips_fast *f = &b->fast[rank];
	int err;

	b->rs->info.protos |= ips_crule_apps(c);
	if (c->type == IPS_RT_IP_ONLY) {
		info->ip_only++;
		return ips_addr_build_add(b->addrs, c->rule, rank);
	}
	if (c->type == IPS_RT_EVENT && first_event(c->rule) >= 0)
		return 0;
	ips_fast_choose(c->rule, c, f);
	if (f->list)
		c->flags |= f->list->buf == IPS_BUF_PAYLOAD ? IPS_CR_RAW_FAST : IPS_CR_SLOT_FAST;
	else
		info->without_pattern++;
	c->head = f->head;
	if (c->type != IPS_RT_TX) {
		if (c->type == IPS_RT_STREAM || c->type == IPS_RT_PKTSTREAM)
			info->stream++;
		else
			info->packet++;
		return ips_payload_add(b, rank);
	}
	info->tx++;
	err = ips_slots_add(b, rank);
	return err || !(c->flags & IPS_CR_RAW_FAST) ? err : ips_payload_add(b, rank);
}

/* ---- key and cache ----------------------------------------------------------------------- */

/* A hash of everything the rules say, so that equal sets are known as such. */
static uint64_t generation(const struct ips_ruleset *rs)
{
	uint64_t h = 14695981039346656037u;

	for (uint32_t i = 0; i < rs->n; i++) {
		const struct ips_rule *r = rs->rules[i].rule;

		for (const char *s = r->text ? r->text : ""; *s; s++)
			h = (h ^ (uint8_t)*s) * 1099511628211u;
		h = (h ^ r->sid) * 1099511628211u;
		h = (h ^ r->rev) * 1099511628211u;
	}
	return h ? h : 1;
}

static int make_key(struct ips_ruleset_build *b)
{
	hs_platform_info_t host;
	struct sk_buf text;
	int err;

	memset(&host, 0, sizeof(host));
	if (hs_populate_platform(&host) != HS_SUCCESS)
		return -EINVAL;
	sk_buf_init(&text, DESCRIBE_MAX);
	sk_buf_puts(&text, hs_version());
	sk_buf_put(&text, &host, sizeof(host));
	for (size_t i = 0; i < b->jobs_n; i++)
		ips_pf_describe(b->jobs[i].from, &text);
	err = sk_buf_error(&text);
	if (!err)
		sk_sha256(b->rs->key, text.data, text.len);
	sk_buf_done(&text);
	return err;
}

/* Layout: magic, key, number of databases, and each with its length before it. */
static bool cache_entry(struct ips_view *v, uint32_t n, struct ips_view *ret)
{
	if (v->len < n)
		return false;
	*ret = (struct ips_view){v->data, n};
	v->data += n;
	v->len -= n;
	return true;
}

static bool cache_u32(struct ips_view *v, uint32_t *ret)
{
	struct ips_view e;

	if (!cache_entry(v, sizeof(*ret), &e))
		return false;
	memcpy(ret, e.data, sizeof(*ret));
	return true;
}

static bool cache_fits(struct ips_view *v, const struct ips_ruleset_build *b)
{
	struct ips_view magic, key;
	uint32_t n;

	return v->data && cache_entry(v, sizeof(CACHE_MAGIC) - 1, &magic) &&
		memcmp(magic.data, CACHE_MAGIC, magic.len) == 0 && cache_entry(v, 32, &key) &&
		memcmp(key.data, b->rs->key, 32) == 0 && cache_u32(v, &n) && n == b->jobs_n;
}

/* All databases from the cache, or none. */
static bool restore(struct ips_ruleset_build *b, struct ips_view v)
{
	struct ips_view e;
	uint32_t len;
	size_t i = 0;

	if (!cache_fits(&v, b))
		return false;
	while (i < b->jobs_n && cache_u32(&v, &len) && cache_entry(&v, len, &e) &&
		ips_pf_restore(b->jobs[i].pf, e) == 0)
		i++;
	if (i == b->jobs_n)
		return true;
	while (i > 0) {
		struct ips_pf *pf = b->jobs[--i].pf;

		hs_free_database(pf->db);
		pf->db = NULL;
	}
	return false;
}

static int compile_all(struct ips_ruleset_build *b, struct ips_view cache, bool *ret_cached)
{
	bool cached = restore(b, cache);
	int err = 0;

	for (size_t i = 0; i < b->jobs_n && !cached && !err; i++)
		err = ips_pf_compile(b->jobs[i].pf, b->jobs[i].from);
	if (err)
		return err;
	for (size_t i = 0; i < b->jobs_n; i++) {
		b->rs->info.databases++;
		b->rs->info.database_bytes += b->jobs[i].pf->bytes;
	}
	if (ret_cached)
		*ret_cached = cached;
	return 0;
}

/* ---- compile ----------------------------------------------------------------------------- */

static void build_done(struct ips_ruleset_build *b)
{
	ips_payload_build_done(b);
	ips_slots_build_done(b);
	ips_addr_build_free(b->addrs);
	free(b->fast);
	free(b->jobs);
}

static int build(struct ips_ruleset_build *b, struct ips_view cache, bool *ret_cached)
{
	struct ips_ruleset *rs = b->rs;
	int err = 0;

	b->fast = calloc(rs->n + 1, sizeof(*b->fast));
	b->addrs = ips_addr_build_new();
	if (!b->fast || !b->addrs)
		return -ENOMEM;
	for (uint32_t i = 0; i < rs->n && !err; i++)
		err = distribute(b, i);
	if (!err)
		err = ips_payload_finish(b);
	if (!err)
		err = ips_slots_finish(b);
	if (!err)
		err = ips_addr_build_finish(b->addrs, &rs->addrs);
	if (!err)
		err = link_events(rs);
	if (!err)
		err = make_key(b);
	return err ? err : compile_all(b, cache, ret_cached);
}

static int bind_all(struct ips_rule **list, uint32_t n, struct ips_state *state, struct sk_err *err)
{
	for (uint32_t i = 0; i < n; i++) {
		int ret = state ? ips_state_bind(state, list[i], err) : 0;

		if (ret)
			return ret;
	}
	return 0;
}

/* Takes list (freed). Frees rs and everything it owns on failure. */
static int compile(struct ips_ruleset *rs, struct ips_rule **list, uint32_t n,
	struct ips_state *state, struct ips_view cache, bool *ret_cached, struct sk_err *err)
{
	struct ips_ruleset_build b = {.rs = rs};
	int ret = bind_all(list, n, state, err);

	if (ret)
		goto out;
	rs->rules = calloc(n + 1, sizeof(*rs->rules));
	if (!rs->rules) {
		ret = sk_err_nomem(err);
		goto out;
	}
	qsort(list, n, sizeof(struct ips_rule *), rs->policy ? by_effect : by_rank);
	rs->n = n;
	for (uint32_t i = 0; i < n; i++)
		ips_crule_make(&rs->rules[i], list[i]);
	ret = build(&b, cache, ret_cached);
	if (ret)
		sk_err_en(err, ret, NULL, "compiling the rules failed: %s", strerror(-ret));
	rs->info.rules = n;
	rs->info.bytes = rs->info.database_bytes + n * sizeof(*rs->rules);
	rs->info.generation = generation(rs);
	build_done(&b);
out:
	free(list);
	if (ret)
		ips_ruleset_unref(rs);
	return ret;
}

int ips_ruleset_compile(struct ips_ruleset **ret, struct ips_rules *rules,
	struct ips_policy *policy, struct ips_state *state, struct ips_view cache, bool *ret_cached,
	struct sk_err *err)
{
	uint32_t n = ips_rules_count(rules), k = 0;
	struct ips_ruleset *rs = calloc(1, sizeof(*rs));
	struct ips_rule **list = calloc(n + 1, sizeof(struct ips_rule *));
	int e;

	if (!rs || !list) {
		free(rs);
		free(list);
		ips_rules_free(rules);
		ips_policy_free(policy);
		return sk_err_nomem(err);
	}
	rs->refs = 1;
	rs->owner = rules;
	rs->policy = policy;
	for (uint32_t i = 0; i < n; i++) {
		struct ips_rule *r = ips_rules_at(rules, i);

		if (!(r->flags & IPS_RULE_DISABLED))
			list[k++] = r;
	}
	e = compile(rs, list, k, state, cache, ret_cached, err);
	if (!e)
		*ret = rs;
	return e;
}

int ips_ruleset_compile_list(struct ips_ruleset **ret, struct ips_rule *const *rules, uint32_t n,
	struct ips_state *state, struct ips_view cache, bool *ret_cached, struct sk_err *err)
{
	struct ips_ruleset *rs = calloc(1, sizeof(*rs));
	struct ips_rule **list = calloc(n + 1, sizeof(struct ips_rule *));
	int e;

	if (!rs || !list) {
		free(rs);
		free(list);
		return sk_err_nomem(err);
	}
	rs->refs = 1;
	memcpy(list, rules, n * sizeof(struct ips_rule *));
	e = compile(rs, list, n, state, cache, ret_cached, err);
	if (!e)
		*ret = rs;
	return e;
}

/* ---- the finished ruleset ---------------------------------------------------------------- */

void ips_ruleset_key(const struct ips_ruleset *rs, uint8_t ret[32])
{
	memcpy(ret, rs->key, 32);
}

static int save_pf(const struct ips_pf *pf, struct sk_buf *b)
{
	return pf->n ? ips_pf_save(pf, b) : 0;
}

static int save_group(const struct ips_group *g, struct sk_buf *b)
{
	int err = save_pf(&g->all, b);

	if (!err)
		err = save_pf(&g->pkt, b);
	return err ? err : save_pf(&g->head, b);
}

/* In the order in which the jobs were made. */
int ips_ruleset_save(const struct ips_ruleset *rs, struct sk_buf *b)
{
	uint32_t n = rs->info.databases;
	int err = 0;

	sk_buf_put(b, CACHE_MAGIC, sizeof(CACHE_MAGIC) - 1);
	sk_buf_put(b, rs->key, 32);
	sk_buf_put(b, &n, sizeof(n));
	for (unsigned dir = 0; dir < 2; dir++) {
		for (unsigned tr = 0; tr < IPS_TR_COUNT && !err; tr++) {
			err = save_group(&rs->ports[tr][dir].base, b);
			for (unsigned k = 0; k < IPS_PORT_CLASSES && !err; k++)
				err = save_group(&rs->ports[tr][dir].cls[k], b);
		}
		for (unsigned id = 0; id < IPS_P_COUNT && !err; id++)
			err = rs->app[id][dir] ? save_group(rs->app[id][dir], b) : 0;
	}
	for (uint32_t i = 0; i < rs->slots_n && !err; i++)
		err = save_pf(&rs->slots[i].pf, b);
	return err ? err : sk_buf_error(b);
}

struct ips_ruleset *ips_ruleset_ref(struct ips_ruleset *rs)
{
	if (rs)
		atomic_fetch_add(&rs->refs, 1);
	return rs;
}

void ips_ruleset_unref(struct ips_ruleset *rs)
{
	if (!rs || atomic_fetch_sub(&rs->refs, 1) != 1)
		return;
	ips_payload_done(rs);
	ips_slots_done(rs);
	ips_addr_index_done(&rs->addrs);
	free(rs->event_rules);
	free(rs->rules);
	if (rs->policy)
		ips_policy_free(rs->policy);
	if (rs->owner)
		ips_rules_free(rs->owner);
	free(rs);
}

struct ips_rules *ips_ruleset_rules(struct ips_ruleset *rs)
{
	return rs->owner;
}

const struct ips_policy *ips_ruleset_policy(const struct ips_ruleset *rs)
{
	return rs->policy;
}

const struct ips_ruleset_info *ips_ruleset_info(const struct ips_ruleset *rs)
{
	return &rs->info;
}
