// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices of ours that look infected: who was stopped on the way out by a blocklist or by the
 * inspection, how often, over how many days. Day by day in one thread: where the inspection stopped
 * nothing, only what a blocklist stopped is read.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/events/files.h"
#include "mgmt/report/query.h"

#define DEVICES_MAX 100000
#define SLACK (2 * 86400)

enum what { NOTHING, LISTED, MONITORED, INSPECTED };

/* What the table of counts has no place for, by the same index. */
struct more {
	uint64_t monitored;
	uint32_t days;
	int date; /* counted last */
	char feed[MG_CLASS_TEXT_MAX + 1], example[256];
};

struct work {
	const struct mg_infected_query *q;
	struct mg_agg *agg; /* peers: entries and signatures */
	struct more *more;
	size_t cap_more;
	/* of the open file */
	struct mg_reader *reader;
	uint8_t *what; /* by class */
	int date;
	struct sk_buf damaged;
};

static enum what what_of(const struct mg_class *c)
{
	const char *reason = c->text[MG_REASON];

	if (strcmp(c->text[MG_DIRECTION], "inbound") == 0)
		return NOTHING;
	if (strcmp(reason, "blocklist") == 0)
		return c->kind == MG_KIND_DROP ? LISTED : MONITORED;
	return strcmp(reason, "ips") == 0 && c->kind == MG_KIND_DROP ? INSPECTED : NOTHING;
}

/* "signature_id" and "signature" of the alert, without taking the whole JSON apart. */
static void signature(const char *extra, char *dst, size_t cap)
{
	json_t *v = extra ? json_loads(extra, 0, NULL) : NULL;
	const json_t *alert = json_object_get(v, "alert");
	const char *msg = json_string_value(json_object_get(alert, "signature"));
	const json_t *sid = json_object_get(alert, "signature_id");

	if (!sid)
		sid = json_object_get(json_object_get(v, "sekisho"), "sid");
	snprintf(dst, cap, "%lld%s%s", (long long)json_integer_value(sid), msg ? " " : "",
		msg ? msg : "");
	json_decref(v);
}

static int add(struct work *w, const struct mg_flow *f, const struct mg_class *c, enum what what)
{
	char example[sizeof(w->more->example)];
	struct mg_key device, entry;
	struct mg_agg_entry *e;
	struct more *m;
	uint64_t peer;
	size_t i, n;
	int r;

	mg_key_device(&device, f, c);
	if (what == INSPECTED)
		signature(f->extra, example, sizeof(example));
	else
		snprintf(example, sizeof(example), "%s", f->entry ? f->entry : "");
	mg_names_key(c->text[MG_FEED],
		what == INSPECTED  ? example
			: f->entry ? f->entry
				   : "",
		&entry);
	peer = mg_peer_hash(entry.b);
	r = mg_agg_get(w->agg, &device, &e);
	if (r < 0)
		return r;
	i = (size_t)(e - mg_agg_entries(w->agg, &n));
	if (n > w->cap_more) {
		size_t before = w->cap_more;

		if (sk_grow(&w->more, &w->cap_more, n, sizeof(*w->more)) < 0)
			return -ENOMEM;
		memset(w->more + before, 0, (w->cap_more - before) * sizeof(*w->more));
	}
	m = &w->more[i];
	if (e->count == 0 || f->ts >= e->last) {
		memcpy(e->seen.b, f->src.b, sizeof(e->seen.b));
		snprintf(m->feed, sizeof(m->feed), "%s", c->text[MG_FEED]);
		memcpy(m->example, example, sizeof(m->example));
	}
	m->monitored += what == MONITORED ? f->count : 0;
	m->days += m->date != w->date;
	m->date = w->date;
	return mg_agg_add(w->agg, &device, f->count, f->ts - f->span, f->ts, &peer);
}

static int on_row(const struct mg_flow *f, void *arg)
{
	struct work *w = arg;

	return add(w, f, mg_reader_class(w->reader, f->cls), (enum what)w->what[f->cls]);
}

static int read_file(struct work *w)
{
	uint32_t max = mg_reader_class_max(w->reader);
	_cleanup_(sk_freep) bool *classes = calloc(max + 1, sizeof(*classes));
	_cleanup_(sk_freep) uint8_t *what = calloc(max + 1, sizeof(*what));
	struct mg_scan scan = {.from = w->q->from * MG_US,
		.to = w->q->to * MG_US,
		.want = MG_WANT_ALL,
		.classes = classes,
		.dport = -1,
		.listed = true};
	bool any = false;
	int r;

	if (!classes || !what)
		return -ENOMEM;
	for (uint32_t id = 1; id <= max; id++) {
		const struct mg_class *c = mg_reader_class(w->reader, id);

		what[id] = c ? (uint8_t)what_of(c) : NOTHING;
		classes[id] = what[id] != NOTHING;
		any = any || classes[id];
		/* The index leads to what blocklists stopped; the rest has to be searched. */
		if (what[id] == INSPECTED || (classes[id] && !c->text[MG_FEED][0]))
			scan.listed = false;
	}
	w->what = what;
	r = any ? mg_reader_scan(w->reader, &scan, on_row, w, NULL) : 0;
	w->what = NULL;
	return r;
}

