// SPDX-License-Identifier: GPL-2.0-or-later
/* A record as "title: value" lines, in the order of the command's columns and of the known keys. */
#include <string.h>

#include "lib/util.h"
#include "mgmt/cli/cli.h"

#define KEYS_MAX 128

struct entry {
	const char *key;
	const struct mg_column *col;
	const json_t *v;
	int rank;
};

/* "risk_texts" beside "risk" is for programs: the words are made here. */
static bool is_wording(const char *key)
{
	const char *end = strrchr(key, '_');

	return end && (!strcmp(end, "_text") || !strcmp(end, "_texts"));
}

static void describe(struct entry *e, const struct mg_command *cmd)
{
	const struct mg_column *cols = cmd ? cmd->columns : NULL;
	int known = mg_key_rank(e->key);

	for (size_t i = 0; cols && cols[i].key; i++)
		if (!strcmp(cols[i].key, e->key)) {
			e->col = &cols[i];
			e->rank = (int)i - 1000;
			return;
		}
	e->rank = known < 0 ? 10000 : known;
}

static int by_rank(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return strcmp(x->key, y->key);
}

static const char *title_of(const struct entry *e, const struct cli_opts *o)
{
	const struct sk_text *t = e->col ? &e->col->title : mg_key_text(e->key);

	return t ? sk_text(t, o->lang) : e->key;
}

static void put_lines(
	struct sk_buf *b, const struct entry *e, size_t width, const struct cli_opts *o)
{
	size_t n = json_is_array(e->v) ? json_array_size(e->v) : 0;
	const char *title = title_of(e, o);
	bool nested = n && (json_is_object(json_array_get(e->v, 0)) || n > 1);

	cli_put_cut(b, title, 60);
	sk_buf_putc(b, ':');
	if (nested && (json_is_object(json_array_get(e->v, 0)) || !strcmp(e->key, "warnings"))) {
		sk_buf_putc(b, '\n');
		for (size_t i = 0; i < n; i++) {
			sk_buf_puts(b, "  - ");
			cli_value(b, e->key, e->col, json_array_get(e->v, i), o);
			sk_buf_putc(b, '\n');
		}
		return;
	}
	for (size_t w = sk_width(title); w < width; w++)
		sk_buf_putc(b, ' ');
	sk_buf_putc(b, ' ');
	cli_value(b, e->key, e->col, e->v, o);
	sk_buf_putc(b, '\n');
}

void cli_record(struct sk_buf *b, const struct mg_command *cmd, const json_t *record,
	const struct cli_opts *o)
{
	struct entry all[KEYS_MAX];
	size_t n = 0, width = 0;
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)record, key, v) {
		/* An empty list or nothing at all says nothing. */
		if (n == KEYS_MAX || json_is_null(v) || is_wording(key) ||
			(json_is_string(v) && !json_string_length(v)) ||
			((json_is_array(v) || json_is_object(v)) && !json_array_size(v) &&
				!json_object_size(v)))
			continue;
		all[n] = (struct entry){.key = key, .v = v};
		describe(&all[n], cmd);
		if (mg_key_is_time(key) && json_is_integer(v) && !json_integer_value(v))
			continue;
		width = SK_MAX(width, SK_MIN(sk_width(title_of(&all[n], o)), (size_t)60));
		n++;
	}
	qsort(all, n, sizeof(all[0]), by_rank);
	for (size_t i = 0; i < n; i++)
		put_lines(b, &all[i], width, o);
}
