/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule lists from CSV. Columns in any order; the ones only the gateway sets (state, approver,
 * approval and review dates, last use) are accepted, so that an exported list can be read again,
 * and ignored. Every fault is kept with its line, so that one look shows all of them.
 */
#include "fw/registry/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/csv_columns.h"
#include "fw/registry/text.h"
#include "lib/clock.h"
#include "lib/util.h"

#define ERRORS_MAX 1000

struct reader {
	const struct fw_csv *csv;
	int column[FW_COLS]; /* index in the file, -1: absent */
	struct fw_csv_rules *out;
	size_t cap_rules, cap_lines, cap_errors;
};

/* In place: blanks around it taken away. */
static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\n");
	n = strlen(s);
	while (n > 0 && strchr(" \t\n", s[n - 1]))
		s[--n] = '\0';
	return s;
}

/* The same and the guard of csv_write.c. */
static char *clean(char *s)
{
	s = trim(s);
	return s[0] == '\'' && s[1] && strchr("=+-@\t\r'", s[1]) ? s + 1 : s;
}

static bool row_empty(const struct fw_csv *csv, size_t row)
{
	for (size_t c = 0; c < csv->cols; c++)
		if (csv->rows[row][c][strspn(csv->rows[row][c], " \t\n")])
			return false;
	return true;
}

static bool column_empty(const struct fw_csv *csv, size_t col)
{
	for (size_t r = 0; r < csv->n; r++)
		if (csv->rows[r][col][strspn(csv->rows[r][col], " \t\n")])
			return false;
	return true;
}

static int read_heading(struct reader *rd, size_t row, size_t col, struct sk_err *err)
{
	char *heading = fw_text_narrow(clean(rd->csv->rows[row][col]));
	char lower[FW_ITEM_MAX], q[FW_QUOTE_MAX];
	enum fw_column c;
	const char *p;
	int r = 0;

	if (!heading)
		return sk_err_nomem(err);
	fw_quote(q, clean(rd->csv->rows[row][col]));
	p = heading;
	if (fw_item_next(&p, "", lower, NULL) < 0)
		lower[0] = '\0';
	fw_text_lower(lower, sizeof(lower), lower);
	if (lower[0] == '\0' && column_empty(rd->csv, col))
		goto out;
	/* "ポート番号" was narrowed too: the prolonged sound mark looks like a dash. */
	if (fw_column_parse(lower, &c) < 0 &&
		fw_column_parse(clean(rd->csv->rows[row][col]), &c) < 0)
		r = sk_err_set(err, -EINVAL, NULL,
			"column %zu: '%s' is not a column of a rule list; correct or remove it",
			"%zu 列目: 「%s」はルール一覧の列名ではありません。直すか削除してください",
			col + 1, q);
	else if (rd->column[c] >= 0)
		r = sk_err_set(err, -EINVAL, NULL, "column %zu: '%s' is there twice; remove one",
			"%zu 列目: 「%s」が2つあります。一方を削除してください", col + 1, q);
	else
		rd->column[c] = (int)col;
out:
	free(heading);
	return r;
}

static int read_header(struct reader *rd, size_t row, struct sk_err *err)
{
	for (unsigned c = 0; c < FW_COLS; c++)
		rd->column[c] = -1;
	for (size_t col = 0; col < rd->csv->cols; col++) {
		int r = read_heading(rd, row, col, err);

		if (r < 0)
			return r;
	}
	for (unsigned c = 0; c < FW_COLS; c++) {
		const struct sk_text *t = fw_column_text((enum fw_column)c);

		if (rd->column[c] < 0 && fw_column_mandatory((enum fw_column)c))
			return sk_err_set(err, -EINVAL, fw_column_field((enum fw_column)c),
				"the column %s (%s) is missing; add it to the first line",
				"列 %s(%s)がありません。1行目に追加してください", t->en, t->ja);
	}
	return 0;
}

