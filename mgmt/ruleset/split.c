// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules one by one. A rule is a line that is not empty and no comment, continued after a backslash
 * at its end; it is known if its text is, to the letter.
 */
#include "mgmt/ruleset/split.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/table.h"
#include "lib/util.h"

#define GROUP_BYTES_MAX (256u << 20)
#define RULE_MAX (1u << 20)

struct key {
	uint8_t b[32];
};

struct mg_known {
	struct sk_table *t;
};

struct mg_known *mg_known_new(size_t rules)
{
	struct mg_known *k = calloc(1, sizeof(*k));
	uint8_t seed[16];

	if (!k || getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		free(k);
		return NULL;
	}
	k->t = sk_table_new(rules + 1, sizeof(struct key), sizeof(int64_t), seed);
	if (!k->t) {
		free(k);
		return NULL;
	}
	return k;
}

void mg_known_free(struct mg_known *k)
{
	if (!k)
		return;
	sk_table_free(k->t);
	free(k);
}

int mg_known_add(struct mg_known *k, const char *text, size_t n, int64_t monitor_until)
{
	const char *end = text + n;

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((nl ? nl : end) - text);
		struct key key;
		int64_t *v;

		if (len) {
			sk_sha256(key.b, text, len);
			v = sk_table_put(k->t, &key);
			if (!v)
				return -ENOSPC;
			*v = monitor_until;
		}
		text += len + 1;
	}
	return 0;
}

/* ---- files ------------------------------------------------------------------------------------
 */
bool mg_pack_is_rules(const struct mg_pack_file *f, size_t n_files)
{
	size_t n = strlen(f->name);

	return n_files == 1 || (n > 6 && strcmp(f->name + n - 6, ".rules") == 0);
}

bool mg_pack_is_named(const struct mg_pack_file *f, const char *name)
{
	const char *base = strrchr(f->name, '/');

	return strcmp(base ? base + 1 : f->name, name) == 0;
}

/* ---- groups -----------------------------------------------------------------------------------
 */
static struct mg_group *group_of(struct mg_split *s, int64_t until)
{
	struct mg_group *g, *later = NULL;

	for (size_t i = 0; i < s->n; i++) {
		if (s->groups[i].monitor_until == until)
			return &s->groups[i];
		if (until && s->groups[i].monitor_until > until)
			later = &s->groups[i];
	}
	/* Rather a longer trial than none. */
	if (s->n >= MG_GROUPS_MAX - 1 && until && later)
		return later;
	if (s->n == MG_GROUPS_MAX)
		return NULL;
	g = &s->groups[s->n++];
	*g = (struct mg_group){.monitor_until = until};
	sk_buf_init(&g->rules, GROUP_BYTES_MAX);
	sk_buf_init(&g->index, GROUP_BYTES_MAX);
	return g;
}

struct sorting {
	struct mg_split *s;
	const struct mg_known *known;
	int64_t now, until;
	struct sk_buf one; /* the rule being put together */
};

static int put_rule(struct sorting *w, const char *file, size_t line)
{
	const char *p = sk_buf_str(&w->one);
	size_t n = w->one.len;
	const int64_t *known = NULL;
	int64_t until = w->until;
	struct mg_group *g;
	struct key key;

	while (n && strchr(" \t\r", p[n - 1]))
		n--;
	if (!n)
		return 0;
	if (w->s->rules >= MG_SPLIT_RULES_MAX)
		return -EFBIG;
	sk_sha256(key.b, p, n);
	if (w->known)
		known = sk_table_get(w->known->t, &key);
	if (known)
		until = *known > w->now ? *known : 0;
	g = group_of(w->s, until);
	if (!g)
		return -EFBIG;
	sk_buf_put(&g->rules, p, n);
	sk_buf_putc(&g->rules, '\n');
	sk_buf_printf(&g->index, "%s:%zu\n", file, line);
	g->n++;
	w->s->rules++;
	w->s->fresh += !known;
	return sk_buf_error(&g->rules) ? sk_buf_error(&g->rules) : sk_buf_error(&g->index);
}

/* One line of a file; true in *ret_more: the rule goes on in the next. */
static int put_line(struct sorting *w, const char *p, size_t n, bool *more)
{
	while (n && strchr(" \t\r", p[n - 1]))
		n--;
	while (!*more && n && strchr(" \t", *p)) {
		p++;
		n--;
	}
	if (!*more && (!n || *p == '#'))
		return 0;
	*more = n && p[n - 1] == '\\';
	sk_buf_put(&w->one, p, n - (*more ? 1 : 0));
	return sk_buf_error(&w->one) ? -EFBIG : 0;
}

static int sort_file(struct sorting *w, const struct mg_pack_file *f)
{
	const char *p = (const char *)f->data, *end = p + f->len;
	const char *base = strrchr(f->name, '/');
	size_t line = 0, first = 0;
	bool more = false;
	int r = 0;

	base = base ? base + 1 : f->name;
	for (; r == 0 && p < end; line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		if (!more) {
			first = line + 1;
			sk_buf_reset(&w->one);
		}
		r = put_line(w, p, n, &more);
		p += n + 1;
		if (r == 0 && (!more || p >= end))
			r = put_rule(w, base, first);
	}
	return r;
}

/* Files that shape what the rules mean count for the set's identity, too. */
static void identify(struct mg_split *s, const struct mg_pack *k)
{
	struct sk_buf all;
	uint8_t sum[32];
	size_t n;
	const struct mg_pack_file *f = mg_pack_files(k, &n);

	sk_buf_init(&all, 1u << 20);
	for (size_t i = 0; i < n; i++) {
		sk_sha256(sum, f[i].data, f[i].len);
		sk_buf_put(&all, f[i].name, n == 1 ? 0 : strlen(f[i].name) + 1);
		sk_buf_put(&all, sum, sizeof(sum));
	}
	sk_sha256(s->sha256, sk_buf_str(&all), all.len);
	sk_buf_done(&all);
}

int mg_split_make(struct mg_split *s, const struct mg_pack *k, const struct mg_known *known,
	int64_t now, int64_t until, struct sk_err *err)
{
	struct sorting w = {.s = s, .known = known, .now = now, .until = until};
	size_t n;
	const struct mg_pack_file *f = mg_pack_files(k, &n);
	int r = 0;

	*s = (struct mg_split){.n = 0};
	sk_buf_init(&w.one, RULE_MAX);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (mg_pack_is_rules(&f[i], n)) {
			r = sort_file(&w, &f[i]);
			if (r < 0)
				sk_err_prefix(err, "%.100s", f[i].name);
		}
	sk_buf_done(&w.one);
	identify(s, k);
	if (r == -ENOMEM)
		return sk_err_nomem(err);
	if (r < 0)
		return sk_err_set(err, -EFBIG, NULL, "too many rules, or one that is too long",
			"シグネチャが多すぎるか、長すぎるものがあります");
	if (s->rules == 0)
		return sk_err_set(err, -EINVAL, NULL, "there is no rule in it",
			"シグネチャが 1 件も含まれていません");
	return 0;
}

void mg_split_done(struct mg_split *s)
{
	for (size_t i = 0; i < s->n; i++) {
		sk_buf_done(&s->groups[i].rules);
		sk_buf_done(&s->groups[i].index);
	}
	s->n = 0;
}
