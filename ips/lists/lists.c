/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table: entries one after another as {kind, feed, length, text} in one piece of memory, and
 * slots of eight bytes with linear probing that point into it. Built once, by the loader; then only
 * read, by all workers at a time.
 */
#include "ips/lists/lists.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ips/lists/hash.h"
#include "lib/json.h"
#include "lib/util.h"

#define RECORD 5 /* bytes before the text: kind, feed, length */

struct slot {
	uint32_t tag, at; /* at: offset + 1; 0 is empty */
};

struct record {
	uint8_t kind;
	uint16_t feed, len;
	const char *text;
};

struct range {
	unsigned __int128 lo, hi;
};

struct ips_lists {
	_Atomic unsigned refs;
	struct ips_sipkey key;
	uint8_t *blob;
	size_t blob_len, records;
	struct slot *slots;
	size_t slots_n;
	uint64_t depths;          /* bit k: there is a suffix of k + 1 labels; bit 63: or more */
	struct range *allowed[2]; /* addresses, IPv4 and IPv6; sorted, apart */
	size_t allowed_n[2], allowed_cap[2];
	struct sk_bl_head head;
	struct ips_lists_info info;
};

/* ---- records ----------------------------------------------------------------------------- */

static struct record record_at(const struct ips_lists *l, size_t off)
{
	const uint8_t *p = l->blob + off;
	struct record r = {.kind = p[0], .text = (const char *)p + RECORD};

	memcpy(&r.feed, p + 1, 2);
	memcpy(&r.len, p + 3, 2);
	return r;
}

static int add_range(struct ips_lists *l, const struct sk_bl_entry *e)
{
	unsigned f = e->kind == SK_BL_ADDR6;

	if (sk_grow(&l->allowed[f], &l->allowed_cap[f], l->allowed_n[f] + 1, sizeof(struct range)) <
		0)
		return -ENOMEM;
	l->allowed[f][l->allowed_n[f]++] = (struct range){e->lo, e->hi};
	return 0;
}

static int on_entry(const struct sk_bl_entry *e, void *arg)
{
	struct ips_lists *l = arg;
	uint16_t len = (uint16_t)e->len;
	uint8_t *p = l->blob + l->blob_len;

	l->info.entries[e->kind]++;
	l->info.allowed += e->feed == SK_BL_ALLOW;
	if (e->kind <= SK_BL_ADDR6)
		return e->feed == SK_BL_ALLOW ? add_range(l, e) : 0;
	/* A line has five bytes beside its value as well: the document's size is enough. */
	p[0] = (uint8_t)e->kind;
	memcpy(p + 1, &e->feed, 2);
	memcpy(p + 3, &len, 2);
	memcpy(p + RECORD, e->value, len);
	l->blob_len += RECORD + (size_t)len;
	l->records++;
	return 0;
}

/* ---- hashing ----------------------------------------------------------------------------- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unreserved(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~';
}

/* Host in lower case; %41 is A, %2f is %2F. dst has room for n bytes. Length of dst. */
static size_t normal_url(const char *s, size_t n, char *dst)
{
	bool host = true;
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		int hi = i + 2 < n && s[i] == '%' ? hex(s[i + 1]) : -1;
		int lo = hi >= 0 ? hex(s[i + 2]) : -1;

		if (lo >= 0 && unreserved(hi * 16 + lo)) {
			dst[k++] = (char)(hi * 16 + lo);
			i += 2;
		} else if (lo >= 0) {
			dst[k++] = '%';
			dst[k++] = "0123456789ABCDEF"[hi];
			dst[k++] = "0123456789ABCDEF"[lo];
			i += 2;
		} else {
			host &= s[i] != '/' && s[i] != '?';
			dst[k++] = host && s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 32) : s[i];
		}
	}
	return k;
}

static uint64_t plain_hash(const struct ips_lists *l, enum sk_bl_kind kind, const char *s, size_t n)
{
	return lists_hash(&l->key, 2 + (uint64_t)kind, s, n);
}

