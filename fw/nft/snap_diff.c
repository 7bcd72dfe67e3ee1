/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between two snapshots of the table, in words for the drift report. Pure. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fw/nft/layout.h"
#include "fw/nft/snap.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

__attribute__((format(printf, 3, 4))) static bool say(
	struct fw_drift *d, enum fw_drift_kind kind, const char *fmt, ...)
{
	va_list ap;

	d->kind = kind;
	va_start(ap, fmt);
	vsnprintf(d->what, sizeof(d->what), fmt, ap);
	va_end(ap);
	return true;
}

/* Names come from whoever changed the table. */
#define SHOWN 80

static bool base_differs(
	const struct fw_nft_snap_chain *w, const struct fw_nft_snap_chain *h, struct fw_drift *d)
{
	if (w->base == h->base && w->base && w->policy != h->policy)
		return say(d, FW_DRIFT_CHAINS, "chain %s: its policy is now %s", w->name,
			h->policy ? "accept" : "drop");
	if (w->base != h->base || w->hook != h->hook || w->priority != h->priority ||
		strcmp(w->type, h->type) != 0)
		return say(d, FW_DRIFT_CHAINS, "chain %s: its hook or priority changed", w->name);
	return false;
}

static bool chains_differ(
	const struct fw_nft_snap *want, const struct fw_nft_snap *have, struct fw_drift *d)
{
	char name[SHOWN];

	for (size_t i = 0; i < want->n_chains; i++) {
		const struct fw_nft_snap_chain *w = &want->chains[i];
		const struct fw_nft_snap_chain *h = fw_nft_snap_chain(have, w->name);
		if (!h)
			return say(d, FW_DRIFT_CHAINS, "chain %s is missing", w->name);
		if (base_differs(w, h, d))
			return true;
	}
	for (size_t i = 0; i < have->n_chains; i++) {
		const char *s = have->chains[i].name;
		if (!fw_nft_snap_chain(want, s))
			return say(d, FW_DRIFT_CHAINS, "chain %s was added",
				sk_escape(name, sizeof(name), s, strlen(s)));
	}
	return false;
}

static void name_record(char *dst, size_t cap, uint32_t number)
{
	if (number == 0)
		snprintf(dst, cap, "no record");
	else if (number < FW_NUMBER_FIRST)
		snprintf(dst, cap, "built-in %u", number);
	else
		snprintf(dst, cap, "record %u", number);
}

/* The first rule of one chain that differs. */
static bool rule_differs(const struct fw_nft_snap *want, const struct fw_nft_snap_chain *w,
	const struct fw_nft_snap *have, const struct fw_nft_snap_chain *h, struct fw_drift *d)
{
	char who[32];
	size_t i = 0;

	while (i < w->n && i < h->n && want->hashes[w->first + i] == have->hashes[h->first + i])
		i++;
	if (i == w->n && i == h->n)
		return false;
	/* One more here than meant, or one less, tells added from missing and changed. */
	if (i < h->n && (i == w->n || h->n > w->n)) {
		name_record(who, sizeof(who), have->numbers[h->first + i]);
		return say(d, FW_DRIFT_RULES, "chain %s: a rule was added (%s in its comment)",
			w->name, who);
	}
	name_record(who, sizeof(who), want->numbers[w->first + i]);
	if (i == h->n || h->n < w->n)
		return say(d, FW_DRIFT_RULES, "chain %s: rule of %s is missing", w->name, who);
	return say(d, FW_DRIFT_RULES, "chain %s: rule of %s was changed", w->name, who);
}

static bool rules_differ(
	const struct fw_nft_snap *want, const struct fw_nft_snap *have, struct fw_drift *d)
{
	for (size_t i = 0; i < want->n_chains; i++) {
		const struct fw_nft_snap_chain *w = &want->chains[i];
		if (rule_differs(want, w, have, fw_nft_snap_chain(have, w->name), d))
			return true;
	}
	return false;
}

