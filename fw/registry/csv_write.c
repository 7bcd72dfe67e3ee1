/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule lists to CSV. What is written here reads back as equal rules, the columns that only the
 * gateway sets excepted (state, approver, approval and review dates, last use).
 */
#include <string.h>

#include "fw/registry/csv.h"
#include "fw/registry/csv_columns.h"
#include "lib/clock.h"
#include "lib/util.h"

/* A spreadsheet would run these as a formula; "-" alone is none. A leading "'" keeps "'" readable.
 */
static bool needs_guard(const char *s)
{
	return s[0] && strchr("=+-@\t\r'", s[0]) && strcmp(s, "-") != 0;
}

void fw_csv_put_cell(struct sk_buf *b, const char *s, int first)
{
	const char *text = s ? s : "";
	bool guard = needs_guard(text);

	if (!first)
		sk_buf_putc(b, ',');
	if (!text[strcspn(text, ",;\"\r\n\t")] && text[0] != ' ' && !guard) {
		sk_buf_puts(b, text);
		return;
	}
	sk_buf_putc(b, '"');
	if (guard)
		sk_buf_putc(b, '\'');
	for (; *text; text++) {
		if (*text == '"')
			sk_buf_putc(b, '"');
		sk_buf_putc(b, *text);
	}
	sk_buf_putc(b, '"');
}

void fw_csv_put_header(struct sk_buf *b, enum sk_lang lang)
{
	for (unsigned c = 0; c < FW_COLS; c++)
		fw_csv_put_cell(b, sk_text(fw_column_text((enum fw_column)c), lang), c == 0);
	sk_buf_puts(b, "\r\n");
}

static void put_number(struct sk_buf *b, uint32_t n, int first)
{
	char text[16] = "";

	if (n)
		snprintf(text, sizeof(text), "%u", n);
	fw_csv_put_cell(b, text, first);
}

/* As a date if that is all there is to it, else with time and zone so that nothing is lost. */
static void put_time(struct sk_buf *b, int64_t t, bool end_of_day)
{
	char text[40] = "";
	int64_t back;

	if (t != 0) {
		sk_date_format(t, text, sizeof(text));
		if (sk_time_parse(text, end_of_day, &back, NULL) < 0 || back != t)
			sk_time_format(t, text, sizeof(text));
	}
	fw_csv_put_cell(b, text, 0);
}

static void put_direction(struct sk_buf *b, const struct fw_rule *r)
{
	char text[64] = "";

	if (r->from && r->to)
		snprintf(text, sizeof(text), "%s->%s", r->from, r->to);
	fw_csv_put_cell(b, text, 0);
}

static const struct sk_text yes = {"yes", "する"}, no = {"no", "しない"};

void fw_csv_put_rule(struct sk_buf *b, const struct fw_rule *r, enum sk_lang lang)
{
	const char *kind = lang == SK_JA ? fw_kind_text(r->kind)->ja : fw_kind_name(r->kind);

	put_number(b, r->number, 1);
	fw_csv_put_cell(b, kind, 0);
	fw_csv_put_cell(b, sk_text(fw_state_text(r->state), lang), 0);
	fw_csv_put_cell(b, r->applicant, 0);
	fw_csv_put_cell(b, r->source, 0);
	fw_csv_put_cell(b, r->destination, 0);
	put_direction(b, r);
	fw_csv_put_cell(b, r->protocol, 0);
	fw_csv_put_cell(b, r->port, 0);
	fw_csv_put_cell(b, r->purpose, 0);
	put_time(b, r->registered, false);
	put_time(b, r->expiry, true);
	fw_csv_put_cell(b, r->nat_to, 0);
	fw_csv_put_cell(b, sk_text(r->log ? &yes : &no, lang), 0);
	put_number(b, r->order, 0);
	fw_csv_put_cell(b, r->partner, 0);
	fw_csv_put_cell(b, r->ticket, 0);
	fw_csv_put_cell(b, r->approver, 0);
	put_time(b, r->approved_at, false);
	put_time(b, r->last_reviewed, false);
	put_time(b, r->last_hit, false);
	sk_buf_puts(b, "\r\n");
}
