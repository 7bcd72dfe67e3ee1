/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counters' book-keeping. A record that left the policy keeps its entry, so that a renewed or
 * resumed rule goes on where it stopped; only when the table is full are entries without a kernel
 * counter let go.
 */
#include "fw/fwd/counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"

#define FORMAT "sekisho-counters"

void fwd_counters_done(struct fwd_counters *c)
{
	free(c->v);
	*c = (struct fwd_counters){0};
}

/* Position of number, or where it belongs. */
static size_t lower_bound(const struct fwd_counters *c, uint32_t number)
{
	size_t lo = 0, hi = c->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->v[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct fwd_counter *fwd_counters_find(const struct fwd_counters *c, uint32_t number)
{
	size_t i = lower_bound(c, number);

	return i < c->n && c->v[i].number == number ? &c->v[i] : NULL;
}

static void prune(struct fwd_counters *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].in_kernel)
			c->v[n++] = c->v[i];
	c->n = n;
}

static int cmp_kernel(const void *a, const void *b)
{
	const struct fw_nft_counter *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int cmp_entry(const void *a, const void *b)
{
	const struct fwd_counter *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Append n zero entries with these numbers, none of which is in c, and sort. */
static int add(struct fwd_counters *c, const struct fw_nft_counter *k, size_t n)
{
	int r;

	if (n == 0)
		return 0;
	if (c->n + n > FWD_COUNTERS_MAX)
		prune(c);
	r = sk_grow(&c->v, &c->cap, c->n + n, sizeof(*c->v));
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		c->v[c->n++] = (struct fwd_counter){.number = k[i].number};
	qsort(c->v, c->n, sizeof(*c->v), cmp_entry);
	c->changed = true;
	return 0;
}

static void take(struct fwd_counter *e, const struct fw_nft_counter *k, int64_t now, bool fresh)
{
	uint64_t packets, bytes;

	/* Less than before: somebody reset it or made a new one. What was counted stays counted. */
	if (k->packets < e->packets - e->base_packets || k->bytes < e->bytes - e->base_bytes) {
		e->base_packets = e->packets;
		e->base_bytes = e->bytes;
	}
	packets = e->base_packets + k->packets;
	bytes = e->base_bytes + k->bytes;
	/* A counter we never saw may have counted long ago: that is no hit of now. */
	if (packets > e->packets && !fresh)
		e->last_hit = now;
	e->packets = packets;
	e->bytes = bytes;
	e->in_kernel = true;
}

int fwd_counters_read(struct fwd_counters *c, const struct fw_nft_counter *k, size_t n, int64_t now)
{
	_cleanup_(sk_freep) struct fw_nft_counter *sorted = NULL;
	size_t old = c->n, i = 0, fresh = 0;
	int r;

	fwd_counters_gone(c);
	if (n == 0)
		return 0;
	sorted = reallocarray(NULL, n, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, k, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), cmp_kernel);
	for (size_t j = 0; j < n; j++) {
		while (i < old && c->v[i].number < sorted[j].number)
			i++;
		if (i < old && c->v[i].number == sorted[j].number) {
			uint64_t before = c->v[i].packets;

			take(&c->v[i], &sorted[j], now, false);
			c->changed |= c->v[i].packets != before;
		} else {
			sorted[fresh++] = sorted[j];
		}
	}
	r = add(c, sorted, fresh);
	for (size_t j = 0; j < fresh && r == 0; j++)
		take(&c->v[lower_bound(c, sorted[j].number)], &sorted[j], now, true);
	return r;
}

int fwd_counters_expect(struct fwd_counters *c, const struct fw_policy *p)
{
	_cleanup_(sk_freep) struct fw_nft_counter *v = calloc(p->n_rules + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_rules; i++)
		if (!fwd_counters_find(c, p->rules[i].rec.number))
			v[n++].number = p->rules[i].rec.number;
	return add(c, v, n);
}

void fwd_counters_gone(struct fwd_counters *c)
{
	for (size_t i = 0; i < c->n; i++)
		c->v[i].in_kernel = false;
}

int fwd_counters_start(const struct fwd_counters *c, struct fw_nft_counter **ret, size_t *ret_n)
{
	struct fw_nft_counter *v = calloc(c->n ? c->n : 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < c->n; i++) {
		v[i].number = c->v[i].number;
		v[i].packets = c->v[i].packets;
		v[i].bytes = c->v[i].bytes;
	}
	*ret = v;
	*ret_n = c->n;
	return 0;
}

void fwd_counters_started(struct fwd_counters *c)
{
	/* Those made by the apply began with the total. */
	for (size_t i = 0; i < c->n; i++) {
		if (c->v[i].in_kernel)
			continue;
		c->v[i].base_packets = 0;
		c->v[i].base_bytes = 0;
	}
}

int fwd_counters_encode(struct fwd_counters *c, int64_t now, struct sk_buf *b)
{
	sk_buf_printf(b, "{\"format\":\"%s\",\"version\":1,\"saved\":%lld,\"counters\":[", FORMAT,
		(long long)now);
	for (size_t i = 0; i < c->n; i++) {
		const struct fwd_counter *e = &c->v[i];

		sk_buf_printf(b, "%s\n[%u,%llu,%llu,%lld,%llu,%llu]", i ? "," : "", e->number,
			(unsigned long long)e->packets, (unsigned long long)e->bytes,
			(long long)e->last_hit, (unsigned long long)e->base_packets,
			(unsigned long long)e->base_bytes);
	}
	sk_buf_puts(b, "\n]}\n");
	if (sk_buf_error(b))
		return sk_buf_error(b);
	c->changed = false;
	return 0;
}

static bool get(const json_t *row, size_t i, json_int_t max, json_int_t *ret)
{
	const json_t *v = json_array_get(row, i);

	*ret = json_integer_value(v);
	return json_is_integer(v) && *ret >= 0 && *ret <= max;
}

static bool decode_row(const json_t *row, uint32_t above, struct fwd_counter *ret)
{
	json_int_t v[6];

	if (json_array_size(row) != 6)
		return false;
	for (size_t i = 0; i < 6; i++)
		if (!get(row, i, i == 0 ? FW_NUMBER_MAX : INT64_MAX, &v[i]))
			return false;
	if (v[0] <= above || v[4] > v[1] || v[5] > v[2])
		return false;
	*ret = (struct fwd_counter){
		.number = (uint32_t)v[0],
		.packets = (uint64_t)v[1],
		.bytes = (uint64_t)v[2],
		.last_hit = v[3],
		.base_packets = (uint64_t)v[4],
		.base_bytes = (uint64_t)v[5],
	};
	return true;
}

int fwd_counters_decode(const void *p, size_t n, struct fwd_counters *ret, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = sk_json_parse(p, n, err);
	struct fwd_counters c = {0};
	const char *format = "";
	json_t *rows, *row;
	size_t i;
	int r;

	if (!v)
		return -EBADMSG;
	r = sk_json_str(v, "format", true, &format, err);
	if (r == 0)
		r = sk_json_array(v, "counters", true, &rows, err);
	if (r < 0)
		return r;
	if (!sk_streq(format, FORMAT) || json_array_size(rows) > FWD_COUNTERS_MAX)
		return sk_err_set(err, -EBADMSG, "format", "not a counters file",
			"カウンターのファイルではありません");
	r = sk_grow(&c.v, &c.cap, json_array_size(rows), sizeof(*c.v));
	if (r < 0)
		return sk_err_nomem(err);
	json_array_foreach (rows, i, row) {
		if (!decode_row(row, i ? c.v[i - 1].number : 0, &c.v[i])) {
			fwd_counters_done(&c);
			return sk_err_set(err, -EBADMSG, "counters", "row %zu is damaged",
				"%zu 行目が壊れています", i);
		}
		c.n = i + 1;
	}
	*ret = c;
	return 0;
}
