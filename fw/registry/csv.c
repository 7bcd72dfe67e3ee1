/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table as a spreadsheet saves it, to cells (RFC 4180, and what Excel makes of it). The whole
 * input is taken over into one UTF-8 buffer and unquoted in place: cells only ever shrink.
 */
#include "fw/registry/csv.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

#define BYTES_MAX (32u << 20)
#define COLS_MAX 64

struct parser {
	char *p; /* next byte to read */
	char delim;
	size_t line;
	char **cells; /* all cells, row after row */
	size_t n, cap;
	size_t *starts; /* index of each row's first cell */
	size_t *lines;
	size_t rows, cap_starts, cap_lines;
};

static size_t count_lines(const char *s, size_t n)
{
	size_t lines = 1;

	for (size_t i = 0; i < n; i++)
		if (s[i] == '\n' || (s[i] == '\r' && (i + 1 == n || s[i + 1] != '\n')))
			lines++;
	return lines;
}

static int fail_at(size_t line, struct sk_err *err, const char *en, const char *ja)
{
	sk_err_set(err, -EINVAL, NULL, "line %zu: %s", "%zu 行目: %s", line, en);
	if (err)
		snprintf(err->ja, sizeof(err->ja), "%zu 行目: %s", line, ja);
	return -EINVAL;
}

/* CP932 to UTF-8: a byte becomes at most three. */
static int from_cp932(const char *src, size_t n, char **ret, struct sk_err *err)
{
	char *in = (char *)(uintptr_t)src, *buf, *out;
	size_t in_left = n, out_left = n * 3;
	iconv_t cd = iconv_open("UTF-8", "CP932");
	int r = 0;

	if (cd == (iconv_t)-1 && errno == ENOMEM)
		return sk_err_nomem(err);
	if (cd == (iconv_t)-1)
		return sk_err_set(err, -ENOTSUP, NULL,
			"this system cannot read Shift_JIS; save the file as CSV UTF-8",
			"この環境では Shift_JIS を読めません。「CSV UTF-8」で保存してください");
	buf = out = malloc(out_left + 1);
	if (!buf) {
		r = sk_err_nomem(err);
		goto out;
	}
	if (iconv(cd, &in, &in_left, &out, &out_left) == (size_t)-1) {
		r = fail_at(count_lines(src, n - in_left), err,
			"a character is neither UTF-8 nor Shift_JIS; save the file as CSV UTF-8",
			"UTF-8 でも Shift_JIS でもない文字があります。「CSV "
			"UTF-8」で保存してください");
		free(buf);
		goto out;
	}
	*out = '\0';
	*ret = buf;
out:
	iconv_close(cd);
	return r;
}

