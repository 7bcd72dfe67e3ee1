/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fetched list held against what is known; see check.h. Pure. */
#include "mgmt/feeds/check.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/feeds/suffix.h"
#include "mgmt/feeds/allowed.h"

/* Below these a percentage says nothing: three entries of a list of five may well come and go. */
#define FLOOR_ERRORS 10
#define FLOOR_BAD 10
#define FLOOR_LOST 50
#define FLOOR_EMPTIED 10
#define FLOOR_GROWN 1000

typedef unsigned __int128 u128;

#define V4(a, b, c, d) ((u128)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define V6(hi) ((u128)(uint64_t)(hi) << 64)

/*
 * What is never somebody's server in the internet (RFC 6890 and its registries). The ranges for
 * documentation are left out: blocking them harms nobody, and examples use them.
 */
static const struct {
	u128 base;
	unsigned len;
} reserved4[] =
	{
		{V4(0, 0, 0, 0), 8},
		{V4(10, 0, 0, 0), 8},
		{V4(100, 64, 0, 0), 10},
		{V4(127, 0, 0, 0), 8},
		{V4(169, 254, 0, 0), 16},
		{V4(172, 16, 0, 0), 12},
		{V4(192, 0, 0, 0), 24},
		{V4(192, 168, 0, 0), 16},
		{V4(224, 0, 0, 0), 3},
},
  reserved6[] = {
	  {0, 96}, /* unspecified, loopback, IPv4-compatible */
	  {(u128)0xffff << 32, 96},
	  {V6(0x0064ff9b00000000), 96},
	  {V6(0xfc00000000000000), 7},
	  {V6(0xfe80000000000000), 10},
	  {V6(0xff00000000000000), 8},
};

const struct sk_text *mg_check_fault_text(enum mg_check_fault f)
{
	static const struct sk_text texts[MG_CHECK_FAULTS] = {
		[MG_CHECK_OK] = {"possible", "問題なし"},
		[MG_CHECK_RESERVED] = {"a private or reserved address", "私設・予約済みアドレス"},
		[MG_CHECK_OWN] = {"this site's own network, router or name server",
			"自社のネットワーク・ルーター・DNS サーバー"},
		[MG_CHECK_WIDE] = {"far too wide", "範囲が広すぎる"},
		[MG_CHECK_EVERYTHING] = {"every address there is", "すべてのアドレス"},
	};

	return &texts[f];
}

/* ---- single entries ---- */
static bool meets(const struct mg_list_entry *e, u128 lo, u128 hi)
{
	return e->lo <= hi && e->hi >= lo;
}

static bool is_reserved(const struct mg_list_entry *e)
{
	bool v4 = e->kind == SK_BL_ADDR4;
	size_t n = v4 ? SK_ARRAY_SIZE(reserved4) : SK_ARRAY_SIZE(reserved6);

	for (size_t i = 0; i < n; i++) {
		u128 base = v4 ? reserved4[i].base : reserved6[i].base;
		unsigned len = v4 ? reserved4[i].len : reserved6[i].len;

		if (meets(e, base, base + (((u128)1 << ((v4 ? 32 : 128) - len)) - 1)))
			return true;
	}
	return false;
}

static enum mg_check_fault check_range(const struct mg_check_in *in, const struct mg_list_entry *e)
{
	bool v4 = e->kind == SK_BL_ADDR4;
	u128 size = e->hi - e->lo, all = v4 ? 0xffffffffu : ~(u128)0;
	unsigned width = v4 ? 32 - in->limits.width4 : 128 - in->limits.width6;

	if (size == all)
		return MG_CHECK_EVERYTHING;
	if (size >= (u128)1 << width)
		return MG_CHECK_WIDE;
	if (is_reserved(e))
		return MG_CHECK_RESERVED;
	for (size_t i = 0; i < in->n_own; i++)
		if (in->own[i].kind == e->kind && meets(e, in->own[i].lo, in->own[i].hi))
			return MG_CHECK_OWN;
	return MG_CHECK_OK;
}

enum mg_check_fault mg_check_entry(const struct mg_check_in *in, const struct mg_list_entry *e)
{
	if (e->kind == SK_BL_ADDR4 || e->kind == SK_BL_ADDR6)
		return check_range(in, e);
	/* A list's mistake either way; a site may block a hosting company's names itself. */
	return e->kind == SK_BL_SUFFIX && mg_suffix(e->value, e->len) != MG_SUFFIX_OWNED
		? MG_CHECK_WIDE
		: MG_CHECK_OK;
}

