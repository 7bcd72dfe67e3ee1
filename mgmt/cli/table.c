// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows as a table: East Asian widths, and on a terminal no line longer than it is wide. */
#include <errno.h>
#include <string.h>

#include "lib/utf8.h"
#include "lib/util.h"
#include "mgmt/cli/cli.h"

#define COLUMNS_MAX 64
#define WIDTH_MIN 6

static bool row_has(const json_t *rows, const char *key)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *v = json_object_get(json_array_get(rows, i), key);

		if (v && !json_is_null(v))
			return true;
	}
	return false;
}

static size_t from_keys(struct mg_column *dst, const json_t *rows)
{
	const char *key;
	json_t *v;
	size_t n = 0;

	json_object_foreach (json_array_get(rows, 0), key, v) {
		const struct sk_text *t = mg_key_text(key);

		if (n + 1 >= COLUMNS_MAX)
			break;
		dst[n++] = (struct mg_column){.key = key,
			.title = t ? *t : (struct sk_text){key, key},
			.right = json_is_integer(v) && !mg_key_is_time(key),
			.is_date = mg_key_is_time(key)};
	}
	return n;
}

struct mg_column *cli_columns(
	const struct mg_column *cols, const json_t *rows, const struct cli_opts *o)
{
	struct mg_column *ret = calloc(COLUMNS_MAX, sizeof(*ret));
	size_t n = 0;

	if (!ret)
		return NULL;
	if (!cols)
		from_keys(ret, rows);
	for (; cols && cols->key && n + 1 < COLUMNS_MAX; cols++) {
		if (cols->wide && !o->wide && o->format == CLI_TABLE)
			continue;
		if ((cols->sparse || o->format == CLI_TABLE) && !row_has(rows, cols->key))
			continue;
		ret[n++] = *cols;
	}
	return ret;
}

size_t cli_put_cut(struct sk_buf *b, const char *s, size_t width)
{
	size_t used = 0, total = sk_width(s), len = strlen(s), at = 0;

	if (total <= width) {
		sk_buf_puts(b, s);
		return total;
	}
	if (!width)
		return 0;
	while (at < len) {
		char one[8] = "";
		uint32_t cp;
		size_t n = sk_utf8_next(s + at, len - at, &cp), w;

		n = n ? n : 1;
		memcpy(one, s + at, n);
		w = sk_width(one);
		if (used + w > width - 1)
			break;
		sk_buf_put(b, one, n);
		used += w;
		at += n;
	}
	sk_buf_puts(b, "…");
	return used + 1;
}

/* Take from the widest column until the line fits, or nothing more can be taken. */
static void shrink(size_t *widths, size_t n, size_t width)
{
	for (;;) {
		size_t total = 2 * (n - 1), widest = 0;

		for (size_t i = 0; i < n; i++) {
			total += widths[i];
			if (widths[i] > widths[widest])
				widest = i;
		}
		if (total <= width || widths[widest] <= WIDTH_MIN)
			return;
		widths[widest]--;
	}
}

static void put_cell(struct sk_buf *b, const char *s, size_t width, bool right, bool last)
{
	size_t w = sk_width(s), pad;

	pad = w < width ? width - w : 0;
	for (size_t i = 0; right && i < pad; i++)
		sk_buf_putc(b, ' ');
	w = cli_put_cut(b, s, width);
	pad = w < width ? width - w : 0;
	for (size_t i = 0; !right && !last && i < pad; i++)
		sk_buf_putc(b, ' ');
	sk_buf_puts(b, last ? "\n" : "  ");
}

/* All cells as text, row by row; NULL without memory. */
static char **cells(const struct mg_column *cols, size_t n, const json_t *rows,
	const struct cli_opts *o, size_t *widths)
{
	size_t n_rows = json_array_size(rows);
	char **c = calloc(n * n_rows + 1, sizeof(*c));

	for (size_t r = 0; c && r < n_rows; r++)
		for (size_t i = 0; i < n; i++) {
			const json_t *v = json_object_get(json_array_get(rows, r), cols[i].key);
			struct sk_buf b;

			sk_buf_init(&b, 1 << 20);
			if (v)
				cli_value(&b, cols[i].key, &cols[i], v, o);
			widths[i] = SK_MAX(widths[i], sk_width(sk_buf_str(&b)));
			c[r * n + i] = sk_buf_take(&b);
			sk_buf_done(&b);
		}
	return c;
}

void cli_table(struct sk_buf *b, const struct mg_column *cols, const json_t *rows,
	const struct cli_opts *o, size_t width)
{
	size_t n = 0, n_rows = json_array_size(rows), widths[COLUMNS_MAX] = {0};
	char **c;

	while (cols[n].key)
		n++;
	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		widths[i] = sk_width(sk_text(&cols[i].title, o->lang));
	c = cells(cols, n, rows, o, widths);
	if (!c) {
		b->err = -ENOMEM;
		return;
	}
	if (width)
		shrink(widths, n, width);
	for (size_t i = 0; i < n; i++)
		put_cell(b, sk_text(&cols[i].title, o->lang), widths[i], cols[i].right, i + 1 == n);
	for (size_t i = 0; i < n * n_rows; i++) {
		put_cell(b, c[i] ? c[i] : "", widths[i % n], cols[i % n].right, i % n + 1 == n);
		free(c[i]);
	}
	free(c);
}