/* The input as an owned UTF-8 string without BOM. */
static int to_utf8(const char *p, size_t n, char **ret, struct sk_err *err)
{
	bool bom = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0;
	const char *nul;
	char *buf;

	if (n > BYTES_MAX)
		return sk_err_set(err, -E2BIG, NULL, "the file is larger than %u MiB; split it",
			"ファイルが %u MiB を超えています。分割してください", BYTES_MAX >> 20);
	if (n >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
		return sk_err_set(err, -EINVAL, NULL,
			"the file is UTF-16 text; save it as CSV UTF-8",
			"UTF-16 のファイルです。「CSV UTF-8」で保存してください");
	if (bom) {
		p += 3;
		n -= 3;
	}
	nul = n ? memchr(p, '\0', n) : NULL;
	if (nul)
		return fail_at(count_lines(p, (size_t)(nul - p)), err,
			"contains a zero byte: this is no text file; save the file as CSV UTF-8",
			"テキストではないデータがあります。「CSV UTF-8」で保存してください");
	if (!sk_utf8_valid(p, n)) {
		if (!bom)
			return from_cp932(p, n, ret, err);
		return sk_err_set(err, -EINVAL, NULL,
			"the file says it is UTF-8 but is not; save it again as CSV UTF-8",
			"UTF-8 として壊れています。「CSV UTF-8」で保存し直してください");
	}
	buf = malloc(n + 1);
	if (!buf)
		return sk_err_nomem(err);
	if (n)
		memcpy(buf, p, n);
	buf[n] = '\0';
	*ret = buf;
	return 0;
}

/* The delimiter that is most frequent in the first line, outside quotes. */
static char detect(const char *s)
{
	size_t comma = 0, semicolon = 0, tab = 0;
	bool quoted = false;

	for (; *s && (quoted || (*s != '\n' && *s != '\r')); s++) {
		if (*s == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		comma += *s == ',';
		semicolon += *s == ';';
		tab += *s == '\t';
	}
	if (tab > comma && tab >= semicolon)
		return '\t';
	return semicolon > comma ? ';' : ',';
}

static bool at_end(const struct parser *ps)
{
	return *ps->p == ps->delim || *ps->p == '\n' || *ps->p == '\r' || *ps->p == '\0';
}

/* Step over CR, LF or CRLF. */
static void skip_eol(struct parser *ps)
{
	if (*ps->p == '\r' && ps->p[1] == '\n')
		ps->p++;
	ps->p++;
	ps->line++;
}

/* After the opening quote; *end is where the text ends. Line ends inside become LF. */
static int quoted_cell(struct parser *ps, char **end, struct sk_err *err)
{
	size_t from = ps->line;
	char *out = ps->p;

	for (;;) {
		if (*ps->p == '\0')
			return fail_at(from, err, "a quoted cell never ends; add the closing quote",
				"引用符 \" "
				"で始まるセルが閉じていません。閉じる引用符を書いてください");
		if (*ps->p == '"') {
			ps->p++;
			if (*ps->p != '"')
				break;
		} else if (*ps->p == '\r' || *ps->p == '\n') {
			skip_eol(ps);
			*out++ = '\n';
			continue;
		}
		*out++ = *ps->p++;
	}
	if (!at_end(ps))
		return fail_at(ps->line, err, "text follows a closing quote; write quotes twice",
			"閉じる引用符の後に文字があります。セル内の引用符は2つ重ねてください");
	*end = out;
	return 0;
}

static int read_cell(struct parser *ps, char **ret, char **ret_end, struct sk_err *err)
{
	size_t line = ps->line;
	int r;

	if (*ps->p == '"') {
		*ret = ++ps->p;
		r = quoted_cell(ps, ret_end, err);
		if (r < 0)
			return r;
	} else {
		*ret = ps->p;
		while (!at_end(ps))
			ps->p++;
		*ret_end = ps->p;
	}
	if (*ret_end - *ret > FW_CSV_CELL_MAX)
		return fail_at(line, err, "a cell is longer than 8192 bytes; shorten it",
			"セルが 8192 バイトを超えています。短くしてください");
	return 0;
}

static int begin_row(struct parser *ps, struct sk_err *err)
{
	if (ps->rows > FW_CSV_ROWS_MAX)
		return fail_at(ps->line, err, "more than 20000 rows; split the file",
			"20000 行を超えています。ファイルを分割してください");
	if (sk_grow(&ps->starts, &ps->cap_starts, ps->rows + 1, sizeof(*ps->starts)) < 0 ||
		sk_grow(&ps->lines, &ps->cap_lines, ps->rows + 1, sizeof(*ps->lines)) < 0)
		return sk_err_nomem(err);
	ps->starts[ps->rows] = ps->n;
	ps->lines[ps->rows] = ps->line;
	ps->rows++;
	return 0;
}

static int read_row(struct parser *ps, struct sk_err *err)
{
	int r = begin_row(ps, err);

	while (r == 0) {
		char *cell, *end, last;

		if (ps->n - ps->starts[ps->rows - 1] == COLS_MAX)
			return fail_at(
				ps->line, err, "more than 64 columns", "64 列を超えています");
		if (sk_grow(&ps->cells, &ps->cap, ps->n + 1, sizeof(*ps->cells)) < 0)
			return sk_err_nomem(err);
		r = read_cell(ps, &cell, &end, err);
		if (r < 0)
			break;
		ps->cells[ps->n++] = cell;
		/* The terminator may fall on the delimiter, so look at that first. */
		last = *ps->p;
		if (last == ps->delim)
			ps->p++;
		else if (last)
			skip_eol(ps);
		*end = '\0';
		if (last != ps->delim)
			break;
	}
	return r;
}

/* Rows of equal width: short ones end in empty cells. Takes lines over. */
static int build(struct parser *ps, char *text, struct fw_csv *ret, struct sk_err *err)
{
	char *empty = text + strlen(text);
	size_t cols = 0;
	char **all;

	for (size_t i = 0; i < ps->rows; i++) {
		size_t end = i + 1 < ps->rows ? ps->starts[i + 1] : ps->n;

		cols = SK_MAX(cols, end - ps->starts[i]);
	}
	ret->rows = calloc(ps->rows + 1, sizeof(*ret->rows));
	all = calloc(ps->rows * cols + 1, sizeof(*all));
	if (!ret->rows || !all) {
		free(ret->rows);
		free(all);
		return sk_err_nomem(err);
	}
	for (size_t i = 0; i < ps->rows; i++) {
		size_t end = i + 1 < ps->rows ? ps->starts[i + 1] : ps->n;

		ret->rows[i] = all + i * cols;
		for (size_t c = 0; c < cols; c++)
			ret->rows[i][c] =
				ps->starts[i] + c < end ? ps->cells[ps->starts[i] + c] : empty;
	}
	ret->cells = all;
	ret->text = text;
	ret->n = ps->rows;
	ret->cols = cols;
	ret->lines = ps->lines;
	ps->lines = NULL;
	return 0;
}

int fw_csv_parse(const void *p, size_t n, struct fw_csv *ret, struct sk_err *err)
{
	struct fw_csv csv = {0};
	struct parser ps = {.line = 1};
	char *text = NULL;
	int r;

	r = to_utf8(p, n, &text, err);
	if (r < 0)
		return r;
	ps.p = text;
	ps.delim = detect(text);
	while (r == 0 && *ps.p)
		r = read_row(&ps, err);
	if (r == 0)
		r = build(&ps, text, &csv, err);
	free(ps.cells);
	free(ps.starts);
	free(ps.lines);
	if (r < 0) {
		free(text);
		return r;
	}
	*ret = csv;
	return 0;
}

void fw_csv_done(struct fw_csv *c)
{
	if (!c)
		return;
	free(c->rows);
	free(c->cells);
	free(c->text);
	free(c->lines);
	*c = (struct fw_csv){0};
}