/* ---- all of them ---- */
struct checking {
	const struct mg_check_in *in;
	struct mg_check_result *r;
	const struct mg_allowed *allowed;
	u128 end[2]; /* IPv4, IPv6: the first address that nothing covered yet */
};

/* Entries come in order, so that all before end is counted. */
static void count_cover(struct checking *c, const struct mg_list_entry *e)
{
	bool v6 = e->kind == SK_BL_ADDR6;
	u128 *cover = v6 ? &c->r->cover6 : &c->r->cover4;

	if ((e->kind != SK_BL_ADDR4 && !v6) || e->hi < c->end[v6])
		return;
	*cover += e->hi - SK_MAX(e->lo, c->end[v6]) + 1;
	c->end[v6] = e->hi + 1;
}

static void example(struct mg_check_result *r, const struct mg_list_entry *e, enum mg_check_fault f,
	bool allowed)
{
	struct mg_check_example *x = &r->examples[r->n_examples];

	if (r->n_examples == MG_CHECK_EXAMPLES)
		return;
	snprintf(x->text, sizeof(x->text), "%.*s", (int)SK_MIN(e->len, sizeof(x->text) - 1),
		e->value);
	x->fault = f;
	x->allowed = allowed;
	r->n_examples++;
}

static int look(const struct mg_list_entry *e, void *arg)
{
	struct checking *c = arg;
	enum mg_check_fault f = mg_check_entry(c->in, e);

	if (f == MG_CHECK_OK) {
		c->r->entries++;
		count_cover(c, e);
		return 0;
	}
	c->r->faults[f]++;
	c->r->left_out++;
	example(c->r, e, f, false);
	return 0;
}

static int look_new(const struct mg_list_entry *e, bool added, void *arg)
{
	struct checking *c = arg;

	if (!added) {
		c->r->removed++;
		return 0;
	}
	if (mg_check_entry(c->in, e) != MG_CHECK_OK)
		return 0;
	c->r->added++;
	if (mg_allowed_hit(c->allowed, e)) {
		c->r->allow_hits++;
		example(c->r, e, MG_CHECK_OK, true);
	} else if (c->in->contacted && c->in->contacted(e, c->in->arg)) {
		c->r->contact_hits++;
		example(c->r, e, MG_CHECK_OK, false);
	}
	return 0;
}

static int compare(struct checking *c, const void *staged, size_t n, struct sk_err *err)
{
	struct mg_list_reader *before = NULL, *after = NULL;
	struct mg_list_diff diff;
	struct mg_list_head head;
	int r;

	/* A damaged list in use is no reason to refuse a good one. */
	if (c->in->before &&
		mg_list_check(c->in->before, c->in->before_n, &head, NULL, NULL, NULL) == 0) {
		c->r->before = head.entries;
		mg_list_head_done(&head);
		if (mg_list_open(&before, c->in->before, c->in->before_n, err) < 0)
			return sk_err_nomem(err);
	}
	r = mg_list_open(&after, staged, n, err);
	if (r == 0)
		r = mg_list_compare(before, after, &diff, look_new, c, err);
	mg_list_close(before);
	mg_list_close(after);
	return r;
}

/* ---- the verdict ---- */
#define REFUSE(r, en, ja, ...) sk_err_set(next_reason(r), -EINVAL, NULL, en, ja, __VA_ARGS__)

static struct sk_err *next_reason(struct mg_check_result *r)
{
	r->accept = false;
	return r->n_reasons < MG_CHECK_REASONS ? &r->reasons[r->n_reasons++] : NULL;
}

static bool beyond(uint64_t part, uint64_t whole, unsigned percent)
{
	return part * 100 > whole * percent;
}

typedef unsigned long long ull;

static void judge_lines(const struct mg_check_in *in, struct mg_check_result *r)
{
	const struct mg_check_limits *l = &in->limits;
	uint64_t all = r->entries + r->left_out;

	if (r->errors && (r->errors > FLOOR_ERRORS || !all) &&
		beyond(r->errors, all + r->errors, l->errors))
		REFUSE(r, "%llu of %llu lines cannot be read (at most %u %%)",
			"%2$llu 行中 %1$llu 行を読み取れません (上限 %3$u%%)", (ull)r->errors,
			(ull)(all + r->errors), l->errors);
	if (r->faults[MG_CHECK_EVERYTHING])
		REFUSE(r, "it lists every address there is (%llu entries)",
			"すべてのアドレスを指す項目があります (%llu 件)",
			(ull)r->faults[MG_CHECK_EVERYTHING]);
	if (r->left_out && (r->left_out > FLOOR_BAD || !r->entries) &&
		beyond(r->left_out, all, l->bad))
		REFUSE(r,
			"%llu of %llu entries are impossible: %llu private or reserved, %llu own, "
			"%llu too wide (at most %u %%)",
			"%2$llu 件中 %1$llu 件が登録できない項目です (私設・予約済み %3$llu、自社 "
			"%4$llu、広すぎる %5$llu。上限 %6$u%%)",
			(ull)r->left_out, (ull)all, (ull)r->faults[MG_CHECK_RESERVED],
			(ull)r->faults[MG_CHECK_OWN], (ull)r->faults[MG_CHECK_WIDE], l->bad);
}

