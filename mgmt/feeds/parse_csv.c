/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of abuse.ch: Feodo Tracker, URLhaus, ThreatFox, SSLBL. Fields in quotes, with blanks
 * behind the commas in some; the line that names the columns is commented out in most, and columns
 * were added over the years, so they are found by name and only without one by place. Pure.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"
#include "mgmt/feeds/parsing.h"

#define FIELDS 32
#define COLUMNS 5

static const struct sk_text open_quote = {"a quote is not closed", "引用符が閉じられていません"};

struct table {
	enum mg_feed_format format;
	const char *names[COLUMNS]; /* the value's first */
	uint8_t places[COLUMNS];
};

enum { VALUE, NOTE, EXTRA, TYPE, SCORE };

static const struct table tables[] = {
	{MG_FF_FEODO_CSV, {"dst_ip", "malware", "dst_port"}, {1, 5, 2}},
	{MG_FF_URLHAUS_CSV, {"url", "threat", "tags"}, {2, 5, 6}},
	{MG_FF_THREATFOX_CSV,
		{"ioc_value", "malware_printable", "threat_type", "ioc_type", "confidence_level"},
		{2, 7, 4, 3, 9}},
	{MG_FF_SSLBL_JA3, {"ja3_md5", "Listingreason"}, {0, 3}},
	{MG_FF_SSLBL_CERT, {"SHA1", "Listingreason"}, {1, 2}},
	{MG_FF_SSLBL_IP, {"DstIP"}, {1}},
};

struct columns {
	const struct table *table;
	int at[COLUMNS]; /* -1: there is none */
};

struct fields {
	struct mg_part v[FIELDS];
	size_t n;
};

/* One field from the front of *rest; false: a quote is not closed. Quotes inside stay doubled. */
static bool take_field(struct mg_part *rest, struct mg_part *ret)
{
	size_t i = 0;

	while (rest->n && (rest->s[0] == ' ' || rest->s[0] == '\t'))
		rest->s++, rest->n--;
	if (!rest->n || rest->s[0] != '"') {
		*ret = mg_part_trim(mg_part_until(*rest, ",", rest));
		return true;
	}
	for (i = 1; i < rest->n; i++) {
		if (rest->s[i] == '\\' && i + 1 < rest->n)
			i++;
		else if (rest->s[i] == '"' && i + 1 < rest->n && rest->s[i + 1] == '"')
			i++;
		else if (rest->s[i] == '"')
			break;
	}
	if (i >= rest->n)
		return false;
	*ret = (struct mg_part){rest->s + 1, i - 1};
	*rest = (struct mg_part){rest->s + i + 1, rest->n - i - 1};
	mg_part_until(*rest, ",", rest);
	return true;
}

static bool split(struct mg_part line, struct fields *f)
{
	f->n = 0;
	while (f->n < FIELDS) {
		if (!take_field(&line, &f->v[f->n]))
			return false;
		f->n++;
		if (!line.n)
			break;
		line.s++, line.n--;
	}
	return true;
}

static bool same_name(struct mg_part p, const char *name)
{
	return p.n == strlen(name) && strncasecmp(p.s, name, p.n) == 0;
}

/* Does the line name the columns? Then they are taken from it. */
static bool header(struct columns *c, const struct fields *f)
{
	bool found = false;

	for (size_t i = 0; i < f->n; i++)
		found = found || same_name(f->v[i], c->table->names[VALUE]);
	/* A listed value has this name in no table. */
	if (!found || f->n < 2)
		return false;
	for (int k = 0; k < COLUMNS; k++) {
		c->at[k] = -1;
		for (size_t i = 0; c->table->names[k] && i < f->n; i++)
			if (same_name(f->v[i], c->table->names[k]))
				c->at[k] = (int)i;
	}
	return true;
}

static struct columns *columns_of(struct mg_parsing *p)
{
	struct columns *c = p->state;

	if (c)
		return c;
	c = p->state = calloc(1, sizeof(*c));
	if (!c) {
		p->code = sk_err_nomem(p->err);
		return NULL;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(tables); i++)
		if (tables[i].format == p->d->format)
			c->table = &tables[i];
	for (int k = 0; k < COLUMNS; k++)
		c->at[k] = c->table->names[k] ? c->table->places[k] : -1;
	return c;
}

static struct mg_part field(const struct columns *c, const struct fields *f, int which)
{
	const int at = c->at[which];

	return at >= 0 && (size_t)at < f->n ? f->v[at] : mg_part_of("");
}

static void put_ioc(struct mg_parsing *p, const struct columns *c, const struct fields *f)
{
	struct mg_part note = field(c, f, NOTE);
	uint64_t score = 0;

	if (mg_part_number(field(c, f, SCORE), 100, &score) && score < (uint64_t)p->d->min_score) {
		p->t->ignored++;
		return;
	}
	mg_parse_threatfox_ioc(
		p, field(c, f, TYPE), field(c, f, VALUE), note.n ? note : field(c, f, EXTRA));
}

static void put_row(struct mg_parsing *p, const struct columns *c, const struct fields *f)
{
	struct mg_part value = field(c, f, VALUE), note = field(c, f, NOTE);
	struct mg_part extra = field(c, f, EXTRA);
	char text[MG_LIST_NOTE_MAX + 1];

	switch (p->d->format) {
	case MG_FF_FEODO_CSV:
	case MG_FF_SSLBL_IP: mg_parse_put_address(p, value, note); break;
	case MG_FF_SSLBL_JA3: mg_parse_put(p, SK_BL_JA3, value, note); break;
	case MG_FF_SSLBL_CERT: mg_parse_put(p, SK_BL_CERT, value, note); break;
	case MG_FF_URLHAUS_CSV:
		snprintf(text, sizeof(text), "%.*s%s%.*s", (int)SK_MIN(note.n, (size_t)60), note.s,
			extra.n ? " " : "", (int)SK_MIN(extra.n, (size_t)90), extra.s);
		mg_parse_put(p, SK_BL_URL, value, mg_part_of(text));
		break;
	default: put_ioc(p, c, f); break;
	}
}

void mg_parse_csv(struct mg_parsing *p, struct mg_part line)
{
	struct columns *c = columns_of(p);
	struct fields f;

	if (!c)
		return;
	if (line.s[0] == '#') {
		while (line.n && (line.s[0] == '#' || line.s[0] == ' '))
			line.s++, line.n--;
		if (line.n && split(line, &f))
			header(c, &f);
		return;
	}
	if (!split(line, &f)) {
		p->t->lines++;
		mg_parse_error(p, &open_quote, line);
		return;
	}
	if (header(c, &f))
		return;
	p->t->lines++;
	if (!field(c, &f, VALUE).n)
		mg_parse_error(p, &mg_parse_few_fields, line);
	else
		put_row(p, c, &f);
}

void mg_parse_threatfox_ioc(
	struct mg_parsing *p, struct mg_part type, struct mg_part value, struct mg_part note)
{
	if (mg_part_is(type, "ip:port"))
		mg_parse_put_endpoint(p, value, note);
	else if (mg_part_is(type, "domain"))
		mg_parse_put_host(p, SK_BL_DOMAIN, value, note);
	else if (mg_part_is(type, "url"))
		mg_parse_put(p, SK_BL_URL, value, note);
	else if (type.n)
		p->t->ignored++; /* hashes of files, and what may be added */
	else
		mg_parse_error(p, &mg_parse_few_fields, value);
}
