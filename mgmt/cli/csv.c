// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CSV the way a Japanese Excel opens it by a double click: BOM, CRLF, quotes (RFC 4180), and no
 * cell that would run as a formula.
 */
#include <string.h>

#include "lib/util.h"
#include "mgmt/cli/cli.h"

/* A number may begin with a minus; everything else that begins like a formula may be one. */
static bool formula(const char *s)
{
	if (!s[0] || !strchr("=+-@\t\r", s[0]))
		return false;
	return !(s[0] == '-' && s[1] && strspn(s + 1, "0123456789.") == strlen(s + 1));
}

void cli_csv_cell(struct sk_buf *b, const char *s)
{
	bool guard = formula(s), quote = guard || strpbrk(s, ",\"\r\n;") != NULL;

	if (quote)
		sk_buf_putc(b, '"');
	if (guard)
		sk_buf_putc(b, '\'');
	for (; *s; s++) {
		if (*s == '"')
			sk_buf_putc(b, '"');
		sk_buf_putc(b, *s);
	}
	if (quote)
		sk_buf_putc(b, '"');
}

void cli_csv_header(struct sk_buf *b, const struct mg_column *cols, enum sk_lang lang)
{
	sk_buf_puts(b, "\xef\xbb\xbf");
	for (size_t i = 0; cols[i].key; i++) {
		if (i)
			sk_buf_putc(b, ',');
		cli_csv_cell(b, sk_text(&cols[i].title, lang));
	}
	sk_buf_puts(b, "\r\n");
}

void cli_csv_row(
	struct sk_buf *b, const struct mg_column *cols, const json_t *row, const struct cli_opts *o)
{
	for (size_t i = 0; cols[i].key; i++) {
		const json_t *v = json_object_get(row, cols[i].key);
		struct sk_buf cell;

		sk_buf_init(&cell, 1 << 20);
		if (v)
			cli_value(&cell, cols[i].key, &cols[i], v, o);
		if (i)
			sk_buf_putc(b, ',');
		cli_csv_cell(b, sk_buf_str(&cell));
		sk_buf_done(&cell);
	}
	sk_buf_puts(b, "\r\n");
}
