/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all formats have in common: is it text at all, its lines, and how entries and errors are
 * noted; see parse.h. Pure.
 */
#include "mgmt/feeds/parse.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/feeds/parsing.h"

#define LINE_MAX_BYTES 16384u

const struct sk_text mg_parse_no_value = {
	"is no value of this kind", "この種類の値として読めません"};
const struct sk_text mg_parse_no_address = {"is no address", "アドレスとして読めません"};
const struct sk_text mg_parse_few_fields = {"has too few fields", "項目が足りません"};
const struct sk_text mg_parse_cut_short = {"the list was cut short: its own count does not fit",
	"一覧が途中で切れています (一覧に書かれた件数と合いません)"};
static const struct sk_text too_long = {"is too long a line", "1 行が長すぎます"};
static const struct sk_text not_utf8 = {"is not UTF-8 text", "UTF-8 の文字列ではありません"};
static const struct sk_text web_page = {"a web page came instead of the list: is a login, a proxy "
					"or a block page in between?",
	"一覧ではなく Web ページが返ってきました (ログイン画面・プロキシ・遮断画面などの可能性"
	"があります)"};
static const struct sk_text other_encoding = {"is in UTF-16 or another encoding, UTF-8 is needed",
	"UTF-16 など別の文字コードです。UTF-8 の一覧が必要です"};
static const struct sk_text binary = {
	"is a binary file, no list", "一覧ではなくバイナリファイルです"};
static const struct sk_text empty = {"is empty", "空のファイルです"};

/* ---- pieces ----
 */
struct mg_part mg_part_of(const char *s)
{
	return (struct mg_part){s ? s : "", s ? strlen(s) : 0};
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct mg_part mg_part_trim(struct mg_part p)
{
	while (p.n && blank(p.s[0]))
		p.s++, p.n--;
	while (p.n && blank(p.s[p.n - 1]))
		p.n--;
	return p;
}

bool mg_part_is(struct mg_part p, const char *s)
{
	return p.n == strlen(s) && memcmp(p.s, s, p.n) == 0;
}

bool mg_part_starts(struct mg_part p, const char *s)
{
	return p.n >= strlen(s) && memcmp(p.s, s, strlen(s)) == 0;
}

struct mg_part mg_part_until(struct mg_part p, const char *set, struct mg_part *rest)
{
	size_t n = 0;

	while (n < p.n && (!p.s[n] || !strchr(set, p.s[n])))
		n++;
	*rest = (struct mg_part){p.s + n, p.n - n};
	return (struct mg_part){p.s, n};
}

bool mg_part_number(struct mg_part p, uint64_t max, uint64_t *ret)
{
	char text[24];

	if (p.n == 0 || p.n >= sizeof(text))
		return false;
	memcpy(text, p.s, p.n);
	text[p.n] = '\0';
	return sk_parse_u64(text, max, ret) == 0;
}

/* ---- entries and errors ----
 */
void mg_parse_error(struct mg_parsing *p, const struct sk_text *why, struct mg_part sample)
{
	struct mg_parse_tally *t = p->t;

	t->errors++;
	if (t->n_first >= MG_PARSE_FIRST)
		return;
	t->first[t->n_first].line = p->line;
	t->first[t->n_first].why = why;
	sk_escape(t->first[t->n_first].sample, MG_PARSE_SAMPLE, sample.s,
		SK_MIN(sample.n, (size_t)MG_PARSE_SAMPLE));
	t->n_first++;
}

void mg_parse_refuse(struct mg_parsing *p, const struct sk_text *why)
{
	if (p->code == 0)
		p->code = sk_err_set(p->err, -EBADMSG, NULL, "%s%.0s", "%.0s%s", why->en, why->ja);
}

static void add(struct mg_parsing *p, const struct mg_list_entry *e)
{
	int r = mg_list_add(p->b, e);

	if (r == 0)
		p->t->entries++;
	else if (r == -ENOSPC)
		p->code = sk_err_set(p->err, r, "max_entries", "more than %llu entries",
			"%llu 件を超えています", (unsigned long long)p->d->max_entries);
	else
		p->code = sk_err_nomem(p->err);
}

void mg_parse_put(
	struct mg_parsing *p, enum sk_bl_kind kind, struct mg_part value, struct mg_part note)
{
	char dst[SK_BL_VALUE_MAX + 1];
	struct mg_list_entry e = {.kind = kind, .value = dst};
	int n = sk_bl_canonical(kind, value.s, value.n, dst, sizeof(dst));

