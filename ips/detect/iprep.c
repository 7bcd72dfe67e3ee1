/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP reputation in Suricata's form: categories.txt ("id,name,description") and lists
 * ("address or network,category id,score 1..127"). Loaded as a whole and swapped under a lock;
 * looked up by the longest prefix that a category has for an address.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ips/detect/state_int.h"
#include "lib/util.h"

#define ENTRIES_MAX (4u << 20)
#define NAME_MAX_LEN 31
#define CATEGORIES 61 /* ids 1..60, as Suricata's */

struct rep {
	uint8_t addr[16]; /* host bits zero */
	uint8_t family, plen, category, score;
};

struct ips_iprep {
	pthread_rwlock_t lock;
	char names[CATEGORIES][NAME_MAX_LEN + 1];
	struct rep *e; /* sorted by compare() */
	size_t n;
	/* Prefix lengths in use, longest first, by family (0: IPv4). */
	uint8_t plens[2][129];
	uint16_t plens_n[2];
};

struct ips_iprep *ips_iprep_new(const uint8_t seed[16])
{
	struct ips_iprep *r = calloc(1, sizeof(*r));

	if (r)
		pthread_rwlock_init(&r->lock, NULL);
	return r;
}

void ips_iprep_free(struct ips_iprep *r)
{
	if (!r)
		return;
	pthread_rwlock_destroy(&r->lock);
	free(r->e);
	free(r);
}

static int compare(const void *a, const void *b)
{
	const struct rep *x = a, *y = b;

	if (x->category != y->category)
		return x->category < y->category ? -1 : 1;
	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (x->plen != y->plen)
		return x->plen < y->plen ? -1 : 1;
	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

static void mask(uint8_t a[16], unsigned plen)
{
	for (unsigned i = 0; i < 16; i++) {
		if (plen >= i * 8 + 8)
			continue;
		a[i] &= plen > i * 8 ? (uint8_t)(0xff << (8 - (plen - i * 8))) : 0;
	}
}

/* The next comma-separated field of a line into dst, blanks around it cut. */
static bool field(const char **p, const char *end, char *dst, size_t cap)
{
	const char *comma = memchr(*p, ',', (size_t)(end - *p));
	const char *a = *p, *b = comma ? comma : end;

	while (a < b && (*a == ' ' || *a == '\t'))
		a++;
	while (b > a && (b[-1] == ' ' || b[-1] == '\t' || b[-1] == '\r'))
		b--;
	if (a == b || (size_t)(b - a) >= cap)
		return false;
	memcpy(dst, a, (size_t)(b - a));
	dst[b - a] = '\0';
	*p = comma ? comma + 1 : end;
	return true;
}

static bool read_category(struct ips_iprep *r, const char *p, const char *end)
{
	char id[8], name[NAME_MAX_LEN + 1];
	uint64_t n;

	if (!field(&p, end, id, sizeof(id)) || !field(&p, end, name, sizeof(name)) ||
		sk_parse_u64(id, CATEGORIES - 1, &n) < 0 || n == 0)
		return false;
	memcpy(r->names[n], name, sizeof(name));
	return true;
}

static bool read_entry(const char *p, const char *end, struct rep *e)
{
	char addr[64], cat[8], score[8], *slash;
	uint64_t plen, c, s;

	if (!field(&p, end, addr, sizeof(addr)) || !field(&p, end, cat, sizeof(cat)) ||
		!field(&p, end, score, sizeof(score)))
		return false;
	if (sk_parse_u64(cat, CATEGORIES - 1, &c) < 0 || c == 0 || sk_parse_u64(score, 127, &s) < 0)
		return false;
	memset(e, 0, sizeof(*e));
	slash = strchr(addr, '/');
	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, addr, e->addr) == 1)
		e->family = 4;
	else if (inet_pton(AF_INET6, addr, e->addr) == 1)
		e->family = 6;
	else
		return false;
	plen = e->family == 4 ? 32 : 128;
	if (slash && sk_parse_u64(slash + 1, plen, &plen) < 0)
		return false;
	e->plen = (uint8_t)plen;
	e->category = (uint8_t)c;
	e->score = (uint8_t)s;
	mask(e->addr, e->plen);
	return true;
}

