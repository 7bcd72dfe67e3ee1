/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state as a whole and the numbers of names. A name keeps its number for the life of the
 * process, so that bits set under one rule set mean the same under the next.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ips/detect/inspect_int.h"
#include "ips/detect/search.h"
#include "ips/detect/state_int.h"
#include "lib/util.h"

#define HOST_KEY 40 /* sizes of struct host_key, struct threshold_key; checked where they are */
#define THRESHOLD_KEY 56

void ips_state_config_default(struct ips_state_config *cfg)
{
	*cfg = (struct ips_state_config){
		.names = 8192, .hosts = 65536, .thresholds = 65536, .dataset_bytes = 64u << 20};
}

static int shards_init(
	struct ips_shard *sh, uint32_t cap, size_t key, size_t val, const uint8_t seed[16])
{
	uint32_t each = cap / IPS_SHARDS ? cap / IPS_SHARDS : 1;

	for (unsigned i = 0; i < IPS_SHARDS; i++) {
		sh[i].t = sk_table_new(each, key, val, seed);
		if (!sh[i].t)
			return -ENOMEM;
	}
	return 0;
}

static void shards_done(struct ips_shard *sh)
{
	for (unsigned i = 0; i < IPS_SHARDS; i++) {
		sk_table_free(sh[i].t);
		pthread_mutex_destroy(&sh[i].lock);
	}
}

struct ips_state *ips_state_new(const struct ips_state_config *cfg, const uint8_t seed[16])
{
	struct ips_state *s = aligned_alloc(64, (sizeof(*s) + 63) / 64 * 64);

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->cfg = *cfg;
	memcpy(s->seed, seed, sizeof(s->seed));
	pthread_mutex_init(&s->names_lock, NULL);
	for (unsigned i = 0; i < IPS_SHARDS; i++) {
		pthread_mutex_init(&s->hosts[i].lock, NULL);
		pthread_mutex_init(&s->thresholds[i].lock, NULL);
	}
	s->names = sk_table_new(cfg->names ? cfg->names : 1, 32, sizeof(uint32_t), seed);
	s->sets = ips_datasets_new(cfg->dataset_bytes, seed);
	s->rep = ips_iprep_new(seed);
	if (!s->names || !s->sets || !s->rep ||
		shards_init(s->hosts, cfg->hosts, HOST_KEY, sizeof(uint64_t), seed) < 0 ||
		shards_init(s->thresholds, cfg->thresholds, THRESHOLD_KEY, 40, seed) < 0) {
		ips_state_free(s);
		return NULL;
	}
	return s;
}

void ips_state_free(struct ips_state *s)
{
	if (!s)
		return;
	shards_done(s->hosts);
	shards_done(s->thresholds);
	ips_datasets_free(s->sets);
	ips_iprep_free(s->rep);
	sk_table_free(s->names);
	pthread_mutex_destroy(&s->names_lock);
	free(s);
}

static bool forget(const void *key, void *val, void *arg)
{
	return true;
}

static void shards_clear(struct ips_shard *sh)
{
	for (unsigned i = 0; i < IPS_SHARDS; i++) {
		pthread_mutex_lock(&sh[i].lock);
		sk_table_walk(sh[i].t, forget, NULL);
		pthread_mutex_unlock(&sh[i].lock);
	}
}

void ips_state_clear(struct ips_state *s)
{
	shards_clear(s->hosts);
	shards_clear(s->thresholds);
	ips_datasets_forget(s->sets);
}

struct ips_shard *ips_shard_lock(
	const struct ips_state *s, struct ips_shard *shards, const void *key, size_t n)
{
	uint8_t h[crypto_shorthash_BYTES], k[16];
	struct ips_shard *sh;

	/* Another key than the table's own hash, or a shard would use few of its chains. */
	memcpy(k, s->seed, sizeof(k));
	k[0] ^= 0x5a;
	crypto_shorthash(h, key, n, k);
	sh = &shards[h[0] % IPS_SHARDS];
	pthread_mutex_lock(&sh->lock);
	return sh;
}

void ips_shard_unlock(struct ips_shard *sh)
{
	pthread_mutex_unlock(&sh->lock);
}

/* kind: 'f' flowbit, 'i' flowint, 'h' bit of an address, 'p' bit of a pair. Numbers from 1. */
static int number(struct ips_state *s, char kind, const char *name, uint32_t *ret)
{
	uint8_t key[32];
	struct sk_buf b;
	uint32_t *id;
	int err;

	sk_buf_init(&b, 4096);
	sk_buf_putc(&b, kind);
	sk_buf_puts(&b, name);
	err = sk_buf_error(&b);
	if (!err)
		sk_sha256(key, b.data, b.len);
	sk_buf_done(&b);
	if (err)
		return err;
	pthread_mutex_lock(&s->names_lock);
	id = sk_table_put(s->names, key);
	if (id && !*id)
		*id = ++s->names_n;
	if (id)
		*ret = *id;
	pthread_mutex_unlock(&s->names_lock);
	return id ? 0 : -ENOSPC;
}

