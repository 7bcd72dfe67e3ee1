// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Storing a batch. Its events go to the files of their days, one transaction each; every
 * transaction carries how far the instance's numbers have come in that file ("mark"), the last one
 * also how far they are stored altogether ("done"). After a crash in between, the batch is sent
 * again and each file takes what it does not have.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/events/files.h"
#include "mgmt/events/private.h"

#define US 1000000
#define INSTANCE_MAX 128
/* 2024: an earlier time is a clock not yet set, and would fall to the retention at once. */
#define TS_MIN (1704067200ll * US)

enum state { TODO, PENDING, STORED, HAD };

struct item {
	const json_t *ev;
	int64_t ts;
	uint64_t seq; /* 0 without an instance */
	int date;
	enum state state;
};

struct batch {
	struct mg_events *e;
	const char *instance;
	uint64_t seq;
	struct item *items;
	size_t n;
};

static int date_of(struct mg_events *e, int64_t ts)
{
	if (ts < e->day_from || ts >= e->day_to) {
		int64_t start = sk_day_start(ts / US);

		e->day_from = start * US;
		e->day_to = sk_day_add(start, 1) * US;
		e->day_date = mg_date_of(ts / US);
		/* Where the civil day is odd, do not trust it beyond this event. */
		if (ts < e->day_from || ts >= e->day_to)
			e->day_from = e->day_to = 0;
	}
	return e->day_date;
}

static void fill(struct batch *b, const json_t *events)
{
	uint64_t done = b->instance ? mg_events_last_seq(b->e, b->instance) : 0;
	int64_t now = sk_now_us();

	for (size_t i = 0; i < b->n; i++) {
		struct item *it = &b->items[i];

		it->ev = json_array_get(events, i);
		it->ts = mg_event_ts(it->ev);
		if (it->ts < TS_MIN)
			it->ts = now;
		it->date = date_of(b->e, it->ts);
		/* Numbers that do not count events can only tell batches apart. */
		if (b->instance)
			it->seq = b->n <= b->seq ? b->seq - b->n + 1 + i : b->seq;
		if (b->instance && it->seq <= done)
			it->state = HAD;
		/* What the site talks to has a store of its own; it only takes its number here. */
		if (sk_streq(json_string_value(json_object_get(it->ev, "event_type")), "contact"))
			it->state = HAD;
	}
}

static int put_items(struct batch *b, struct mg_day *d, struct sk_err *err)
{
	uint64_t mark = 0;
	int r = b->instance ? mg_day_mark(d, b->instance, &mark, err) : 0;

	for (size_t i = 0; r == 0 && i < b->n; i++) {
		struct item *it = &b->items[i];

		if (it->state != TODO || it->date != mg_day_date(d))
			continue;
		if (b->instance && it->seq <= mark) {
			it->state = HAD;
			continue;
		}
		r = mg_day_put(d, it->ev, it->ts, err);
		if (r == 0)
			it->state = PENDING;
	}
	return r;
}

static void settle(struct batch *b, enum state to)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->items[i].state == PENDING)
			b->items[i].state = to;
}

static int store_day(struct batch *b, int date, bool last, struct sk_err *err)
{
	struct mg_day *d;
	int r = mg_events_day(b->e, date, &d, err);

	if (r < 0)
		return r;
	r = mg_day_begin(d, err);
	if (r == 0)
		r = put_items(b, d, err);
	if (r == 0)
		r = mg_day_commit(d, b->instance, b->seq, last, err);
	if (r < 0) {
		mg_day_rollback(d);
		settle(b, TODO);
		return r;
	}
	settle(b, STORED);
	b->e->lost_total += mg_day_added(d)->lost;
	return 0;
}

/* The date of the first event still to be stored, 0 none; *others: there are further dates. */
static int next_date(const struct batch *b, bool *others)
{
	int date = 0;

	*others = false;
	for (size_t i = 0; i < b->n; i++) {
		if (b->items[i].state != TODO)
			continue;
		if (!date)
			date = b->items[i].date;
		else if (b->items[i].date != date)
			*others = true;
	}
	return date;
}

static int store(struct batch *b, struct sk_err *err)
{
	int date, aside = 0;
	bool others;

	while ((date = next_date(b, &others))) {
		char key[16];
		int r = store_day(b, date, !others, err);

		/* A file that turns out damaged is kept aside; new events are not lost for it. */
		if (r == -EUCLEAN && date != aside) {
			aside = date;
			r = mg_events_set_aside(b->e, date, err);
			if (r == 0)
				continue;
		}
		if (r < 0)
			return r;
		snprintf(key, sizeof(key), "%d", date);
		json_object_del(b->e->sealed, key);
	}
	return 0;
}

static void tell(struct batch *b)
{
	struct mg_events *e = b->e;

	for (size_t i = 0; i < b->n; i++) {
		if (b->items[i].state != STORED)
			continue;
		mg_eve_add(e->eve, b->items[i].ev, b->items[i].ts);
		for (int k = 0; k < MG_SUBSCRIBERS; k++)
			if (e->subs[k].fn)
				e->subs[k].fn(b->items[i].ev, e->subs[k].arg);
	}
	mg_eve_flush(e->eve);
}

static int check_space(const struct mg_events *e, struct sk_err *err)
{
	uint64_t avail, reserve;
	int r = mg_events_disk(e, &avail, &reserve, err);

	if (r < 0)
		return r;
	if (avail < reserve)
		return sk_err_set(err, -ENOSPC, NULL,
			"%s: only %llu MiB of disk are left, so no more events are stored; none is "
			"deleted "
			"before its time",
			"%s: ディスクの空きが %llu MiB しかないため、事象を保存できません。"
			"保存期間内の記録は削除しません",
			e->dir, (unsigned long long)(avail >> 20));
	return 0;
}

static int note_done(struct batch *b, struct sk_err *err)
{
	json_t *v = json_integer((json_int_t)b->seq);

	return json_object_set_new(b->e->done, b->instance, v) < 0 ? sk_err_nomem(err) : 0;
}

int mg_events_append(struct mg_events *e, const char *instance, uint64_t seq, const json_t *events,
	struct sk_err *err)
{
	struct batch b = {.e = e, .instance = instance, .seq = seq, .n = json_array_size(events)};
	int r;

	if (!json_is_array(events))
		return sk_err_set(err, -EINVAL, "events", "must be an array", "配列ではありません");
	if (instance && (strlen(instance) > INSTANCE_MAX || seq == 0 || seq > INT64_MAX))
		return sk_err_set(err, -EINVAL, "seq", "bad instance or number", NULL);
	if (b.n == 0 || (instance && seq <= mg_events_last_seq(e, instance)))
		return 0;
	r = check_space(e, err);
	if (r < 0)
		return r;
	b.items = calloc(b.n, sizeof(*b.items));
	if (!b.items)
		return sk_err_nomem(err);
	fill(&b, events);
	r = store(&b, err);
	/* What is stored is told even if a later day's part failed: it will not be told again. */
	tell(&b);
	if (r == 0 && instance)
		r = note_done(&b, err);
	free(b.items);
	return r;
}