static bool sets_differ(
	const struct fw_nft_snap *want, const struct fw_nft_snap *have, struct fw_drift *d)
{
	char name[SHOWN];

	for (size_t i = 0; i < want->n_sets; i++) {
		const struct fw_nft_snap_set *w = &want->sets[i];
		const struct fw_nft_snap_set *h = fw_nft_snap_set(have, w->name);
		if (!h)
			return say(d, FW_DRIFT_SETS, "set %s is missing", w->name);
		if (w->counted && h->counted && w->count != h->count)
			return say(d, FW_DRIFT_SETS, "set %s: %u elements instead of %u", w->name,
				h->count, w->count);
		if (w->flags != h->flags || w->key_len != h->key_len ||
			w->data_type != h->data_type || w->timeout != h->timeout)
			return say(d, FW_DRIFT_SETS, "set %s: its kind changed", w->name);
		if (w->hashed && h->hashed && w->hash != h->hash)
			return say(d, FW_DRIFT_SETS, "set %s: its content changed", w->name);
	}
	for (size_t i = 0; i < have->n_sets; i++) {
		const char *s = have->sets[i].name;
		if (!fw_nft_snap_set(want, s))
			return say(d, FW_DRIFT_SETS, "set %s was added",
				sk_escape(name, sizeof(name), s, strlen(s)));
	}
	return false;
}

static bool maps_differ(
	const struct fw_nft_snap *want, const struct fw_nft_snap *have, struct fw_drift *d)
{
	for (unsigned m = 0; m < FW_NFT_MAPS; m++) {
		const char *name = fw_nft_map(m)->name;
		if (want->maps[m].n != have->maps[m].n)
			return say(d, FW_DRIFT_SETS, "map %s: %zu elements instead of %zu", name,
				have->maps[m].n, want->maps[m].n);
		for (size_t i = 0; i < want->maps[m].n; i++) {
			const struct fw_nft_snap_elem *w = &want->maps[m].v[i];
			const struct fw_nft_snap_elem *h = &have->maps[m].v[i];
			if (memcmp(&w->e, &h->e, sizeof(w->e)) != 0 || w->code != h->code)
				return say(d, FW_DRIFT_SETS, "map %s: the element of %.15s changed",
					name, w->e.key);
		}
	}
	return false;
}

void fw_nft_snap_diff(
	const struct fw_nft_snap *want, const struct fw_nft_snap *have, struct fw_drift *ret)
{
	const char *family = want->nfproto == NFPROTO_BRIDGE ? "bridge" : "inet";
	struct fw_drift d = {.kind = FW_DRIFT_NONE};

	if (!have->exists)
		say(&d, FW_DRIFT_TABLE_GONE, "table %s %s is gone", family, FW_NFT_TABLE);
	else if (have->flags & NFT_TABLE_F_DORMANT)
		say(&d, FW_DRIFT_TABLE_GONE, "table %s %s is put to sleep", family, FW_NFT_TABLE);
	else if (!chains_differ(want, have, &d) && !rules_differ(want, have, &d) &&
		!sets_differ(want, have, &d))
		maps_differ(want, have, &d);
	*ret = d;
}

/* ---- a digest (FNV-1a) ---- */

static void add(uint64_t *h, const void *p, size_t n)
{
	const uint8_t *c = p;

	for (size_t i = 0; i < n; i++)
		*h = (*h ^ c[i]) * 0x100000001b3u;
}

static void add_number(uint64_t *h, uint64_t v)
{
	add(h, &v, sizeof(v));
}

static void add_chain(uint64_t *h, const struct fw_nft_snap *s, const struct fw_nft_snap_chain *c)
{
	add(h, c->name, strlen(c->name) + 1);
	add_number(h, c->base);
	add_number(h, c->hook);
	add_number(h, c->policy);
	add_number(h, (uint64_t)c->priority);
	add(h, c->type, strnlen(c->type, sizeof(c->type)));
	for (size_t i = 0; i < c->n; i++)
		add_number(h, s->hashes[c->first + i]);
}

uint64_t fw_nft_snap_digest(const struct fw_nft_snap *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	add_number(&h, s->flags & NFT_TABLE_F_DORMANT);
	for (size_t i = 0; i < s->n_chains; i++)
		add_chain(&h, s, &s->chains[i]);
	for (size_t i = 0; i < s->n_sets; i++) {
		const struct fw_nft_snap_set *x = &s->sets[i];
		add(&h, x->name, strlen(x->name) + 1);
		add_number(&h, x->flags);
		/* Blocklists change by themselves all the time. */
		add_number(&h, x->counted && !fw_nft_list_name(x->name, NULL) ? x->count : 0);
	}
	for (size_t m = 0; m < FW_NFT_MAPS; m++) {
		add_number(&h, s->maps[m].strange);
		for (size_t i = 0; i < s->maps[m].n; i++) {
			add(&h, s->maps[m].v[i].e.key, sizeof(s->maps[m].v[i].e.key));
			add(&h, s->maps[m].v[i].e.target, strlen(s->maps[m].v[i].e.target) + 1);
			add_number(&h, s->maps[m].v[i].code);
		}
	}
	return h ? h : 1;
}