static int bind_bits(struct ips_state *s, const struct ips_opt *o, const char **ret_name)
{
	char kind = 'h';
	int ret = 0;

	if (o->kind == IPS_O_FLOWBITS)
		kind = 'f';
	else if (o->kind == IPS_O_XBITS && o->bits.track == IPS_TRACK_PAIR)
		kind = 'p';
	for (uint32_t i = 0; i < o->bits.n && ret == 0; i++) {
		*ret_name = o->bits.names[i];
		ret = number(s, kind, o->bits.names[i], &o->bits.ids[i]);
	}
	return ret;
}

static int bind_opts(struct ips_state *s, struct ips_opt *opts, uint32_t n, const char **ret_name)
{
	int ret = 0;

	for (uint32_t i = 0; i < n && ret == 0; i++) {
		struct ips_opt *o = &opts[i];

		if (o->kind == IPS_O_FLOWBITS || o->kind == IPS_O_XBITS ||
			o->kind == IPS_O_HOSTBITS) {
			ret = bind_bits(s, o, ret_name);
		} else if (o->kind == IPS_O_FLOWINT) {
			*ret_name = o->flowint.name;
			ret = number(s, 'i', o->flowint.name, &o->flowint.id);
			if (ret == 0 && o->flowint.other)
				ret = number(s, 'i', o->flowint.other, &o->flowint.other_id);
		}
	}
	return ret;
}

/* What makes the last content or pcre before it be tried at further places: as in the reference,
 * not every option that counts from there. */
static bool is_relative(const struct ips_opt *o)
{
	switch (o->kind) {
	case IPS_O_CONTENT: return o->content.has_distance || o->content.has_within;
	case IPS_O_PCRE: return o->pcre.relative;
	case IPS_O_ISDATAAT:
	case IPS_O_BYTE_TEST:
	case IPS_O_BYTE_JUMP:
	case IPS_O_BYTE_EXTRACT:
	case IPS_O_BYTE_MATH: return o->byte.relative;
	default: return false;
	}
}

static void link_list(struct ips_match_list *l)
{
	struct ips_opt *last = NULL;

	for (uint32_t i = 0; i < l->transforms_n; i++)
		if (l->transforms[i].kind == IPS_T_PCREXFORM)
			ips_pcre_prepare(l->transforms[i].code);
	for (uint32_t i = 0; i < l->n; i++) {
		struct ips_opt *o = &l->opts[i];

		if (last && is_relative(o) && last->kind == IPS_O_CONTENT)
			last->content.relative_next = true;
		else if (last && is_relative(o))
			last->pcre.relative_next = true;
		if (o->kind == IPS_O_CONTENT || o->kind == IPS_O_PCRE)
			last = o;
		if (o->kind == IPS_O_PCRE)
			ips_pcre_prepare(o->pcre.code);
		if (o->kind == IPS_O_CONTENT) {
			o->content.relative = is_relative(o);
			ips_search_prepare(&o->content);
		} else if (o->kind == IPS_O_BASE64_DECODE && o->base64.sub) {
			link_list(o->base64.sub);
		}
	}
}

int ips_state_bind(struct ips_state *s, struct ips_rule *r, struct sk_err *err)
{
	const char *name = "";
	int ret = bind_opts(s, r->conds, r->conds_n, &name);

	if (ret == 0)
		ret = bind_opts(s, r->actions, r->actions_n, &name);
	if (ret < 0)
		return sk_err_en(err, ret, "rules", "no number left for the name \"%s\" (%u)", name,
			s->cfg.names);
	for (uint32_t i = 0; i < r->lists_n; i++)
		link_list(&r->lists[i]);
	return 0;
}

static uint32_t count(struct ips_shard *sh, uint64_t *full)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < IPS_SHARDS; i++) {
		pthread_mutex_lock(&sh[i].lock);
		n += (uint32_t)sk_table_count(sh[i].t);
		*full += sh[i].full;
		pthread_mutex_unlock(&sh[i].lock);
	}
	return n;
}

void ips_state_stats(struct ips_state *s, struct ips_state_stats *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->full = ips_datasets_full(s->sets);
	ret->hosts = count(s->hosts, &ret->full);
	ret->thresholds = count(s->thresholds, &ret->full);
	pthread_mutex_lock(&s->names_lock);
	ret->names = s->names_n;
	pthread_mutex_unlock(&s->names_lock);
}