/* Lines of text to each(): 0, -EINVAL with the line's number, or what each() says. */
static int lines(const char *text, size_t n, unsigned *line,
	int (*each)(const char *p, const char *end, void *arg), void *arg)
{
	int ret = 0;

	for (*line = 1; n && ret == 0; (*line)++) {
		const char *nl = memchr(text, '\n', n);
		size_t len = nl ? (size_t)(nl - text) : n, step = nl ? len + 1 : len;

		while (len && (text[len - 1] == '\r' || text[len - 1] == ' '))
			len--;
		if (len && text[0] != '#')
			ret = each(text, text + len, arg);
		text += step;
		n -= step;
	}
	return ret;
}

static int each_category(const char *p, const char *end, void *arg)
{
	return read_category(arg, p, end) ? 0 : -EINVAL;
}

struct list {
	struct rep *e;
	size_t n, cap;
};

static int each_entry(const char *p, const char *end, void *arg)
{
	struct list *l = arg;

	if (l->n >= ENTRIES_MAX)
		return -ENOSPC;
	if (sk_grow(&l->e, &l->cap, l->n + 1, sizeof(*l->e)) < 0)
		return -ENOMEM;
	if (!read_entry(p, end, &l->e[l->n]))
		return -EINVAL;
	l->n++;
	return 0;
}

static void note_plens(struct ips_iprep *r)
{
	bool seen[2][129] = {{false}};

	for (size_t i = 0; i < r->n; i++)
		seen[r->e[i].family == 6][r->e[i].plen] = true;
	for (unsigned f = 0; f < 2; f++) {
		r->plens_n[f] = 0;
		for (int p = 128; p >= 0; p--)
			if (seen[f][p])
				r->plens[f][r->plens_n[f]++] = (uint8_t)p;
	}
}

int ips_iprep_load(struct ips_state *s, const char *categories, size_t cn, const char *list,
	size_t n, struct sk_err *err)
{
	struct ips_iprep *r = s->rep, fresh = {0};
	struct list l = {0};
	unsigned line = 0;
	int ret;

	ret = lines(categories, cn, &line, each_category, &fresh);
	if (ret == 0)
		ret = lines(list, n, &line, each_entry, &l);
	if (ret < 0) {
		free(l.e);
		return ret == -ENOMEM ? sk_err_nomem(err)
				      : sk_err_en(err, ret, "iprep",
						ret == -ENOSPC ? "more than %u entries"
							       : "line %u is not readable",
						ret == -ENOSPC ? ENTRIES_MAX : line - 1);
	}
	if (l.n)
		qsort(l.e, l.n, sizeof(*l.e), compare);
	pthread_rwlock_wrlock(&r->lock);
	free(r->e);
	memcpy(r->names, fresh.names, sizeof(r->names));
	r->e = l.e;
	r->n = l.n;
	note_plens(r);
	pthread_rwlock_unlock(&r->lock);
	return 0;
}

static uint8_t look(const struct ips_iprep *r, uint8_t cat, uint8_t family, const uint8_t a[16])
{
	unsigned f = family == 6;

	for (unsigned i = 0; i < r->plens_n[f]; i++) {
		struct rep key = {.family = family, .plen = r->plens[f][i], .category = cat};
		const struct rep *e;

		memcpy(key.addr, a, sizeof(key.addr));
		mask(key.addr, key.plen);
		e = bsearch(&key, r->e, r->n, sizeof(*r->e), compare);
		if (e)
			return e->score;
	}
	return 0;
}

uint8_t ips_iprep_get(
	struct ips_state *s, const char *category, uint8_t family, const struct ips_addr *a)
{
	struct ips_iprep *r = s->rep;
	uint8_t score = 0, bytes[16];

	memcpy(bytes, a->w, sizeof(bytes));
	pthread_rwlock_rdlock(&r->lock);
	for (unsigned c = 1; c < CATEGORIES && r->n; c++)
		if (strcmp(r->names[c], category) == 0) {
			score = look(r, (uint8_t)c, family, bytes);
			break;
		}
	pthread_rwlock_unlock(&r->lock);
	return score;
}
