/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS response policy zones (draft-vixie-dnsop-dns-rpz) written as a master file (RFC 1035, 5):
 * names with and without wildcard, and addresses of answers (rpz-ip). A wildcard means all below a
 * name; the nearest we have is the name and all below it. Triggers by client or by name server are
 * not about what somebody asks for and are passed over; so are names let through (rpz-passthru).
 * Pure.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"
#include "mgmt/feeds/parsing.h"

#define NAME 256
#define TOKENS 6 /* owner, TTL, class, type, first of the data, one to spare */

static const struct sk_text no_record = {
	"is no record of a zone", "ゾーンのレコードとして読めません"};
static const struct sk_text out_of_zone = {"lies outside the zone", "ゾーンの外の名前です"};
static const struct sk_text no_include = {
	"$INCLUDE and $GENERATE are not followed", "$INCLUDE と $GENERATE には対応していません"};
static const struct sk_text no_trigger = {
	"is no address trigger", "アドレスの指定として読めません"};
static const struct sk_text no_zone = {"is no zone: there is no record in it",
	"ゾーンファイルではありません (レコードがありません)"};
static const struct sk_text unbalanced = {"is cut short: a parenthesis or a quote is not closed",
	"途中で切れています (括弧または引用符が閉じられていません)"};

struct zone {
	struct mg_part rest; /* of the file */
	uint64_t line;
	struct mg_part token[TOKENS];
	size_t tokens;
	bool indented; /* the owner is that of the record before */
	bool cut;
	struct mg_part comment;
	char origin[NAME], owner[NAME];
	bool has_soa;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void advance(struct zone *z, size_t n)
{
	z->rest.s += n;
	z->rest.n -= n;
}

static void keep_token(struct zone *z, struct mg_part t)
{
	if (z->tokens < TOKENS)
		z->token[z->tokens++] = t;
}

static void take_quoted(struct zone *z)
{
	size_t n = 1;

	while (n < z->rest.n && z->rest.s[n] != '"' && z->rest.s[n] != '\n')
		n += z->rest.s[n] == '\\' && n + 1 < z->rest.n ? 2 : 1;
	if (n >= z->rest.n || z->rest.s[n] != '"') {
		z->cut = true;
		advance(z, SK_MIN(n, z->rest.n));
		return;
	}
	keep_token(z, (struct mg_part){z->rest.s + 1, n - 1});
	advance(z, n + 1);
}

static void take_comment(struct zone *z)
{
	z->comment = mg_part_until(z->rest, "\n", &z->rest);
	z->comment = mg_part_trim((struct mg_part){z->comment.s + 1, z->comment.n - 1});
}

/* The next record with its tokens; false at the end. Parentheses join lines. */
static bool next_record(struct zone *z)
{
	bool open = false;

	z->tokens = 0;
	z->comment = mg_part_of("");
	if (!z->rest.n)
		return false;
	z->line++;
	z->indented = is_blank(z->rest.s[0]);
	while (z->rest.n) {
		const char c = z->rest.s[0];
		struct mg_part t;

		if (c == '\n') {
			advance(z, 1);
			if (!open)
				return true;
			z->line++;
		} else if (is_blank(c)) {
			advance(z, 1);
		} else if (c == '(' || c == ')') {
			open = c == '(';
			advance(z, 1);
		} else if (c == ';') {
			take_comment(z);
		} else if (c == '"') {
			take_quoted(z);
		} else {
			t = mg_part_until(z->rest, " \t\r\n;()\"", &z->rest);
			keep_token(z, t);
		}
	}
	z->cut = z->cut || open;
	return true;
}

/* ---- names ----
 */
/* In lower case with its origin; false: too long. "\." and the like are no host names anyway. */
static bool absolute(const struct zone *z, struct mg_part t, char dst[NAME])
{
	size_t n = t.n;

	if (mg_part_is(t, "@"))
		return snprintf(dst, NAME, "%s", z->origin) < NAME;
	if (n >= NAME)
		return false;
	memcpy(dst, t.s, n);
	dst[n] = '\0';
	if (n && dst[n - 1] != '.' && z->origin[0])
		n += (size_t)snprintf(dst + n, NAME - n, ".%s", z->origin);
	if (n >= NAME)
		return false;
	if (n && dst[n - 1] == '.')
		dst[n - 1] = '\0';
	for (char *c = dst; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
	return true;
}

static bool is_ttl(struct mg_part t)
{
	size_t i = 0;

	for (; i < t.n; i++)
		if (!strchr("0123456789smhdwSMHDW", t.s[i]))
			return false;
	return t.n > 0 && t.s[0] >= '0' && t.s[0] <= '9';
}

static bool is_type(struct mg_part t, const char *name)
{
	return t.n == strlen(name) && strncasecmp(t.s, name, t.n) == 0;
}

/* Below the origin of the zone: what stands before it. */
static bool trigger_of(const struct zone *z, const char *owner, struct mg_part *ret)
{
	const size_t n = strlen(owner), o = strlen(z->origin);

	*ret = (struct mg_part){owner, n};
	if (!o)
		return n > 0;
	if (n <= o + 1 || strcmp(owner + n - o, z->origin) != 0 || owner[n - o - 1] != '.')
		return false;
	ret->n = n - o - 1;
	return true;
}

/* ---- triggers ----
 */
static bool strip_end(struct mg_part *p, const char *end)
{
	const size_t n = strlen(end);

	if (p->n <= n || memcmp(p->s + p->n - n, end, n) != 0)
		return false;
	p->n -= n;
	return true;
}

/* "24.0.2.0.192" is 192.0.2.0/24, "48.zz.db8.2001" is 2001:db8::/48. */
static void put_address_trigger(struct mg_parsing *p, struct mg_part t, struct mg_part note)
{
	struct mg_part label[10], len, rest;
	char text[64];
	size_t n = 0, at = 0;
	bool four;

	len = mg_part_until(t, ".", &rest);
	while (rest.n && n < SK_ARRAY_SIZE(label))
		label[n++] = mg_part_until((struct mg_part){rest.s + 1, rest.n - 1}, ".", &rest);
	four = n == 4 && !memchr(t.s, 'z', t.n);
	if (rest.n || n < 2) {
		mg_parse_error(p, &no_trigger, t);
		return;
	}
	while (n-- > 0 && at < sizeof(text) - 24) {
		const bool gap = mg_part_is(label[n], "zz");
		const char *sep = n == 0 ? "" : four ? "." : ":";

		/* "zz" is "::": one colon comes from the label before, or is needed at an end. */
		if (gap)
			at += (size_t)snprintf(
				text + at, sizeof(text) - at, "%s", at == 0 ? "::" : ":");
		else
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%.*s%s",
				(int)SK_MIN(label[n].n, (size_t)4), label[n].s, sep);
	}
	at += (size_t)snprintf(
		text + at, sizeof(text) - at, "/%.*s", (int)SK_MIN(len.n, (size_t)3), len.s);
	mg_parse_put_address(p, (struct mg_part){text, at}, note);
}

static void put_trigger(struct mg_parsing *p, struct mg_part t, struct mg_part note)
{
	if (strip_end(&t, ".rpz-ip")) {
		put_address_trigger(p, t, note);
	} else if (strip_end(&t, ".rpz-client-ip") || strip_end(&t, ".rpz-nsip") ||
		strip_end(&t, ".rpz-nsdname")) {
		p->t->ignored++;
	} else if (mg_part_starts(t, "*.")) {
		mg_parse_put(p, SK_BL_SUFFIX, (struct mg_part){t.s + 2, t.n - 2}, note);
	} else {
		mg_parse_put(p, SK_BL_DOMAIN, t, note);
	}
}

/* ---- records ----
 */
static void directive(struct mg_parsing *p, struct zone *z)
{
	char origin[NAME];

	if (is_type(z->token[0], "$ORIGIN") && z->tokens > 1) {
		if (absolute(z, z->token[1], origin))
			memcpy(z->origin, origin, sizeof(origin));
	} else if (!is_type(z->token[0], "$TTL")) {
		p->t->lines++;
		mg_parse_error(p, &no_include, z->token[0]);
	}
}

static void record(struct mg_parsing *p, struct zone *z)
{
	size_t i = z->indented ? 0 : 1;
	struct mg_part trigger, data;

	if (!z->indented && !absolute(z, z->token[0], z->owner)) {
		p->t->lines++;
		mg_parse_error(p, &no_record, z->token[0]);
		return;
	}
	while (i < z->tokens && (is_ttl(z->token[i]) || is_type(z->token[i], "IN")))
		i++;
	if (i < z->tokens && is_type(z->token[i], "SOA")) {
		/* Where nothing else was said, the zone is that of its SOA. */
		if (!z->origin[0])
			memcpy(z->origin, z->owner, sizeof(z->origin));
		z->has_soa = true;
		return;
	}
	if (i < z->tokens && is_type(z->token[i], "NS"))
		return;
	p->t->lines++;
	if (i + 1 >= z->tokens) {
		mg_parse_error(p, &no_record, z->tokens ? z->token[0] : mg_part_of(""));
		return;
	}
	data = z->token[i + 1];
	if (!trigger_of(z, z->owner, &trigger))
		mg_parse_error(p, &out_of_zone, mg_part_of(z->owner));
	else if (is_type(z->token[i], "CNAME") &&
		(mg_part_starts(data, "rpz-passthru") || mg_part_starts(data, "rpz-tcp-only")))
		p->t->ignored++;
	else
		put_trigger(p, trigger, z->comment);
}

void mg_parse_rpz(struct mg_parsing *p, struct mg_part all)
{
	struct zone *z = calloc(1, sizeof(*z));

	if (!z) {
		p->code = sk_err_nomem(p->err);
		return;
	}
	p->state = z; /* freed by the caller */
	z->rest = all;
	while (p->code == 0 && next_record(z)) {
		p->line = z->line;
		if (z->cut)
			mg_parse_refuse(p, &unbalanced);
		else if (z->tokens && z->token[0].s[0] == '$')
			directive(p, z);
		else if (z->tokens)
			record(p, z);
	}
	if (p->code == 0 && !z->has_soa && p->t->lines == p->lines_before)
		mg_parse_refuse(p, &no_zone);
}