/* False: a name of a form that is never asked for. */
static bool record_hash(struct ips_lists *l, const struct record *r, uint64_t *ret)
{
	char url[IPS_LISTS_URL_MAX];
	struct lists_labels labels;

	switch (r->kind) {
	case SK_BL_DOMAIN:
	case SK_BL_SUFFIX:
		if (!lists_labels(&labels, &l->key, r->text, r->len))
			return false;
		if (r->kind == SK_BL_SUFFIX || r->feed == SK_BL_ALLOW)
			l->depths |= 1ull << SK_MIN(labels.n - 1, 63u);
		*ret = labels.hash[labels.n - 1];
		return true;
	case SK_BL_URL:
		*ret = plain_hash(l, SK_BL_URL, url, normal_url(r->text, r->len, url));
		return true;
	default: *ret = plain_hash(l, r->kind, r->text, r->len); return true;
	}
}

static size_t first_slot(const struct ips_lists *l, uint64_t hash)
{
	return (size_t)((hash >> 32) * l->slots_n >> 32);
}

static size_t next_slot(const struct ips_lists *l, size_t i)
{
	return i + 1 == l->slots_n ? 0 : i + 1;
}

/* ---- making ------------------------------------------------------------------------------ */

static int make_slots(struct ips_lists *l, struct sk_err *err)
{
	uint8_t *shrunk;
	size_t off = 0;

	shrunk = realloc(l->blob, SK_MAX(l->blob_len, 1));
	if (shrunk)
		l->blob = shrunk;
	l->slots_n = l->records + l->records / 2 + 8;
	l->slots = calloc(l->slots_n, sizeof(*l->slots));
	if (!l->slots)
		return sk_err_nomem(err);
	while (off < l->blob_len) {
		struct record r = record_at(l, off);
		uint64_t hash;
		size_t i;

		if (record_hash(l, &r, &hash)) {
			for (i = first_slot(l, hash); l->slots[i].at;)
				i = next_slot(l, i);
			l->slots[i] = (struct slot){(uint32_t)hash, (uint32_t)off + 1};
		}
		off += RECORD + (size_t)r.len;
	}
	return 0;
}

