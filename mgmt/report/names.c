// SPDX-License-Identifier: GPL-2.0-or-later
/* A table of texts behind mg_agg's index: count is the place in the array, plus one. */
#include "mgmt/report/names.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

struct mg_names {
	pthread_mutex_t lock;
	struct mg_agg *index;
	char **texts; /* feed, NUL, entry */
	size_t n, cap;
};

struct mg_names *mg_names_new(void)
{
	struct mg_names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->index = mg_agg_new(MG_NAMES_MAX);
	if (!n->index || pthread_mutex_init(&n->lock, NULL) != 0) {
		mg_agg_free(n->index);
		free(n);
		return NULL;
	}
	return n;
}

void mg_names_free(struct mg_names *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->n; i++)
		free(n->texts[i]);
	free(n->texts);
	mg_agg_free(n->index);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

void mg_names_key(const char *feed, const char *entry, struct mg_key *ret)
{
	crypto_generichash_state st;

	crypto_generichash_init(&st, NULL, 0, sizeof(ret->b));
	crypto_generichash_update(&st, (const uint8_t *)feed, strlen(feed) + 1);
	crypto_generichash_update(&st, (const uint8_t *)entry, strlen(entry));
	crypto_generichash_final(&st, ret->b, sizeof(ret->b));
}

static int keep(struct mg_names *n, struct mg_agg_entry *e, const char *feed, const char *entry)
{
	size_t a = strlen(feed) + 1, b = strlen(entry) + 1;
	char *text = malloc(a + b);

	if (!text || sk_grow(&n->texts, &n->cap, n->n + 1, sizeof(*n->texts)) < 0) {
		free(text);
		return -ENOMEM;
	}
	memcpy(text, feed, a);
	memcpy(text + a, entry, b);
	n->texts[n->n++] = text;
	e->count = n->n;
	return 0;
}

int mg_names_add(struct mg_names *n, const char *feed, const char *entry, struct mg_key *ret)
{
	struct mg_agg_entry *e;
	int r;

	mg_names_key(feed, entry, ret);
	pthread_mutex_lock(&n->lock);
	r = mg_agg_get(n->index, ret, &e);
	if (r == 0 && e->count == 0)
		r = keep(n, e, feed, entry);
	pthread_mutex_unlock(&n->lock);
	/* Not the code that a full table of counts has: further passes would not help. */
	return r == -E2BIG ? -EFBIG : r;
}

void mg_names_get(
	struct mg_names *n, const struct mg_key *key, const char **ret_feed, const char **ret_entry)
{
	struct mg_agg_entry *e;

	*ret_feed = *ret_entry = "";
	pthread_mutex_lock(&n->lock);
	if (mg_agg_get(n->index, key, &e) == 0 && e->count) {
		*ret_feed = n->texts[e->count - 1];
		*ret_entry = *ret_feed + strlen(*ret_feed) + 1;
	}
	pthread_mutex_unlock(&n->lock);
}