static int keep_error(struct reader *rd, size_t row, enum fw_column c, const struct sk_err *fault)
{
	struct fw_csv_rules *out = rd->out;

	if (out->n_errors >= ERRORS_MAX) {
		out->errors_cut++;
		return 0;
	}
	if (sk_grow(&out->errors, &rd->cap_errors, out->n_errors + 1, sizeof(*out->errors)) < 0)
		return -ENOMEM;
	out->errors[out->n_errors] =
		(struct fw_csv_error){.line = rd->csv->lines[row], .err = *fault};
	snprintf(
		out->errors[out->n_errors].err.path, sizeof(fault->path), "%s", fw_column_field(c));
	out->n_errors++;
	return 0;
}

/* A list of addresses or ports: line ends separate, too. */
static void join_lines(char *s, char with)
{
	for (; *s; s++)
		if (*s == '\n')
			*s = with;
}

/* 1 if item is an address, or looks like a number of ports; 0 if not; -ENOMEM. */
static int item_reads(enum fw_column c, const char *item)
{
	struct fw_addrs a = {0};
	int r;

	if (strcasecmp(item, "any") == 0)
		return 1;
	if (c == FW_COL_PORT)
		return (item[0] >= '0' && item[0] <= '9') || strcmp(item, "-") == 0;
	r = fw_addrs_add(&a, item, NULL);
	fw_addrs_done(&a);
	return r == -ENOMEM ? r : r == 0;
}

/*
 * Full-width input in a list: an item becomes ASCII where it then reads as an address or a number,
 * so that the Japanese name of an object stays as it is.
 */
static int put_list_item(struct sk_buf *b, enum fw_column c, const char *item)
{
	char *plain = fw_text_narrow(item), trimmed[FW_ITEM_MAX];
	const char *p = plain;
	int r;

	if (!plain)
		return -ENOMEM;
	fw_item_next(&p, "", trimmed, NULL); /* never longer than item */
	r = item_reads(c, trimmed);
	if (r >= 0) {
		if (b->len > 0)
			sk_buf_putc(b, ',');
		sk_buf_puts(b, r ? trimmed : item);
	}
	free(plain);
	return r < 0 ? r : 0;
}

/* The separators a Japanese keyboard gives, as commas; in place (they are never shorter). */
static void ascii_commas(char *s)
{
	static const char *const commas[] = {"、", "，", "､", "；", ";", "\n"};
	char *out = s;

	while (*s) {
		size_t len = 0;

		for (size_t i = 0; !len && i < SK_ARRAY_SIZE(commas); i++)
			if (strncmp(s, commas[i], strlen(commas[i])) == 0)
				len = strlen(commas[i]);
		*out++ = len ? ',' : *s;
		s += len ? len : 1;
	}
	*out = '\0';
}

static int set_list(char **field, enum fw_column c, char *cell, struct sk_err *err)
{
	char item[FW_ITEM_MAX];
	const char *p = cell;
	struct sk_buf b;
	int r;

	if (!cell[0])
		return 0;
	sk_buf_init(&b, (size_t)4 * FW_CSV_CELL_MAX);
	ascii_commas(cell);
	while ((r = fw_item_next(&p, ",", item, err)) > 0) {
		/* From "10.0.0.1,<line end>10.0.0.2" and the like. */
		if (!item[0])
			continue;
		r = put_list_item(&b, c, item);
		if (r < 0)
			break;
	}
	if (r >= 0) {
		r = sk_buf_error(&b);
		if (r == 0)
			r = fw_str_set(field, sk_buf_str(&b));
		if (r < 0)
			sk_err_nomem(err);
	}
	sk_buf_done(&b);
	return r;
}

static int set_text(char **field, char *cell, struct sk_err *err)
{
	join_lines(cell, ' ');
	return fw_str_set(field, cell) < 0 ? sk_err_nomem(err) : 0;
}

static int set_number(const char *s, uint64_t max, uint32_t *ret, struct sk_err *err)
{
	uint64_t n = 0;

	if (!s[0])
		return 0;
	if (sk_parse_u64(s, max, &n) < 0 || n == 0)
		return sk_err_set(err, -EINVAL, NULL, "write a number from 1 to %u",
			"1〜%u の数字で書いてください", (unsigned)max);
	*ret = (uint32_t)n;
	return 0;
}

