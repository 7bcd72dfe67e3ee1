// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One JSON value as one line for people: stable names translated, times local, control characters
 * visible. Whatever comes from the daemon may hold what an outsider wrote: nothing reaches the
 * terminal unescaped.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/cli/cli.h"

#define MEMBERS_MAX 64

static void put_escaped(struct sk_buf *b, const char *s, size_t len)
{
	size_t cap = len * 4 + 1;
	char *tmp = malloc(cap);

	if (!tmp) {
		b->err = -ENOMEM;
		return;
	}
	sk_buf_puts(b, sk_escape(tmp, cap, s, len));
	free(tmp);
}

/* Line breaks and tabs are harmless: a space in a line. */
static void put_line(struct sk_buf *b, const char *s)
{
	while (*s) {
		size_t n = strcspn(s, "\r\n\t");

		put_escaped(b, s, n);
		s += n;
		n = strspn(s, "\r\n\t");
		if (n)
			sk_buf_putc(b, ' ');
		s += n;
	}
}

/* The word for the name at s (up to a comma), which is stepped over; NULL if there is none. */
static const struct sk_text *next_word(const char *key, const char **s)
{
	size_t n = strcspn(*s, ",");
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)SK_MIN(n, sizeof(name) - 1), *s);
	*s += n + ((*s)[n] == ',');
	return mg_value_text(key, name);
}

/* A stable name, or several with commas ("requester,admin"), as people say it; else the text
 * itself. */
static void put_string(
	struct sk_buf *b, const char *key, const char *text, const struct cli_opts *o)
{
	const char *s = text;

	do {
		if (!next_word(key, &s)) {
			put_line(b, text);
			return;
		}
	} while (*s);
	for (s = text; *s;) {
		if (s != text)
			sk_buf_puts(b, ", ");
		sk_buf_puts(b, sk_text(next_word(key, &s), o->lang));
	}
}

/* "r2 extend requested": a waiting revision, what it asks for and how far that is. */
static void put_pending(struct sk_buf *b, const char *text, const struct cli_opts *o)
{
	const struct sk_text *intent, *state;
	char rev[16], word[2][32];

	if (sscanf(text, "%15s %31s %31s", rev, word[0], word[1]) != 3 ||
		!(intent = mg_value_text("intent", word[0])) ||
		!(state = mg_value_text("state", word[1]))) {
		put_line(b, text);
		return;
	}
	put_line(b, rev);
	sk_buf_printf(b, " %s %s", sk_text(intent, o->lang), sk_text(state, o->lang));
}

static bool use_slashes(const struct cli_opts *o)
{
	return o->lang == SK_JA || o->format == CLI_CSV;
}

enum precision { DATE, DATE_OR_TIME, TIME };

/* DATE_OR_TIME: a date alone where the instant is the first or last second of a day. */
static void put_time(struct sk_buf *b, int64_t t, enum precision p, const struct cli_opts *o)
{
	bool slashes = use_slashes(o);
	time_t tt = (time_t)t;
	char s[64];
	struct tm tm;

	if (t == 0)
		return;
	if (!localtime_r(&tt, &tm)) {
		sk_buf_printf(b, "%lld", (long long)t);
		return;
	}
	if (p == DATE_OR_TIME &&
		((tm.tm_hour == 23 && tm.tm_min == 59) || (!tm.tm_hour && !tm.tm_min)))
		p = DATE;
	if (p == DATE)
		strftime(s, sizeof(s), slashes ? "%Y/%m/%d" : "%Y-%m-%d", &tm);
	else if (o->format == CLI_CSV)
		strftime(s, sizeof(s), "%Y/%m/%d %H:%M:%S %z", &tm);
	else
		strftime(s, sizeof(s), slashes ? "%Y/%m/%d %H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
	sk_buf_puts(b, s);
}

/* "2026-11-23…": a date the daemon wrote, as people here write it. */
static void put_date_text(struct sk_buf *b, const char *text, const struct cli_opts *o)
{
	char s[64];

	if (strlen(text) >= sizeof(s)) {
		put_line(b, text);
		return;
	}
	snprintf(s, sizeof(s), "%s", text);
	for (size_t i = 0; use_slashes(o) && i < 10 && s[i]; i++)
		s[i] = s[i] == '-' ? '/' : s[i];
	put_line(b, s);
}

/* The end of a rule's life may be an hour of the day; when it was registered, the day will do. */
static enum precision precision(const char *key, const struct mg_column *col)
{
	if (!col || !strcmp(key, "expiry") || !strcmp(key, "due"))
		return DATE_OR_TIME;
	return col->is_date ? DATE : TIME;
}

static void put_array(struct sk_buf *b, const char *key, const struct mg_column *col,
	const json_t *v, const struct cli_opts *o)
{
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (i)
			sk_buf_puts(b, ", ");
		cli_value(b, key, col, json_array_get(v, i), o);
	}
}

