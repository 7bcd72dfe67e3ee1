/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folding table. The first event's text is kept so that the summary can say the same; long
 * texts (with their capture) are cut to nothing and their repeats reported singly instead.
 */
#include "ips/ipsd/fold.h"

#include <stdlib.h>
#include <string.h>

#include "lib/table.h"

#define TEXT_MAX (80u << 10)
#define TEXT_ALL (16u << 20)

struct window {
	struct ipsd_fold_sum sum;
	uint64_t start_us;
	char *text;
	uint32_t len;
};

struct ipsd_fold {
	struct sk_table *t;
	size_t text_bytes;
	/* of the sweep going on */
	uint64_t now_us;
	bool all;
	void (*emit)(const char *text, size_t len, const struct ipsd_fold_sum *sum, void *arg);
	void *arg;
};

struct ipsd_fold *ipsd_fold_new(size_t cap, const uint8_t seed[16])
{
	struct ipsd_fold *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->t = sk_table_new(cap, sizeof(struct ips_event_key), sizeof(struct window), seed);
	if (!f->t) {
		free(f);
		return NULL;
	}
	return f;
}

static bool drop_window(const void *key, void *val, void *arg)
{
	struct window *w = val;

	free(w->text);
	return true;
}

void ipsd_fold_free(struct ipsd_fold *f)
{
	if (!f)
		return;
	sk_table_walk(f->t, drop_window, NULL);
	sk_table_free(f->t);
	free(f);
}

bool ipsd_fold_add(struct ipsd_fold *f, const struct ips_event_key *key, const char *text,
	size_t len, uint64_t now_us)
{
	struct window *w;

	if (!(key->kind & (IPS_LOG_ALERT | IPS_LOG_DROP | IPS_LOG_LISTED)))
		return true;
	w = sk_table_get(f->t, key);
	if (w && now_us - w->start_us < IPSD_FOLD_WINDOW_US) {
		if (w->sum.count++ == 0)
			w->sum.first_us = now_us;
		w->sum.last_us = now_us;
		return false;
	}
	if (w) /* over, and not swept yet: it will be, this one is told singly */
		return true;
	if (len > TEXT_MAX || f->text_bytes + len > TEXT_ALL)
		return true;
	w = sk_table_put(f->t, key);
	if (!w)
		return true;
	w->text = malloc(len);
	if (!w->text) {
		sk_table_del(f->t, key);
		return true;
	}
	memcpy(w->text, text, len);
	w->len = (uint32_t)len;
	w->start_us = now_us;
	f->text_bytes += len;
	return true;
}

static bool sweep_one(const void *key, void *val, void *arg)
{
	struct ipsd_fold *f = arg;
	struct window *w = val;

	if (!f->all && f->now_us - w->start_us < IPSD_FOLD_WINDOW_US)
		return false;
	if (w->sum.count)
		f->emit(w->text, w->len, &w->sum, f->arg);
	f->text_bytes -= w->len;
	free(w->text);
	return true;
}

void ipsd_fold_sweep(struct ipsd_fold *f, uint64_t now_us, bool all,
	void (*emit)(const char *text, size_t len, const struct ipsd_fold_sum *sum, void *arg),
	void *arg)
{
	f->now_us = now_us;
	f->all = all;
	f->emit = emit;
	f->arg = arg;
	sk_table_walk(f->t, sweep_one, f);
}