static int one_file(struct work *w, const char *dir, const struct mg_day_file *file)
{
	char path[PATH_MAX];
	int r = file->damaged ? -EUCLEAN : mg_day_path(path, sizeof(path), dir, file->date);

	w->date = file->date;
	if (r == 0)
		r = mg_reader_open(&w->reader, path, NULL);
	if (r == 0)
		r = read_file(w);
	mg_reader_close(w->reader);
	w->reader = NULL;
	if (r >= 0 || r == -ENOMEM || r == -E2BIG)
		return r;
	if (file->damaged || access(path, F_OK) == 0)
		sk_buf_printf(&w->damaged, "%s%s", w->damaged.len ? ", " : "", file->name);
	return 0;
}

struct rank {
	const struct mg_agg_entry *e;
	const struct more *m;
};

static int worst_first(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;
	uint64_t bx = x->e->count - x->m->monitored, by = y->e->count - y->m->monitored;

	if (bx != by)
		return bx < by ? 1 : -1;
	if (x->m->monitored != y->m->monitored)
		return x->m->monitored < y->m->monitored ? 1 : -1;
	return memcmp(x->e->key.b, y->e->key.b, sizeof(x->e->key.b));
}

static json_t *row_of(const struct rank *k)
{
	char device[48], address[48];
	struct mg_addr a;

	memcpy(a.b, k->e->seen.b, sizeof(a.b));
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:s, s:I, s:I}", "device",
		mg_key_device_text(&k->e->key, device), "address", mg_addr_text(&a, address),
		"count", (json_int_t)(k->e->count - k->m->monitored), "monitored",
		(json_int_t)k->m->monitored, "entries", (json_int_t)mg_sketch_count(&k->e->peers),
		"days", (json_int_t)k->m->days, "feed", k->m->feed, "example", k->m->example,
		"first", (json_int_t)(k->e->first / MG_US), "last",
		(json_int_t)(k->e->last / MG_US));
}

static int give_rows(struct work *w, int (*fn)(const json_t *row, void *arg), void *arg)
{
	size_t n, limit = w->q->limit ? w->q->limit : 1000;
	const struct mg_agg_entry *e = mg_agg_entries(w->agg, &n);
	_cleanup_(sk_freep) struct rank *list = calloc(n + 1, sizeof(*list));
	int r = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		list[i] = (struct rank){.e = &e[i], .m = &w->more[i]};
	qsort(list, n, sizeof(*list), worst_first);
	for (size_t i = 0; r == 0 && i < n && i < limit; i++) {
		json_t *row = row_of(&list[i]);

		r = row ? fn(row, arg) : -ENOMEM;
		json_decref(row);
	}
	return r;
}

static int run(struct work *w, const char *dir, int (*fn)(const json_t *row, void *arg), void *arg,
	struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_day_file *files = NULL;
	size_t n = 0;
	int r = mg_files_list(dir, &files, &n, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		int64_t start = mg_date_start(files[i].date);

		if (start - SLACK < w->q->to && w->q->from < start + SLACK)
			r = one_file(w, dir, &files[i]);
	}
	if (r == 0)
		r = give_rows(w, fn, arg);
	if (r == -ENOMEM)
		return sk_err_nomem(err);
	if (r == -E2BIG)
		return sk_err_set(err, r, NULL, "too many to count: narrow the period",
			"件数が多すぎます。期間を短くしてください");
	if (r == 0 && w->damaged.len > 0)
		r = sk_err_set(err, -EUCLEAN, NULL,
			"not all could be read; without what is in the damaged %s",
			"一部を読み込めませんでした。壊れたファイル %s の分は含まれていません",
			sk_buf_str(&w->damaged));
	return r;
}

int mg_report_infected(const char *events_dir, const struct mg_infected_query *q,
	int (*fn)(const json_t *row, void *arg), void *arg, struct sk_err *err)
{
	struct work w = {.q = q, .agg = mg_agg_new(DEVICES_MAX)};
	int r;

	if (!w.agg)
		return sk_err_nomem(err);
	sk_buf_init(&w.damaged, 4096);
	r = run(&w, events_dir, fn, arg, err);
	mg_agg_free(w.agg);
	free(w.more);
	sk_buf_done(&w.damaged);
	return r;
}
