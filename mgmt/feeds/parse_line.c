/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats of one entry a line: addresses, names, URLs, Spamhaus DROP as text, hosts files and what
 * Suricata loads (iprep, datasets). Pure.
 */
#include <sodium.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/feeds/parsing.h"

static const struct sk_text no_base64 = {"is not base64", "base64 として読めません"};
static const struct sk_text no_score = {
	"category or score is no number", "カテゴリまたはスコアが数値ではありません"};
static const struct sk_text no_hash = {
	"is no hash of this length", "この長さのハッシュ値ではありません"};

static bool comment(struct mg_part line)
{
	return line.s[0] == '#' || line.s[0] == ';' || mg_part_starts(line, "//");
}

/* What stands behind the value, without what separates it. */
static struct mg_part rest_as_note(struct mg_part rest)
{
	while (rest.n && strchr(" \t,;#/|-", rest.s[0]) && rest.s[0])
		rest.s++, rest.n--;
	return mg_part_trim(rest);
}

/* "lo - hi" with blanks: dst holds it without; else value is left as it is. */
static struct mg_part join_range(struct mg_part value, struct mg_part *rest, char dst[128])
{
	struct mg_part r = mg_part_trim(*rest), hi;

	if (!r.n || r.s[0] != '-')
		return value;
	r = mg_part_trim((struct mg_part){r.s + 1, r.n - 1});
	hi = mg_part_until(r, " \t,;#", &r);
	/* A remark behind a dash begins with no digit. */
	if (!hi.n || value.n + hi.n > 120 || (!strchr("0123456789abcdefABCDEF:", hi.s[0])) ||
		(!memchr(hi.s, '.', hi.n) && !memchr(hi.s, ':', hi.n)))
		return value;
	*rest = r;
	return (struct mg_part){dst,
		(size_t)snprintf(dst, 128, "%.*s-%.*s", (int)value.n, value.s, (int)hi.n, hi.s)};
}

void mg_parse_addresses(struct mg_parsing *p, struct mg_part line)
{
	struct mg_part rest, value;
	char joined[128];

	if (comment(line))
		return;
	p->t->lines++;
	value = mg_part_until(line, " \t,;#", &rest);
	value = join_range(value, &rest, joined);
	mg_parse_put_address(p, value, rest_as_note(rest));
}

void mg_parse_drop(struct mg_parsing *p, struct mg_part line)
{
	struct mg_part rest, value;

	if (comment(line))
		return;
	p->t->lines++;
	value = mg_part_trim(mg_part_until(line, ";", &rest));
	mg_parse_put_address(p, value, rest_as_note(rest));
}

/* ---- names ----
 */