static int by_lo(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static void merge_ranges(struct ips_lists *l, unsigned f)
{
	struct range *r = l->allowed[f];
	size_t k = 0;

	if (l->allowed_n[f] == 0)
		return;
	qsort(r, l->allowed_n[f], sizeof(*r), by_lo);
	for (size_t i = 1; i < l->allowed_n[f]; i++) {
		if (r[i].lo <= r[k].hi)
			r[k].hi = SK_MAX(r[k].hi, r[i].hi);
		else
			r[++k] = r[i];
	}
	l->allowed_n[f] = k + 1;
}

static int read_address(const json_t *dns, const char *key, int family, bool *ret_has,
	struct ips_addr *ret, struct sk_err *err)
{
	const char *text = NULL;
	int r = sk_json_str(dns, key, false, &text, err);

	if (r < 0 || !text)
		return r;
	if (inet_pton(family, text, ret->w) != 1)
		return sk_err_set(err, -EINVAL, key, "%s is no address of that kind",
			"%s はこの種類のアドレスではありません", text);
	*ret_has = true;
	return 0;
}

static int read_dns(struct ips_lists_dns *d, const json_t *head, struct sk_err *err)
{
	const char *answer = "nxdomain";
	json_t *dns = NULL;
	int r = sk_json_object(head, "dns", false, &dns, err);

	if (r < 0 || !dns)
		return r;
	r = sk_json_str(dns, "answer", false, &answer, err);
	if (r == 0 && strcmp(answer, "nxdomain") != 0 && strcmp(answer, "address") != 0)
		r = sk_err_set(err, -EINVAL, "answer", "must be \"nxdomain\" or \"address\"",
			"\"nxdomain\" または \"address\" を指定してください");
	d->address = answer[0] == 'a';
	if (r == 0)
		r = read_address(dns, "a", AF_INET, &d->has_a, &d->a, err);
	if (r == 0)
		r = read_address(dns, "aaaa", AF_INET6, &d->has_aaaa, &d->aaaa, err);
	if (r < 0)
		sk_err_prefix(err, "dns");
	return r;
}

static int read_head(struct ips_lists *l, struct sk_err *err)
{
	struct ips_lists_info *i = &l->info;
	int r;

	i->learn = true;
	r = sk_json_bool(l->head.json, "learn", false, &i->learn, err);
	if (r == 0)
		r = read_dns(&i->dns, l->head.json, err);
	i->generation = l->head.generation;
	i->sha256 = l->head.sha256;
	return r;
}

int ips_lists_new(struct ips_lists **ret, const void *doc, size_t n, const uint8_t seed[16],
	struct sk_err *err)
{
	struct ips_lists *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return sk_err_nomem(err);
	atomic_init(&l->refs, 1);
	memcpy(&l->key, seed, sizeof(l->key));
	l->blob = malloc(SK_MAX(n, 1));
	r = l->blob ? sk_bl_parse(doc, n, &l->head, on_entry, l, err) : sk_err_nomem(err);
	if (r == -ENOMEM)
		sk_err_nomem(err);
	if (r == 0)
		r = read_head(l, err);
	if (r == 0)
		r = make_slots(l, err);
	if (r < 0) {
		ips_lists_unref(l);
		return r;
	}
	merge_ranges(l, 0);
	merge_ranges(l, 1);
	l->info.bytes = sizeof(*l) + l->blob_len + l->slots_n * sizeof(*l->slots) +
		(l->allowed_cap[0] + l->allowed_cap[1]) * sizeof(struct range);
	*ret = l;
	return 0;
}

struct ips_lists *ips_lists_ref(struct ips_lists *l)
{
	if (l)
		atomic_fetch_add(&l->refs, 1);
	return l;
}

void ips_lists_unref(struct ips_lists *l)
{
	if (!l || atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	sk_bl_head_done(&l->head);
	free(l->allowed[0]);
	free(l->allowed[1]);
	free(l->slots);
	free(l->blob);
	free(l);
}

const struct ips_lists_info *ips_lists_info(const struct ips_lists *l)
{
	return &l->info;
}

const char *ips_lists_feed(const struct ips_lists *l, uint16_t feed)
{
	return feed < l->head.n_feeds ? l->head.feeds[feed].name : "";
}

/* ---- asking ------------------------------------------------------------------------------ */

static enum ips_lists_verdict verdict_of(const struct ips_lists *l, const struct record *r)
{
	if (r->feed == SK_BL_ALLOW)
		return IPS_LISTS_ALLOWED;
	return r->feed < l->head.n_feeds && l->head.feeds[r->feed].block ? IPS_LISTS_BLOCK
									 : IPS_LISTS_MONITOR;
}

/* The stronger verdict stays; of equal ones the first, which is the more specific. */
static void consider(const struct ips_lists *l, const struct record *r,
	enum ips_lists_verdict *best, struct ips_lists_hit *hit)
{
	enum ips_lists_verdict v = verdict_of(l, r);

	if (v <= *best)
		return;
	*best = v;
	*hit = (struct ips_lists_hit){r->kind, r->feed, r->text, r->len};
}

static bool same_url(const struct record *r, const char *s, size_t n)
{
	char url[IPS_LISTS_URL_MAX];

	return normal_url(r->text, r->len, url) == n && memcmp(url, s, n) == 0;
}

static void ask_plain(const struct ips_lists *l, enum sk_bl_kind kind, const char *s, size_t n,
	enum ips_lists_verdict *best, struct ips_lists_hit *hit)
{
	uint64_t hash = plain_hash(l, kind, s, n);

	for (size_t i = first_slot(l, hash); l->slots[i].at; i = next_slot(l, i)) {
		struct record r;

		if (l->slots[i].tag != (uint32_t)hash)
			continue;
		r = record_at(l, l->slots[i].at - 1);
		if (r.kind == kind &&
			(kind == SK_BL_URL ? same_url(&r, s, n)
					   : r.len == n && memcmp(r.text, s, n) == 0))
			consider(l, &r, best, hit);
	}
}

/* What stands for the suffix s, which is the whole name or not. */
static void ask_suffix(const struct ips_lists *l, uint64_t hash, struct ips_view s, bool whole,
	enum ips_lists_verdict *best, struct ips_lists_hit *hit)
{
	for (size_t i = first_slot(l, hash); l->slots[i].at; i = next_slot(l, i)) {
		struct record r;

		if (l->slots[i].tag != (uint32_t)hash)
			continue;
		r = record_at(l, l->slots[i].at - 1);
		if (r.kind != SK_BL_SUFFIX &&
			!(r.kind == SK_BL_DOMAIN && (whole || r.feed == SK_BL_ALLOW)))
			continue;
		if (r.len == s.len && memcmp(r.text, s.data, s.len) == 0)
			consider(l, &r, best, hit);
	}
}

enum ips_lists_verdict ips_lists_name(
	const struct ips_lists *l, const char *name, size_t n, struct ips_lists_hit *ret)
{
	enum ips_lists_verdict best = IPS_LISTS_NONE;
	char text[IPS_LISTS_NAME_MAX];
	struct lists_labels labels;

	if (n && name[n - 1] == '.')
		n--;
	if (n > sizeof(text) || l->records == 0)
		return IPS_LISTS_NONE;
	for (size_t i = 0; i < n; i++)
		text[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
	if (!lists_labels(&labels, &l->key, text, n))
		return IPS_LISTS_NONE;
	/* Each is a cache miss in a long list: let them come together. */
	for (unsigned k = labels.n; k-- > 0;)
		if (k + 1 == labels.n || l->depths >> SK_MIN(k, 63u) & 1)
			__builtin_prefetch(&l->slots[first_slot(l, labels.hash[k])]);
	for (unsigned k = labels.n; k-- > 0 && best != IPS_LISTS_ALLOWED;) {
		bool whole = k + 1 == labels.n;
		struct ips_view s = {
			(const uint8_t *)text + labels.at[k], (uint32_t)n - labels.at[k]};

		if (whole || l->depths >> SK_MIN(k, 63u) & 1)
			ask_suffix(l, labels.hash[k], s, whole, &best, ret);
	}
	return best;
}

/* Is the host of the URL on the allow-list? Also without its port. */
static bool host_allowed(
	const struct ips_lists *l, const char *url, size_t n, struct ips_lists_hit *ret)
{
	const char *slash = memchr(url, '/', n), *colon;
	size_t host = slash ? (size_t)(slash - url) : n;
	struct ips_lists_hit hit;

	colon = host && url[0] != '[' ? memchr(url, ':', host) : NULL;
	if (colon)
		host = (size_t)(colon - url);
	if (ips_lists_name(l, url, host, &hit) != IPS_LISTS_ALLOWED)
		return false;
	*ret = hit;
	return true;
}

enum ips_lists_verdict ips_lists_url(
	const struct ips_lists *l, const char *url, size_t n, struct ips_lists_hit *ret)
{
	enum ips_lists_verdict best = IPS_LISTS_NONE;
	char text[IPS_LISTS_URL_MAX];
	const char *query;
	size_t len;

	if (n == 0 || n > sizeof(text) || l->info.entries[SK_BL_URL] == 0)
		return IPS_LISTS_NONE;
	len = normal_url(url, n, text);
	ask_plain(l, SK_BL_URL, text, len, &best, ret);
	query = memchr(text, '?', len);
	if (query && best != IPS_LISTS_ALLOWED)
		ask_plain(l, SK_BL_URL, text, (size_t)(query - text), &best, ret);
	if (best != IPS_LISTS_NONE && best != IPS_LISTS_ALLOWED && host_allowed(l, text, len, ret))
		best = IPS_LISTS_ALLOWED;
	return best;
}

enum ips_lists_verdict ips_lists_print(const struct ips_lists *l, enum sk_bl_kind kind,
	const char *text, size_t n, struct ips_lists_hit *ret)
{
	enum ips_lists_verdict best = IPS_LISTS_NONE;

	if (kind >= SK_BL_KINDS || n == 0 || n > IPS_LISTS_URL_MAX || l->info.entries[kind] == 0)
		return IPS_LISTS_NONE;
	ask_plain(l, kind, text, n, &best, ret);
	return best;
}

bool ips_lists_allows(const struct ips_lists *l, uint8_t family, const struct ips_addr *a)
{
	unsigned f = family == 6;
	size_t lo = 0, hi = l->allowed_n[f];
	unsigned __int128 v = 0;

	for (unsigned i = 0; i < (f ? 4 : 1); i++)
		v = v << 32 | ntohl(a->w[i]);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (l->allowed[f][mid].hi < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->allowed_n[f] && l->allowed[f][lo].lo <= v;
}