static void judge_size(const struct mg_check_in *in, struct mg_check_result *r)
{
	const struct mg_check_limits *l = &in->limits;
	bool emptied = !r->entries && r->before >= FLOOR_EMPTIED;

	if (r->before && r->entries > FLOOR_GROWN && r->entries > r->before * l->growth)
		REFUSE(r, "it grew from %llu to %llu entries, more than %u times",
			"%llu 件から %llu 件に増えています (上限 %u 倍)", (ull)r->before,
			(ull)r->entries, l->growth);
	if (emptied ||
		(r->removed > FLOOR_LOST && r->entries < r->before &&
			beyond(r->before - r->entries, r->before, l->loss)))
		REFUSE(r, "it shrank from %llu to %llu entries, by more than %u %%",
			"%llu 件から %llu 件に減っています (上限 %u%%)", (ull)r->before,
			(ull)r->entries, l->loss);
	if (r->entries > l->room)
		REFUSE(r,
			"its %llu entries do not fit: there is room for %llu "
			"(blocklist.max_entries)",
			"%llu 件は容量を超えます (残り %llu 件、blocklist.max_entries)",
			(ull)r->entries, (ull)l->room);
}

/* Of 2^space, in percent, rounded up. */
static unsigned percent_of(u128 part, unsigned space)
{
	unsigned cut = space > 32 ? space - 32 : 0; /* what is lost by it is no part of a percent */

	return (unsigned)(((part >> cut) * 100 + ((u128)1 << (space - cut)) - 1) >> (space - cut));
}

/* No entry is too wide, and yet all of them are the internet: halves of halves. */
static void judge_cover(const struct mg_check_in *in, struct mg_check_result *r)
{
	unsigned v4 = percent_of(r->cover4, 32), v6 = percent_of(r->cover6, 125); /* 2000::/3 */

	if (SK_MAX(v4, v6) > in->limits.cover)
		REFUSE(r,
			"it covers %u %% of all %s addresses (at most %u %%, blocklist.max_cover)",
			"全 %2$s アドレスの %1$u%% を占めています (上限 "
			"%3$u%%、blocklist.max_cover)",
			SK_MAX(v4, v6), v4 >= v6 ? "IPv4" : "IPv6", in->limits.cover);
}

static void judge_hits(const struct mg_check_in *in, struct mg_check_result *r)
{
	const struct mg_check_limits *l = &in->limits;

	if (l->block && r->allow_hits + r->contact_hits > l->hits)
		REFUSE(r,
			"%llu new entries are on the allow-list and %llu are what this site talks "
			"to (at most %u)",
			"新しい項目のうち %llu 件が除外リスト、%llu 件が日常の通信先に当たります "
			"(上限 "
			"%u 件)",
			(ull)r->allow_hits, (ull)r->contact_hits, l->hits);
}

int mg_check(const struct mg_check_in *in, const void *staged, size_t n,
	struct mg_check_result *ret, struct sk_err *err)
{
	struct checking c = {.in = in, .r = ret};
	struct mg_allowed *allowed = NULL;
	struct mg_list_head head = {.json = NULL};
	int r = mg_allowed_new(&allowed, in->allow, in->allow ? in->allow_n : 0, err);

	*ret = (struct mg_check_result){.accept = true};
	if (r < 0)
		return r;
	c.allowed = allowed;
	r = mg_list_check(staged, n, &head, look, &c, err);
	if (r == 0) {
		ret->lines = head.lines;
		ret->errors = head.errors;
		mg_list_head_done(&head);
		r = compare(&c, staged, n, err);
	}
	mg_allowed_free(allowed);
	if (r < 0)
		return r;
	judge_lines(in, ret);
	judge_size(in, ret);
	judge_cover(in, ret);
	judge_hits(in, ret);
	return 0;
}
