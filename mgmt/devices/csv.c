// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device lists from and to a spreadsheet. Columns in any order; those that only the gateway sets
 * (state, approver, registered) are accepted, so that an exported list can be read again, and
 * ignored. Every faulty line is kept with its fault, so that one look shows all of them.
 */
#include "mgmt/devices/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fw/registry/csv.h"
#include "fw/registry/text.h"
#include "lib/clock.h"
#include "lib/util.h"

enum {
	COL_NUMBER = MG_DEV_FIELDS,
	COL_PURPOSE,
	COL_EXPIRY,
	COL_APPLICANT,
	COL_REGISTERED,
	COL_APPROVER,
	COL_STATE,
	COLS
};

static const struct {
	const char *name;
	struct sk_text text;
} others[COLS - MG_DEV_FIELDS] = {
	{"number", {"No.", "番号"}},
	{"purpose", {"Purpose", "利用用途"}},
	{"expiry", {"Expiry", "有効期限"}},
	{"applicant", {"Applicant", "申請者"}},
	{"registered", {"Registered", "登録日"}},
	{"approver", {"Approver", "承認者"}},
	{"state", {"State", "状態"}},
};

/* Other names that lists of devices have. */
static const struct {
	const char *heading;
	int col;
} aliases[] = {
	{"no", COL_NUMBER},
	{"mac address", MG_DEV_MAC},
	{"macアドレス", MG_DEV_MAC},
	{"macs", MG_DEV_MAC},
	{"機器名", MG_DEV_NAME},
	{"ホスト名", MG_DEV_NAME},
	{"名称", MG_DEV_NAME},
	{"使用者", MG_DEV_OWNER},
	{"利用者", MG_DEV_OWNER},
	{"部門", MG_DEV_DEPARTMENT},
	{"所属", MG_DEV_DEPARTMENT},
	{"場所", MG_DEV_LOCATION},
	{"用途", COL_PURPOSE},
	{"目的", COL_PURPOSE},
	{"期限", COL_EXPIRY},
	{"シリアル番号", MG_DEV_SERIAL},
	{"serial number", MG_DEV_SERIAL},
};

static const char *col_name(int col)
{
	return col < MG_DEV_FIELDS ? mg_device_field_name((enum mg_device_field)col)
				   : others[col - MG_DEV_FIELDS].name;
}

static const struct sk_text *col_text(int col)
{
	return col < MG_DEV_FIELDS ? mg_device_field_text((enum mg_device_field)col)
				   : &others[col - MG_DEV_FIELDS].text;
}

/* In place: blanks around it, and the guard of csv_write.c, taken away. */
static char *clean(char *s)
{
	size_t n;

	s += strspn(s, " \t\r\n");
	n = strlen(s);
	while (n > 0 && strchr(" \t\r\n", s[n - 1]))
		s[--n] = '\0';
	return s[0] == '\'' && s[1] && strchr("=+-@\t\r'", s[1]) ? s + 1 : s;
}

static bool heading_is(int col, const char *h)
{
	const struct sk_text *t = col_text(col);

	return !strcasecmp(h, col_name(col)) || !strcasecmp(h, t->en) || !strcmp(h, t->ja);
}

/* -1: no column of ours. */
static int find_column(const char *heading)
{
	_cleanup_(sk_freep) char *plain = fw_text_narrow(heading);
	char lower[FW_ITEM_MAX];

	if (!plain || strlen(plain) >= sizeof(lower))
		return -1;
	fw_text_lower(lower, sizeof(lower), plain);
	for (int c = 0; c < COLS; c++)
		if (heading_is(c, heading) || heading_is(c, plain))
			return c;
	for (size_t i = 0; i < SK_ARRAY_SIZE(aliases); i++)
		if (!strcmp(aliases[i].heading, lower) || !strcmp(aliases[i].heading, heading))
			return aliases[i].col;
	return -1;
}

