/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transaction rules by the buffer their fast pattern is in: one database a buffer, direction and
 * chain of transforms, and for every protocol the list of those its transactions are searched in.
 */
#include <errno.h>
#include <string.h>

#include "ips/detect/ruleset_int.h"
#include "lib/util.h"

static uint64_t protos_of_number(enum ips_num n)
{
#define P(x) (1ULL << IPS_P_##x)
	static const uint64_t protos[] = {
#define IPS_NUMBER(id, name, protos) protos,
#include "ips/proto/buffer_list.def"
#undef IPS_NUMBER
	};
	return n < SK_ARRAY_SIZE(protos) ? protos[n] : 0;
}

static uint64_t apps_of_cond(const struct ips_opt *o)
{
	switch (o->kind) {
	case IPS_O_NUMBER: return protos_of_number(o->number.id);
	case IPS_O_APP_EVENT: return o->app.id == IPS_P_UNKNOWN ? UINT64_MAX : 1ULL << o->app.id;
	case IPS_O_DCE_IFACE: return 1ULL << IPS_P_DCERPC | 1ULL << IPS_P_SMB;
	case IPS_O_FTPBOUNCE: return 1ULL << IPS_P_FTP;
	case IPS_O_FILENAME: return ips_buf_info(IPS_BUF_FILE_NAME)->protos;
	default: return UINT64_MAX;
	}
}

/* Every protocol whose transactions the rule may concern. */
static uint64_t apps_of(const struct ips_crule *c)
{
	const struct ips_rule *r = c->rule;
	uint64_t apps = c->app == IPS_P_UNKNOWN ? UINT64_MAX : ips_crule_apps(c);

	for (uint32_t i = 0; i < r->lists_n; i++) {
		if (ips_buf_is_tx(r->lists[i].buf))
			apps &= ips_buf_info(r->lists[i].buf)->protos;
	}
	for (uint32_t i = 0; i < r->conds_n; i++)
		apps &= apps_of_cond(&r->conds[i]);
	return apps & ((1ULL << IPS_P_COUNT) - 1);
}

static bool same_transform(const struct ips_transform *a, const struct ips_transform *b)
{
	return a->kind == b->kind && a->key_len == b->key_len && a->code == b->code &&
		memcmp(a->key, b->key, SK_MIN(a->key_len, sizeof(a->key))) == 0;
}

static bool same_slot(const struct ips_slot *s, const struct ips_match_list *l, enum ips_dir dir)
{
	if (s->buf != l->buf || s->dir != dir || s->transforms_n != l->transforms_n)
		return false;
	for (uint32_t i = 0; i < l->transforms_n; i++) {
		if (!same_transform(&s->transforms[i], &l->transforms[i]))
			return false;
	}
	return true;
}

static int slot_of(struct ips_ruleset_build *b, const struct ips_match_list *l, enum ips_dir dir,
	uint32_t *ret)
{
	struct ips_ruleset *rs = b->rs;
	uint32_t flags = ips_buf_info(l->buf)->flags;
	size_t old = b->slot_builds_cap;
	int err;

	for (uint32_t i = 0; i < rs->slots_n; i++) {
		if (same_slot(&rs->slots[i], l, dir)) {
			*ret = i;
			return 0;
		}
	}
	if (rs->slots_n == UINT16_MAX)
		return -E2BIG;
	err = sk_grow(&rs->slots, &b->slots_cap, rs->slots_n + 1, sizeof(*rs->slots));
	if (!err)
		err = sk_grow(&b->slots, &b->slot_builds_cap, rs->slots_n + 1, sizeof(*b->slots));
	if (err)
		return err;
	if (b->slot_builds_cap > old)
		memset(b->slots + old, 0, (b->slot_builds_cap - old) * sizeof(*b->slots));
	rs->slots[rs->slots_n] = (struct ips_slot){
		.buf = l->buf,
		.dir = dir,
		.transforms = l->transforms,
		.transforms_n = l->transforms_n,
		.body = flags & IPS_BUF_BODY,
		.multi = flags & IPS_BUF_MULTI,
	};
	*ret = rs->slots_n++;
	return 0;
}

static int use_slot(struct ips_app_rules *a, uint32_t slot)
{
	uint16_t *v;

	for (uint32_t i = 0; i < a->slots_n; i++) {
		if (a->slots[i] == slot)
			return 0;
	}
	v = reallocarray(a->slots, a->slots_n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	a->slots = v;
	a->slots[a->slots_n++] = (uint16_t)slot;
	return 0;
}

static int use_plain(struct ips_app_rules *a, uint32_t rank)
{
	uint32_t *v = reallocarray(a->plain, a->plain_n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	a->plain = v;
	a->plain[a->plain_n++] = rank;
	return 0;
}

/* rank joins every protocol it concerns, under its slot or as a rule without a pattern. */
static int join(struct ips_ruleset_build *b, uint32_t rank, enum ips_dir dir, int64_t slot)
{
	uint64_t apps = apps_of(&b->rs->rules[rank]);
	bool raw = b->rs->rules[rank].flags & IPS_CR_RAW_FAST;

	b->rs->info.protos |= apps;
	for (unsigned id = 0; id < IPS_P_COUNT; id++) {
		struct ips_app_rules *a = &b->rs->tx[id][dir];
		int err = 0;

		if (!(apps >> id & 1))
			continue;
		a->any = true;
		if (slot >= 0)
			err = use_slot(a, (uint32_t)slot);
		else if (!raw)
			err = use_plain(a, rank);
		if (err)
			return err;
		b->rs->tx_slots_max = SK_MAX(b->rs->tx_slots_max, a->slots_n);
	}
	return 0;
}

int ips_slots_add(struct ips_ruleset_build *b, uint32_t rank)
{
	const struct ips_crule *c = &b->rs->rules[rank];
	const struct ips_fast *f = &b->fast[rank];

	for (unsigned dir = 0; dir < 2; dir++) {
		int64_t slot = -1;
		uint32_t i;
		int err = 0;

		if (!(c->dirs >> dir & 1))
			continue;
		if (c->flags & IPS_CR_SLOT_FAST) {
			err = slot_of(b, f->list, dir, &i);
			if (!err)
				err = ips_pf_add(&b->slots[i], f, rank);
			slot = i;
		}
		if (!err)
			err = join(b, rank, dir, slot);
		if (err)
			return err;
	}
	return 0;
}

int ips_slots_finish(struct ips_ruleset_build *b)
{
	for (uint32_t i = 0; i < b->rs->slots_n; i++) {
		int err = ips_pf_link(&b->rs->slots[i].pf, &b->slots[i]);

		if (!err)
			err = ips_job_add(b, &b->rs->slots[i].pf, &b->slots[i]);
		if (err)
			return err;
	}
	return 0;
}

void ips_slots_build_done(struct ips_ruleset_build *b)
{
	for (uint32_t i = 0; b->slots && i < b->rs->slots_n; i++)
		ips_pf_build_done(&b->slots[i]);
	free(b->slots);
	b->slots = NULL;
}

void ips_slots_done(struct ips_ruleset *rs)
{
	for (uint32_t i = 0; i < rs->slots_n; i++)
		ips_pf_done(&rs->slots[i].pf);
	free(rs->slots);
	for (unsigned id = 0; id < IPS_P_COUNT; id++) {
		for (unsigned dir = 0; dir < 2; dir++) {
			free(rs->tx[id][dir].slots);
			free(rs->tx[id][dir].plain);
		}
	}
}