struct member {
	const char *key;
	const json_t *v;
};

static int by_rank(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int i = mg_key_rank(x->key), k = mg_key_rank(y->key);

	if (i == k)
		return strcmp(x->key, y->key);
	return i < 0 ? 1 : k < 0 ? -1 : i < k ? -1 : 1;
}

static void put_title(struct sk_buf *b, const char *key, const struct cli_opts *o)
{
	const struct sk_text *title = mg_key_text(key);

	/* {"active": 12}: counts by state */
	title = title ? title : mg_value_text("state", key);
	if (title)
		sk_buf_puts(b, sk_text(title, o->lang));
	else
		put_line(b, key);
}

/* In the order people know, without what is empty. */
static void put_object(struct sk_buf *b, const json_t *v, const struct cli_opts *o)
{
	struct member all[MEMBERS_MAX];
	const char *key;
	json_t *one;
	size_t n = 0;

	json_object_foreach ((json_t *)v, key, one) {
		if (n == MEMBERS_MAX || json_is_null(one) ||
			(json_is_string(one) && !json_string_length(one)))
			continue;
		all[n++] = (struct member){key, one};
	}
	qsort(all, n, sizeof(all[0]), by_rank);
	for (size_t i = 0; i < n; i++) {
		if (i)
			sk_buf_puts(b, ", ");
		put_title(b, all[i].key, o);
		sk_buf_puts(b, ": ");
		cli_value(b, all[i].key, NULL, all[i].v, o);
	}
}

void cli_value(struct sk_buf *b, const char *key, const struct mg_column *col, const json_t *v,
	const struct cli_opts *o)
{
	static const struct sk_text yes = {"yes", "はい"}, no = {"no", "いいえ"};
	bool is_time = col ? col->is_time || col->is_date : mg_key_is_time(key);

	switch (json_typeof(v)) {
	case JSON_STRING:
		if (col && col->code)
			put_line(b, json_string_value(v));
		else if (!strcmp(key, "pending"))
			put_pending(b, json_string_value(v), o);
		else if (is_time)
			put_date_text(b, json_string_value(v), o);
		else
			put_string(b, key, json_string_value(v), o);
		break;
	case JSON_INTEGER:
		if (is_time)
			put_time(b, json_integer_value(v), precision(key, col), o);
		else
			sk_buf_printf(b, "%lld", (long long)json_integer_value(v));
		break;
	case JSON_REAL: sk_buf_printf(b, "%.6g", json_real_value(v)); break;
	case JSON_TRUE: sk_buf_puts(b, sk_text(&yes, o->lang)); break;
	case JSON_FALSE: sk_buf_puts(b, sk_text(&no, o->lang)); break;
	case JSON_ARRAY: put_array(b, key, col, v, o); break;
	case JSON_OBJECT: put_object(b, v, o); break;
	case JSON_NULL: break;
	}
}