static bool column_empty(const struct fw_csv *csv, size_t col)
{
	for (size_t r = 0; r < csv->n; r++)
		if (csv->rows[r][col][strspn(csv->rows[r][col], " \t\r\n")])
			return false;
	return true;
}

static int read_header(const struct fw_csv *csv, int column[COLS], struct sk_err *err)
{
	for (int c = 0; c < COLS; c++)
		column[c] = -1;
	for (size_t i = 0; i < csv->cols; i++) {
		char *heading = clean(csv->rows[0][i]), q[FW_QUOTE_MAX];
		int c = find_column(heading);

		if (!heading[0] && column_empty(csv, i))
			continue;
		fw_quote(q, heading);
		if (c < 0)
			return sk_err_set(err, -EINVAL, NULL,
				"column %zu: '%s' is not a column of a device list; correct or "
				"remove it",
				"%zu 列目: "
				"「%s」は端末一覧の列名ではありません。直すか削除してください",
				i + 1, q);
		if (column[c] >= 0)
			return sk_err_set(err, -EINVAL, NULL,
				"column %zu: '%s' is there twice; remove one",
				"%zu 列目: 「%s」が2つあります。一方を削除してください", i + 1, q);
		column[c] = (int)i;
	}
	if (column[MG_DEV_NAME] < 0 && column[COL_NUMBER] < 0)
		return sk_err_set(err, -EINVAL, "name",
			"the column Name (or No.) is missing; add it to the first line",
			"列「端末名」(または「番号」)がありません。1行目に追加してください");
	return 0;
}

static int set_number(const char *s, uint32_t *ret, struct sk_err *err)
{
	uint64_t n;

	if (sk_parse_u64(s, 0xffffff, &n) < 0 || n == 0)
		return sk_err_set(err, -EINVAL, "number", "is the number of a device, or empty",
			"は端末の番号、または空欄です");
	*ret = (uint32_t)n;
	return 0;
}

/* Also "2027年3月31日", as a Japanese spreadsheet may show it. */
static int set_expiry(const char *s, int64_t *ret, struct sk_err *err)
{
	char text[FW_ITEM_MAX];
	size_t n = 0;
	int r;

	while (*s && n + 1 < sizeof(text)) {
		if (!strncmp(s, "年", strlen("年")) || !strncmp(s, "月", strlen("月"))) {
			text[n++] = '-';
			s += strlen("年");
		} else if (!strncmp(s, "日", strlen("日"))) {
			s += strlen("日");
		} else {
			text[n++] = *s++;
		}
	}
	text[n] = '\0';
	r = sk_time_parse(text, true, ret, err);
	if (r < 0)
		snprintf(err->path, sizeof(err->path), "expiry");
	return r;
}

static int keep(char **dst, const char *s, struct sk_err *err)
{
	*dst = strdup(s);
	return *dst ? 0 : sk_err_nomem(err);
}

static int set_cell(struct mg_device_line *l, int col, char *cell, struct sk_err *err)
{
	_cleanup_(sk_freep) char *plain = NULL;

	if (col < MG_DEV_FIELDS)
		return mg_device_set(&l->info, (enum mg_device_field)col, cell, err);
	if (!cell[0])
		return 0;
	switch (col) {
	case COL_PURPOSE: return keep(&l->purpose, cell, err);
	case COL_APPLICANT: return keep(&l->applicant, cell, err);
	case COL_NUMBER:
	case COL_EXPIRY:
		plain = fw_text_narrow(cell);
		if (!plain)
			return sk_err_nomem(err);
		return col == COL_NUMBER ? set_number(plain, &l->number, err)
					 : set_expiry(plain, &l->expiry, err);
	default: return 0;
	}
}

static bool row_empty(const struct fw_csv *csv, size_t row)
{
	for (size_t c = 0; c < csv->cols; c++)
		if (csv->rows[row][c][strspn(csv->rows[row][c], " \t\r\n")])
			return false;
	return true;
}