/* Names that every hosts file has for the host itself. */
static bool own_name(struct mg_part name)
{
	static const char *const names[] = {"localhost", "localhost.localdomain", "local",
		"broadcasthost", "ip6-localhost", "ip6-loopback", "ip6-localnet", "ip6-mcastprefix",
		"ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++)
		if (mg_part_is(name, names[i]))
			return true;
	return false;
}

void mg_parse_hosts(struct mg_parsing *p, struct mg_part line)
{
	const enum sk_bl_kind kind = p->d->suffix ? SK_BL_SUFFIX : SK_BL_DOMAIN;
	struct mg_part rest, address, note, text;
	unsigned __int128 lo, hi;

	if (comment(line))
		return;
	p->t->lines++;
	text = mg_part_until(line, "#", &note);
	address = mg_part_until(text, " \t", &rest);
	if (sk_bl_range(SK_BL_ADDR4, address.s, address.n, &lo, &hi) < 0 &&
		sk_bl_range(SK_BL_ADDR6, address.s, address.n, &lo, &hi) < 0) {
		mg_parse_error(p, &mg_parse_no_address, line);
		return;
	}
	rest = mg_part_trim(rest);
	if (!rest.n)
		mg_parse_error(p, &mg_parse_few_fields, line);
	while (rest.n && p->code == 0) {
		struct mg_part name = mg_part_until(rest, " \t", &rest);

		if (own_name(name))
			p->t->ignored++;
		else
			mg_parse_put(p, kind, name, rest_as_note(note));
		rest = mg_part_trim(rest);
	}
}

void mg_parse_domains(struct mg_parsing *p, struct mg_part line)
{
	enum sk_bl_kind kind = p->d->suffix ? SK_BL_SUFFIX : SK_BL_DOMAIN;
	struct mg_part rest, value;

	if (comment(line))
		return;
	p->t->lines++;
	value = mg_part_until(line, " \t,;#", &rest);
	if (mg_part_starts(value, "*.") || mg_part_starts(value, ".")) {
		const size_t skip = value.s[0] == '*' ? 2 : 1;

		value = (struct mg_part){value.s + skip, value.n - skip};
		kind = SK_BL_SUFFIX;
	}
	mg_parse_put_host(p, kind, value, rest_as_note(rest));
}

void mg_parse_urls(struct mg_parsing *p, struct mg_part line)
{
	struct mg_part rest, value;

	if (comment(line))
		return;
	p->t->lines++;
	value = mg_part_until(line, " \t", &rest);
	mg_parse_put(p, SK_BL_URL, value, rest_as_note(rest));
}

/* ---- Suricata ----
 * docs.suricata.io: "IP Reputation Format", "Datasets".
 */
static bool wanted_category(const struct mg_parsing *p, uint64_t category)
{
	const json_t *list = p->d->categories;

	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_integer_value(json_array_get(list, i)) == (json_int_t)category)
			return true;
	return !list;
}

void mg_parse_iprep(struct mg_parsing *p, struct mg_part line)
{
	struct mg_part address, category, score, rest;
	uint64_t c, s;
	char note[64];

	if (comment(line))
		return;
	p->t->lines++;
	address = mg_part_trim(mg_part_until(line, ",", &rest));
	if (!rest.n) {
		mg_parse_error(p, &mg_parse_few_fields, line);
		return;
	}
	category = mg_part_until((struct mg_part){rest.s + 1, rest.n - 1}, ",", &rest);
	score = rest.n ? (struct mg_part){rest.s + 1, rest.n - 1} : rest;
	if (!mg_part_number(mg_part_trim(category), 255, &c) ||
		!mg_part_number(mg_part_trim(score), 127, &s)) {
		mg_parse_error(p, &no_score, line);
		return;
	}
	/* 0 is "no data". */
	if (s == 0 || s < (uint64_t)p->d->min_score || !wanted_category(p, c)) {
		p->t->ignored++;
		return;
	}
	snprintf(note, sizeof(note), "category %u, score %u", (unsigned)c, (unsigned)s);
	mg_parse_put_address(p, address, mg_part_of(note));
}

static void put_string(struct mg_parsing *p, struct mg_part value)
{
	char text[SK_BL_VALUE_MAX + 1];
	size_t n = 0;

	if (sodium_base642bin((unsigned char *)text, sizeof(text), value.s, value.n, NULL, &n, NULL,
		    sodium_base64_VARIANT_ORIGINAL) != 0) {
		mg_parse_error(p, &no_base64, value);
		return;
	}
	mg_parse_put(p, p->d->as, (struct mg_part){text, n}, mg_part_of(""));
}

void mg_parse_dataset(struct mg_parsing *p, struct mg_part line)
{
	struct mg_part rest, value;
	const char *type = p->d->type;

	if (comment(line))
		return;
	p->t->lines++;
	/* A reputation behind a comma (datarep) or the like is of no interest. */
	value = mg_part_trim(mg_part_until(line, ",", &rest));
	if (strcmp(type, "string") == 0)
		put_string(p, value);
	else if (strcmp(type, "ip") == 0 || strcmp(type, "ipv4") == 0)
		mg_parse_put_address(p, value, mg_part_of(""));
	else if (value.n != (strcmp(type, "md5") == 0 ? 32u : 64u))
		mg_parse_error(p, &no_hash, value);
	else
		mg_parse_put(p, p->d->as, value, mg_part_of(""));
}
