// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Line difference after Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), with a
 * cap on D. Common beginnings and ends are taken off first, so that the usual small change of a
 * large policy costs little.
 */
#include "mgmt/mgmtd/linediff.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

#define CONTEXT 3
#define D_MAX 1500

struct line {
	const char *s;
	size_t n;
};

struct text {
	struct line *v;
	size_t n, cap;
};

/* What happens to each line: kept unless marked. */
struct marks {
	bool *gone, *come;
};

static int split(const char *s, struct text *t)
{
	while (*s) {
		size_t n = strcspn(s, "\n");

		if (sk_grow(&t->v, &t->cap, t->n + 1, sizeof(*t->v)) < 0)
			return -ENOMEM;
		t->v[t->n++] = (struct line){s, n};
		s += n + (s[n] == '\n');
	}
	return 0;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->n == b->n && !memcmp(a->s, b->s, a->n);
}

/* Follow the stored frontiers back from (n, m) and mark what was not on a diagonal. */
static void backtrack(int *const *trace, int d, long n, long m, bool *gone, bool *come)
{
	long x = n, y = m;

	for (; d > 0; d--) {
		const int *v = trace[d - 1] + D_MAX + 1;
		long k = x - y, pk, px;

		pk = k == -d || (k != d && v[k - 1] < v[k + 1]) ? k + 1 : k - 1;
		px = v[pk];
		if (pk == k + 1)
			come[px - pk] = true;
		else
			gone[px] = true;
		x = px;
		y = px - pk;
	}
}

static long snake(const struct line *a, long n, const struct line *b, long m, long x, long k)
{
	long y = x - k;

	while (x < n && y < m && same(&a[x], &b[y])) {
		x++;
		y++;
	}
	return x;
}

/* 1: more than D_MAX differences; nothing marked. */
static int myers(const struct line *a, long n, const struct line *b, long m, bool *gone, bool *come)
{
	size_t size = (2 * D_MAX + 3) * sizeof(int);
	int **trace = calloc(D_MAX + 1, sizeof(*trace)), *v = calloc(1, size), r = 1, d;

	for (d = 0; trace && v && r == 1 && d <= D_MAX; d++) {
		int *at = v + D_MAX + 1;

		for (long k = -d; k <= d && r == 1; k += 2) {
			long x = d == 0                                        ? 0
				: k == -d || (k != d && at[k - 1] < at[k + 1]) ? at[k + 1]
									       : at[k - 1] + 1;

			x = snake(a, n, b, m, x, k);
			at[k] = (int)x;
			if (x >= n && x - k >= m)
				r = 0;
		}
		if (r == 0) {
			backtrack(trace, d, n, m, gone, come);
			break;
		}
		trace[d] = malloc(size);
		if (!trace[d])
			r = -ENOMEM;
		else
			memcpy(trace[d], v, size);
	}
	if (!trace || !v)
		r = -ENOMEM;
	for (int i = 0; trace && i <= D_MAX; i++)
		free(trace[i]);
	free(trace);
	free(v);
	return r;
}

static int compare(const struct text *a, const struct text *b, struct marks *k)
{
	size_t head = 0, tail = 0;
	int r;

	while (head < a->n && head < b->n && same(&a->v[head], &b->v[head]))
		head++;
	while (tail < a->n - head && tail < b->n - head &&
		same(&a->v[a->n - 1 - tail], &b->v[b->n - 1 - tail]))
		tail++;
	r = myers(a->v + head, (long)(a->n - head - tail), b->v + head, (long)(b->n - head - tail),
		k->gone + head, k->come + head);
	if (r == 1) {
		memset(k->gone + head, true, a->n - head - tail);
		memset(k->come + head, true, b->n - head - tail);
		r = 0;
	}
	return r;
}

static void put(struct sk_buf *b, char mark, const struct line *l)
{
	sk_buf_putc(b, mark);
	sk_buf_put(b, l->s, l->n);
	sk_buf_putc(b, '\n');
}

/* The position in the other text moves with every kept line. */
struct pos {
	size_t a, b;
};

static bool at_change(
	const struct text *a, const struct text *b, const struct marks *k, struct pos p)
{
	return (p.a < a->n && k->gone[p.a]) || (p.b < b->n && k->come[p.b]);
}

/* End of the hunk that begins at p: after CONTEXT kept lines beyond the last change. */
static struct pos hunk_end(
	const struct text *a, const struct text *b, const struct marks *k, struct pos p)
{
	struct pos last = p;
	size_t kept = 0;

	while ((p.a < a->n || p.b < b->n) && kept <= 2 * CONTEXT) {
		if (at_change(a, b, k, p)) {
			if (p.a < a->n && k->gone[p.a])
				p.a++;
			else
				p.b++;
			kept = 0;
			last = p;
		} else {
			p.a++;
			p.b++;
			kept++;
		}
	}
	for (size_t i = 0;
		i < CONTEXT && last.a < a->n && last.b < b->n && !at_change(a, b, k, last); i++) {
		last.a++;
		last.b++;
	}
	return last;
}

static void put_hunk(struct sk_buf *out, const struct text *a, const struct text *b,
	const struct marks *k, struct pos p, struct pos end)
{
	sk_buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", p.a + (end.a > p.a), end.a - p.a,
		p.b + (end.b > p.b), end.b - p.b);
	while (p.a < end.a || p.b < end.b) {
		if (p.a < end.a && k->gone[p.a]) {
			put(out, '-', &a->v[p.a++]);
		} else if (p.b < end.b && k->come[p.b]) {
			put(out, '+', &b->v[p.b++]);
		} else {
			put(out, ' ', &a->v[p.a++]);
			p.b++;
		}
	}
}

static void put_all(
	struct sk_buf *out, const struct text *a, const struct text *b, const struct marks *k)
{
	struct pos p = {0, 0};

	while (p.a < a->n || p.b < b->n) {
		struct pos begin, end;
		size_t back;

		if (!at_change(a, b, k, p)) {
			p.a++;
			p.b++;
			continue;
		}
		begin = p;
		for (back = 0; back < CONTEXT && begin.a && begin.b && !k->gone[begin.a - 1] &&
			!k->come[begin.b - 1];
			back++) {
			begin.a--;
			begin.b--;
		}
		end = hunk_end(a, b, k, p);
		put_hunk(out, a, b, k, begin, end);
		p = end;
	}
}

int mg_linediff(struct sk_buf *out, const char *before, const char *after)
{
	struct text a = {0}, b = {0};
	struct marks k = {0};
	int r = split(before, &a);

	if (!r)
		r = split(after, &b);
	if (!r) {
		k.gone = calloc(a.n + 1, sizeof(bool));
		k.come = calloc(b.n + 1, sizeof(bool));
		r = k.gone && k.come ? compare(&a, &b, &k) : -ENOMEM;
	}
	if (!r)
		put_all(out, &a, &b, &k);
	free(k.gone);
	free(k.come);
	free(a.v);
	free(b.v);
	return r ? r : sk_buf_error(out);
}