/* The line's first fault stays with it; -ENOMEM ends everything. */
static int read_line(
	const struct fw_csv *csv, const int column[COLS], size_t row, struct mg_device_line *l)
{
	l->line = csv->lines[row];
	for (int c = 0; c < COLS; c++) {
		int r;

		if (column[c] < 0)
			continue;
		if (c < MG_DEV_FIELDS)
			l->has |= 1u << c;
		l->has_purpose |= c == COL_PURPOSE;
		r = set_cell(l, c, clean(csv->rows[row][column[c]]), &l->err);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			return 0;
	}
	return 0;
}

int mg_device_csv_read(const void *p, size_t n, struct mg_device_lines *ret, struct sk_err *err)
{
	struct mg_device_lines l = {0};
	int column[COLS], r;
	struct fw_csv csv;

	r = fw_csv_parse(p, n, &csv, err);
	if (r < 0)
		return r;
	if (csv.n == 0)
		r = sk_err_set(err, -EINVAL, NULL, "the file is empty", "ファイルが空です");
	if (r == 0)
		r = read_header(&csv, column, err);
	l.v = r == 0 ? calloc(csv.n, sizeof(*l.v)) : NULL;
	if (r == 0 && !l.v)
		r = sk_err_nomem(err);
	for (size_t row = 1; r == 0 && row < csv.n; row++) {
		if (row_empty(&csv, row))
			continue;
		r = read_line(&csv, column, row, &l.v[l.n++]);
		if (r < 0)
			sk_err_nomem(err);
	}
	fw_csv_done(&csv);
	if (r < 0) {
		mg_device_lines_done(&l);
		return r;
	}
	*ret = l;
	return 0;
}

void mg_device_lines_done(struct mg_device_lines *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].purpose);
		free(l->v[i].applicant);
	}
	free(l->v);
	*l = (struct mg_device_lines){0};
}

/* ---- writing ----------------------------------------------------------------------------------
 */
/* As the list is read by people: who and what first, what the gateway sets last. */
static const int order[] = {COL_NUMBER, MG_DEV_NAME, MG_DEV_KIND, MG_DEV_MAC, MG_DEV_METHOD,
	MG_DEV_IDENTITY, MG_DEV_OWNER, MG_DEV_DEPARTMENT, MG_DEV_LOCATION, COL_PURPOSE,
	MG_DEV_SERIAL, MG_DEV_OS, MG_DEV_PORTS, MG_DEV_ZONES, MG_DEV_VLAN, MG_DEV_INFRASTRUCTURE,
	COL_EXPIRY, COL_APPLICANT, COL_REGISTERED, COL_APPROVER, COL_STATE};

void mg_device_csv_header(struct sk_buf *b, enum sk_lang lang)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(order); i++)
		fw_csv_put_cell(b, sk_text(col_text(order[i]), lang), i == 0);
	sk_buf_puts(b, "\r\n");
}

void mg_device_csv_put(struct sk_buf *b, const struct mg_device_csv_row *r)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(order); i++) {
		char text[32] = "";
		const char *s = text;

		switch (order[i]) {
		case COL_NUMBER: snprintf(text, sizeof(text), "%u", r->number); break;
		case COL_PURPOSE: s = r->purpose; break;
		case COL_APPLICANT: s = r->applicant; break;
		case COL_APPROVER: s = r->approver; break;
		case COL_STATE: s = r->state; break;
		case COL_EXPIRY: s = sk_date_format(r->expiry, text, sizeof(text)); break;
		case COL_REGISTERED: s = sk_date_format(r->registered, text, sizeof(text)); break;
		default: s = mg_device_get(r->info, (enum mg_device_field)order[i]); break;
		}
		fw_csv_put_cell(b, s ? s : "", i == 0);
	}
	sk_buf_puts(b, "\r\n");
}