static int set_kind(const char *s, struct fw_rule *r, struct sk_err *err)
{
	char lower[32];

	fw_text_lower(lower, sizeof(lower), s);
	if (fw_kind_parse(lower, &r->kind) == 0)
		return 0;
	for (unsigned k = 0; k < FW_KINDS; k++) {
		if (strcmp(s, fw_kind_text((enum fw_kind)k)->ja) == 0 ||
			strcasecmp(s, fw_kind_text((enum fw_kind)k)->en) == 0) {
			r->kind = (enum fw_kind)k;
			return 0;
		}
	}
	return sk_err_set(err, -EINVAL, NULL, "write allow, deny, dnat or snat",
		"許可、遮断、ポート転送、送信元変換のどれかを書いてください");
}

static int set_log(const char *s, bool *ret, struct sk_err *err)
{
	static const char *const on[] = {
		"yes", "true", "on", "1", "y", "する", "あり", "有", "はい", "○", "〇", "記録する"};
	static const char *const off[] = {"", "no", "false", "off", "0", "n", "しない", "なし",
		"無", "いいえ", "×", "-", "記録しない"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(on); i++) {
		if (strcasecmp(s, on[i]) == 0) {
			*ret = true;
			return 0;
		}
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(off); i++) {
		if (strcasecmp(s, off[i]) == 0) {
			*ret = false;
			return 0;
		}
	}
	return sk_err_set(
		err, -EINVAL, NULL, "write yes or no", "「する」か「しない」を書いてください");
}

static int set_direction(const char *s, struct fw_rule *r, struct sk_err *err)
{
	char *from = NULL, *to = NULL;
	int ret;

	if (!s[0])
		return 0;
	ret = fw_direction_parse(s, &from, &to, err);
	if (ret < 0)
		return ret;
	free(r->from);
	free(r->to);
	r->from = from;
	r->to = to;
	return 0;
}

/* Also "2027年3月31日", as a Japanese spreadsheet may show it. */
static int set_time(const char *s, bool end_of_day, int64_t *ret, struct sk_err *err)
{
	char text[FW_ITEM_MAX];
	size_t n = 0;

	if (!s[0])
		return 0;
	while (*s && n + 1 < sizeof(text)) {
		if (strncmp(s, "年", strlen("年")) == 0 || strncmp(s, "月", strlen("月")) == 0) {
			text[n++] = '-';
			s += strlen("年");
		} else if (strncmp(s, "日", strlen("日")) == 0) {
			s += strlen("日");
		} else {
			text[n++] = *s++;
		}
	}
	text[n] = '\0';
	return sk_time_parse(text, end_of_day, ret, err);
}

/* Cells with digits and ASCII words only, already narrowed. */
static int set_plain(struct fw_rule *r, enum fw_column c, const char *s, struct sk_err *err)
{
	switch (c) {
	case FW_COL_NUMBER: return set_number(s, FW_NUMBER_MAX, &r->number, err);
	case FW_COL_DIRECTION: return set_direction(s, r, err);
	case FW_COL_PROTOCOL: return fw_str_set(&r->protocol, s) < 0 ? sk_err_nomem(err) : 0;
	case FW_COL_REGISTERED: return set_time(s, false, &r->registered, err);
	case FW_COL_EXPIRY: return set_time(s, true, &r->expiry, err);
	case FW_COL_NAT_TO: return fw_str_set(&r->nat_to, s) < 0 ? sk_err_nomem(err) : 0;
	case FW_COL_ORDER: return set_number(s, FW_ORDER_MAX, &r->order, err);
	default: return 0;
	}
}