	if (n <= 0) {
		mg_parse_error(p, &mg_parse_no_value, value);
		return;
	}
	e.len = (size_t)n;
	note = mg_part_trim(note);
	e.note = note.s;
	e.note_len = note.n;
	add(p, &e);
}

void mg_parse_put_address(struct mg_parsing *p, struct mg_part value, struct mg_part note)
{
	const unsigned __int128 mapped = (unsigned __int128)0xffff << 32;
	struct mg_list_entry e = {.kind = SK_BL_ADDR4};
	char dst[SK_BL_VALUE_MAX + 1];

	if (sk_bl_range(SK_BL_ADDR4, value.s, value.n, &e.lo, &e.hi) < 0) {
		e.kind = SK_BL_ADDR6;
		if (sk_bl_range(SK_BL_ADDR6, value.s, value.n, &e.lo, &e.hi) < 0) {
			mg_parse_error(p, &mg_parse_no_address, value);
			return;
		}
		if (e.lo >> 32 == mapped >> 32 && e.hi >> 32 == mapped >> 32) {
			e.kind = SK_BL_ADDR4;
			e.lo -= mapped;
			e.hi -= mapped;
		}
	}
	e.len = (size_t)sk_bl_range_text(e.kind, e.lo, e.hi, dst, sizeof(dst));
	e.value = dst;
	note = mg_part_trim(note);
	e.note = note.s;
	e.note_len = note.n;
	add(p, &e);
}

void mg_parse_put_endpoint(struct mg_parsing *p, struct mg_part value, struct mg_part note)
{
	const char *colon = memrchr(value.s, ':', value.n);
	uint64_t port;

	if (colon && memchr(value.s, '.', (size_t)(colon - value.s)) &&
		mg_part_number((struct mg_part){colon + 1, (size_t)(value.s + value.n - colon - 1)},
			65535, &port))
		value.n = (size_t)(colon - value.s);
	if (value.n && value.s[0] == '[') {
		const char *end = memchr(value.s, ']', value.n);

		if (end)
			value = (struct mg_part){value.s + 1, (size_t)(end - value.s - 1)};
	}
	mg_parse_put_address(p, value, note);
}

void mg_parse_put_host(
	struct mg_parsing *p, enum sk_bl_kind kind, struct mg_part value, struct mg_part note)
{
	unsigned __int128 lo, hi;

