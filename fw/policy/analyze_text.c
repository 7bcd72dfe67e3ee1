/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings and their words: names, texts in both languages, and the overlapping space as a person
 * would write it, cut at whole items.
 */
#include <string.h>

#include "fw/policy/analyze_int.h"
#include "lib/util.h"

#define SHOWN 6 /* ranges of a set that are written out */

static const struct {
	const char *name;
	struct sk_text text;
} kinds[FW_FINDINGS] = {
	[FW_F_SHADOWED] = {"shadowed",
		{"never takes effect: earlier rules with another action take all of it",
			"先に評価される別の動作のルールに隠れ、効果がありません"}},
	[FW_F_REDUNDANT] = {"redundant",
		{"superfluous: other rules with the same action take all of it",
			"同じ動作の他のルールと重複しています"}},
	[FW_F_CONFLICT] = {"conflict",
		{"overlaps a rule with another action: their order decides",
			"動作の異なるルールと一部が重なり、評価順で結果が変わります"}},
	[FW_F_MERGEABLE] = {"mergeable",
		{"could be one rule with another: they differ in one field",
			"1項目だけが異なるルールがあり、1つにまとめられます"}},
	[FW_F_TOO_WIDE] = {"too-wide", {"allows too much", "許可する範囲が広すぎます"}},
	[FW_F_EXPIRED] = {"expired", {"past its expiry date", "有効期限が過ぎています"}},
	[FW_F_EXPIRING] = {"expiring", {"expires soon", "有効期限が近づいています"}},
	[FW_F_NEVER_HIT] = {"never-hit", {"has never been used", "一度も利用されていません"}},
	[FW_F_UNUSED] = {"unused",
		{"has not been used for a long time", "長期間利用されていません"}},
};

const char *fw_finding_name(enum fw_finding_kind k)
{
	return (unsigned)k < FW_FINDINGS ? kinds[k].name : "?";
}

const struct sk_text *fw_finding_text(enum fw_finding_kind k)
{
	static const struct sk_text unknown = {"?", "?"};

	return (unsigned)k < FW_FINDINGS ? &kinds[k].text : &unknown;
}

void fw_findings_done(struct fw_findings *f)
{
	if (!f)
		return;
	free(f->v);
	*f = (struct fw_findings){0};
}

struct fw_finding *fw_finding_add(struct fw_analysis *a, enum fw_finding_kind kind, uint32_t rule)
{
	struct fw_findings *out = a->out;
	struct fw_finding *f;

	if (sk_grow(&out->v, &out->cap, out->n + 1, sizeof(*out->v)) < 0)
		return NULL;
	f = &out->v[out->n++];
	*f = (struct fw_finding){.kind = kind, .number = a->p->rules[rule].rec.number};
	if (kind <= FW_F_TOO_WIDE && kind != FW_F_CONFLICT)
		fw_space_words(f->space, sizeof(f->space), &a->p->rules[rule].match,
			&a->p->rules[rule].match);
	return f;
}

void fw_finding_other(const struct fw_analysis *a, struct fw_finding *f, uint32_t rule)
{
	const struct fw_policy_rule *mine;

	if (f->kind == FW_F_CONFLICT && f->n_others == 0) {
		mine = fw_policy_find(a->p, f->number);
		fw_space_words(f->space, sizeof(f->space), &mine->match, &a->p->rules[rule].match);
	}
	if (f->n_others < SK_ARRAY_SIZE(f->others))
		f->others[f->n_others++] = a->p->rules[rule].rec.number;
	else
		f->others_more++;
}

/* ---- the space in words -----------------------------------------------------------------------
 */

/* Append what put_into wrote, cut at its last separator if it did not fit or more follows. */
static void append_cut(char *dst, size_t cap, const struct sk_buf *b, bool more)
{
	const char *s = sk_buf_str(b);
	size_t used = strlen(dst), room = cap - used - 1, len = b->len;

	if (sk_buf_error(b) || len + 4 > room)
		more = true;
	if (len + 4 > room) {
		len = room > 4 ? room - 4 : 0;
		while (len > 0 && s[len] != ',' && s[len] != ' ')
			len--;
	}
	memcpy(dst + used, s, len);
	memcpy(dst + used + len, more ? "…" : "", more ? 4 : 1);
}

static void put_addrs(char *dst, size_t cap, const struct fw_addrs *set)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	struct fw_addrs few = *set;

	few.n4 = SK_MIN(set->n4, (size_t)SHOWN);
	few.n6 = SK_MIN(set->n6, SHOWN - SK_MIN(few.n4, (size_t)SHOWN - 1));
	sk_buf_init(&b, 4096);
	fw_addrs_put(&b, &few);
	append_cut(dst, cap, &b, few.n4 < set->n4 || few.n6 < set->n6);
}

static void put_svcs(char *dst, size_t cap, const struct fw_svcs *set)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	struct fw_svcs few = *set;

	few.n = SK_MIN(set->n, (size_t)4 * SHOWN);
	sk_buf_init(&b, 4096);
	fw_svcs_put(&b, &few);
	append_cut(dst, cap, &b, few.n < set->n);
}

static int svcs_and(const struct fw_svcs *a, const struct fw_svcs *b, struct fw_svcs *ret)
{
	for (size_t i = 0; i < a->n; i++) {
		for (size_t k = 0; k < b->n; k++) {
			struct fw_svc s = {
				.proto_lo = SK_MAX(a->v[i].proto_lo, b->v[k].proto_lo),
				.proto_hi = SK_MIN(a->v[i].proto_hi, b->v[k].proto_hi),
				.lo = SK_MAX(a->v[i].lo, b->v[k].lo),
				.hi = SK_MIN(a->v[i].hi, b->v[k].hi),
			};

			if (s.proto_lo <= s.proto_hi && s.lo <= s.hi && fw_svcs_add(ret, s) < 0)
				return -1;
		}
	}
	fw_svcs_normalise(ret);
	return 0;
}

static void add(char *dst, size_t cap, const char *s)
{
	size_t used = strlen(dst), n = strlen(s);

	if (used + n < cap)
		memcpy(dst + used, s, n + 1);
}

void fw_space_words(char *dst, size_t cap, const struct fw_match *a, const struct fw_match *b)
{
	struct fw_addrs src = {0}, dst_set = {0};
	struct fw_svcs svc = {0};
	bool same = a == b;

	dst[0] = '\0';
	/* Without memory the words are left out; the finding itself stands. */
	if (same ||
		(svcs_and(&a->svc, &b->svc, &svc) == 0 &&
			fw_addrs_intersect(&a->src, &b->src, &src) == 0 &&
			fw_addrs_intersect(&a->dst, &b->dst, &dst_set) == 0)) {
		put_svcs(dst, cap / 3, same ? &a->svc : &svc);
		add(dst, cap, " ");
		put_addrs(dst, cap * 2 / 3, same ? &a->src : &src);
		add(dst, cap, " → ");
		put_addrs(dst, cap, same ? &a->dst : &dst_set);
	}
	fw_svcs_done(&svc);
	fw_addrs_done(&src);
	fw_addrs_done(&dst_set);
}
