// SPDX-License-Identifier: GPL-2.0-or-later
/* "Did you mean": the nearest known word to one that is not known. Pure. */
#include <string.h>

#include "lib/util.h"
#include "mgmt/cli/cli.h"

#define WORD_MAX 40
#define FAR 1000

unsigned cli_distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return FAR;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = SK_MIN(best, row[j] + 1);
			row[j] = SK_MIN(best, row[j - 1] + 1);
		}
	}
	return row[m];
}

struct best {
	const char *typed;
	char *dst;
	size_t cap;
	unsigned distance;
};

/* A third of the letters may be wrong; more is a different word. */
static void consider(struct best *b, const char *word)
{
	unsigned d = cli_distance(b->typed, word);

	if (d < b->distance && d <= strlen(word) / 3 + 1) {
		b->distance = d;
		snprintf(b->dst, b->cap, "%s", word);
	}
}

const char *cli_suggest(const char *typed, char *dst, size_t cap)
{
	struct best b = {.typed = typed, .dst = dst, .cap = cap, .distance = FAR};
	char word[64];

	for (const struct mg_command *c = mg_commands; c->op; c++) {
		if (c->flags & MG_F_HIDDEN)
			continue;
		cli_words(c->op, word, sizeof(word));
		consider(&b, word);
		word[strcspn(word, " ")] = '\0';
		if (!strchr(typed, ' '))
			consider(&b, word);
	}
	return b.distance < FAR ? dst : NULL;
}

const char *cli_suggest_option(const struct mg_command *c, const char *typed, char *dst, size_t cap)
{
	struct best b = {.typed = typed, .dst = dst, .cap = cap, .distance = FAR};
	char word[64];

	for (const struct mg_arg *a = c ? c->args : NULL; a && a->name; a++)
		if (!a->positional)
			consider(&b, cli_option(a->name, word, sizeof(word)));
	for (const struct cli_global *g = cli_globals; g->option; g++)
		consider(&b, g->option);
	return b.distance < FAR ? dst : NULL;
}