	if (sk_bl_range(SK_BL_ADDR4, value.s, value.n, &lo, &hi) == 0 ||
		sk_bl_range(SK_BL_ADDR6, value.s, value.n, &lo, &hi) == 0)
		mg_parse_put_address(p, value, note);
	else
		mg_parse_put(p, kind, value, note);
}

/* ---- lines and documents ----
 */
static const struct {
	mg_parse_line *line;
	mg_parse_document *document;
	void (*end)(struct mg_parsing *p);
} parsers[MG_FF_COUNT] = {
	[MG_FF_ADDRESSES] = {.line = mg_parse_addresses},
	[MG_FF_SPAMHAUS_DROP] = {.line = mg_parse_drop},
	[MG_FF_SPAMHAUS_JSON] = {.line = mg_parse_drop_json, .end = mg_parse_drop_json_end},
	[MG_FF_FEODO_CSV] = {.line = mg_parse_csv},
	[MG_FF_FEODO_JSON] = {.document = mg_parse_feodo_json},
	[MG_FF_URLHAUS_CSV] = {.line = mg_parse_csv},
	[MG_FF_THREATFOX_CSV] = {.line = mg_parse_csv},
	[MG_FF_THREATFOX_JSON] = {.document = mg_parse_threatfox_json},
	[MG_FF_SSLBL_JA3] = {.line = mg_parse_csv},
	[MG_FF_SSLBL_CERT] = {.line = mg_parse_csv},
	[MG_FF_SSLBL_IP] = {.line = mg_parse_csv},
	[MG_FF_HOSTS] = {.line = mg_parse_hosts},
	[MG_FF_DOMAINS] = {.line = mg_parse_domains},
	[MG_FF_URLS] = {.line = mg_parse_urls},
	[MG_FF_RPZ] = {.document = mg_parse_rpz},
	[MG_FF_STIX] = {.document = mg_parse_stix},
	[MG_FF_MISP] = {.document = mg_parse_misp},
	[MG_FF_IPREP] = {.line = mg_parse_iprep},
	[MG_FF_DATASET] = {.line = mg_parse_dataset},
};

/* "# END 5 entries", as abuse.ch ends its files: fewer than that were lost on the way. */
static void check_end(struct mg_parsing *p, struct mg_part line)
{
	uint64_t n;

	line = mg_part_trim((struct mg_part){line.s + 1, line.n - 1});
	if (!mg_part_starts(line, "END "))
		return;
	line = mg_part_trim((struct mg_part){line.s + 4, line.n - 4});
	line = mg_part_until(line, " ", &(struct mg_part){0});
	if (mg_part_number(line, UINT32_MAX, &n) && n != p->t->lines - p->lines_before)
		mg_parse_refuse(p, &mg_parse_cut_short);
}

static void one_line(struct mg_parsing *p, struct mg_part line)
{
	line = mg_part_trim(line);
	if (line.n == 0)
		return;
	if (line.n > LINE_MAX_BYTES) {
		p->t->lines++;
		mg_parse_error(p, &too_long, line);
		return;
	}
	if (!sk_utf8_valid(line.s, line.n) || memchr(line.s, '\0', line.n)) {
		p->t->lines++;
		mg_parse_error(p, &not_utf8, line);
		return;
	}
	if (line.s[0] == '#')
		check_end(p, line);
	parsers[p->d->format].line(p, line);
}

static void all_lines(struct mg_parsing *p, struct mg_part all)
{
	while (all.n && p->code == 0) {
		const char *nl = memchr(all.s, '\n', all.n);
		size_t n = nl ? (size_t)(nl - all.s) : all.n;

		p->line++;
		one_line(p, (struct mg_part){all.s, n});
		n += nl != NULL;
		all.s += n;
		all.n -= n;
	}
	if (p->code == 0 && parsers[p->d->format].end)
		parsers[p->d->format].end(p);
}

/* ---- is it one? ----
 */
static bool starts_nocase(struct mg_part p, const char *s)
{
	return p.n >= strlen(s) && strncasecmp(p.s, s, strlen(s)) == 0;
}

static const struct sk_text *unusable(struct mg_part all)
{
	struct mg_part head = {all.s, SK_MIN(all.n, (size_t)4096)};

	if (all.n == 0)
		return &empty;
	if (mg_part_starts(head, "\xff\xfe") || mg_part_starts(head, "\xfe\xff"))
		return &other_encoding;
	if (memchr(head.s, '\0', head.n)) {
		size_t zeros = 0;

		for (size_t i = 0; i < head.n; i++)
			zeros += head.s[i] == '\0';
		/* Every other byte of Latin text in UTF-16. */
		return zeros * 3 > head.n ? &other_encoding : &binary;
	}
	while (head.n && (blank(head.s[0]) || head.s[0] == '\n'))
		head.s++, head.n--;
	if (starts_nocase(head, "<!doctype") || starts_nocase(head, "<html") ||
		starts_nocase(head, "<?xml") || starts_nocase(head, "<head"))
		return &web_page;
	return NULL;
}

int mg_feed_parse(const struct mg_feed_def *d, int64_t now, const void *data, size_t n,
	struct mg_list_builder *b, struct mg_parse_tally *t, struct sk_err *err)
{
	struct mg_parsing p = {.d = d,
		.now = now,
		.b = b,
		.t = t,
		.err = err,
		.lines_before = t->lines,
		.entries_before = t->entries};
	struct mg_part all = {n ? data : "", n};
	const struct sk_text *why;

	if (mg_part_starts(all, "\xef\xbb\xbf"))
		all.s += 3, all.n -= 3;
	why = unusable(all);
	if (why)
		mg_parse_refuse(&p, why);
	else if (parsers[d->format].document)
		parsers[d->format].document(&p, all);
	else
		all_lines(&p, all);
	free(p.state);
	return p.code;
}