static int set_cell(struct fw_rule *r, enum fw_column c, char *cell, struct sk_err *err)
{
	_cleanup_(sk_freep) char *plain = NULL;

	switch (c) {
	case FW_COL_KIND: return set_kind(cell, r, err);
	case FW_COL_APPLICANT: return set_text(&r->applicant, cell, err);
	case FW_COL_SOURCE: return set_list(&r->source, c, cell, err);
	case FW_COL_DESTINATION: return set_list(&r->destination, c, cell, err);
	case FW_COL_PORT: return set_list(&r->port, c, cell, err);
	case FW_COL_PURPOSE: return set_text(&r->purpose, cell, err);
	case FW_COL_LOG: return set_log(cell, &r->log, err);
	case FW_COL_PARTNER: return set_text(&r->partner, cell, err);
	case FW_COL_TICKET: return set_text(&r->ticket, cell, err);
	case FW_COL_STATE:
	case FW_COL_APPROVER:
	case FW_COL_APPROVED_AT:
	case FW_COL_LAST_REVIEWED:
	case FW_COL_LAST_HIT: return 0;
	default:
		plain = fw_text_narrow(cell);
		return plain ? set_plain(r, c, trim(plain), err) : sk_err_nomem(err);
	}
}

static int keep_rule(struct reader *rd, size_t row, const struct fw_rule *r)
{
	struct fw_csv_rules *out = rd->out;

	if (sk_grow(&out->rules, &rd->cap_rules, out->n + 1, sizeof(*out->rules)) < 0 ||
		sk_grow(&out->lines, &rd->cap_lines, out->n + 1, sizeof(*out->lines)) < 0)
		return -ENOMEM;
	out->rules[out->n] = *r;
	out->lines[out->n] = rd->csv->lines[row];
	out->n++;
	return 0;
}

static bool written(struct reader *rd, size_t row, enum fw_column c)
{
	int col = rd->column[c];

	return col >= 0 && *clean(rd->csv->rows[row][col]) != '\0';
}

static int read_row(struct reader *rd, size_t row)
{
	bool faulty = false;
	struct fw_rule r;
	int ret = 0;

	fw_rule_init(&r);
	r.order = 0;
	for (unsigned c = 0; c < FW_COLS && ret == 0; c++) {
		struct sk_err fault = {0};
		int col = rd->column[c];

		if (col < 0)
			continue;
		ret = set_cell(&r, (enum fw_column)c, clean(rd->csv->rows[row][col]), &fault);
		if (ret < 0 && ret != -ENOMEM) {
			faulty = true;
			ret = keep_error(rd, row, (enum fw_column)c, &fault);
		}
	}
	if (r.order == 0)
		r.order = fw_order_default(r.kind);
	if (!written(rd, row, FW_COL_LOG))
		r.log = r.kind == FW_DENY; /* what is blocked is reported unless somebody says no */
	if (ret == 0 && !faulty) {
		ret = keep_rule(rd, row, &r);
		if (ret == 0)
			return 0;
	}
	fw_rule_done(&r);
	return ret;
}

static int read_rows(struct reader *rd, struct sk_err *err)
{
	size_t row = 0;
	int r;

	while (row < rd->csv->n && row_empty(rd->csv, row))
		row++;
	if (row == rd->csv->n)
		return sk_err_set(err, -EINVAL, NULL,
			"the file is empty; the first line must hold the column names",
			"ファイルが空です。1行目に列名を書いてください");
	r = read_header(rd, row, err);
	if (r < 0)
		return r;
	for (row++; row < rd->csv->n; row++) {
		if (row_empty(rd->csv, row))
			continue;
		if (read_row(rd, row) < 0)
			return sk_err_nomem(err);
	}
	return 0;
}

int fw_csv_read_rules(const void *p, size_t n, struct fw_csv_rules *ret, struct sk_err *err)
{
	struct fw_csv_rules out = {0};
	struct fw_csv csv;
	struct reader rd = {.csv = &csv, .out = &out};
	int r = fw_csv_parse(p, n, &csv, err);

	if (r < 0)
		return r;
	r = read_rows(&rd, err);
	fw_csv_done(&csv);
	if (r < 0) {
		fw_csv_rules_done(&out);
		return r;
	}
	*ret = out;
	return 0;
}

void fw_csv_rules_done(struct fw_csv_rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		fw_rule_done(&r->rules[i]);
	free(r->rules);
	free(r->lines);
	free(r->errors);
	*r = (struct fw_csv_rules){0};
}
