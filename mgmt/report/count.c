// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counting: threads take units off the plan, each into a table of its own; the tables are then
 * merged. Memory is bounded: when the keys are too many for one table, the work is done in several
 * passes, each for a share of the keys, so the result stays exact.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/report/plan.h"

#define THREADS_MAX 4
#define KEYS_MAX 1000000 /* of one thread's table: some 100 MB */
#define PASSES_MAX 4096

struct pass {
	struct mg_plan *plan;
	atomic_size_t next;
	atomic_int failed;
	unsigned passes, nr; /* this pass counts the keys of share nr */
};

struct worker {
	struct pass *pass;
	struct mg_query *q;
	struct mg_agg *agg;
	pthread_t thread;
	bool started;
	int code;
	/* of the open file */
	struct mg_reader *reader;
	struct mg_key *class_keys;
	bool *classes;
	struct mg_day_span day;
};

static bool my_share(const struct worker *w, const struct mg_key *key)
{
	return w->pass->passes == 1 || mg_peer_hash(key->b) % w->pass->passes == w->pass->nr;
}

/* What the device was in touch with are its peers; of it the newest address is kept. */
static int count_device(struct worker *w, const struct mg_flow *f)
{
	const struct mg_class *c = mg_reader_class(w->reader, f->cls);
	bool inbound = strcmp(c->text[MG_DIRECTION], "inbound") == 0;
	uint64_t peer = mg_peer_hash(inbound ? f->src.b : f->dst.b);
	struct mg_agg_entry *e;
	struct mg_key key;
	int r;

	mg_key_device(&key, f, c);
	if (!my_share(w, &key))
		return 0;
	r = mg_agg_get(w->agg, &key, &e);
	if (r < 0)
		return r;
	if (e->count == 0 || f->ts >= e->last)
		memcpy(e->seen.b, inbound ? f->dst.b : f->src.b, sizeof(e->seen.b));
	return mg_agg_add(w->agg, &key, f->count, f->ts - f->span, f->ts, &peer);
}

static int count_flow(const struct mg_flow *f, void *arg)
{
	struct worker *w = arg;
	enum mg_report_by by = w->q->q->by;
	struct mg_key key = w->class_keys[f->cls];
	uint64_t peer = mg_peer_hash(by == MG_BY_SOURCE ? f->dst.b : f->src.b);
	int r = 0;

	switch (by) {
	case MG_BY_DEVICE: return count_device(w, f);
	case MG_BY_ENTRY:
		r = mg_names_add(w->q->names, mg_reader_class(w->reader, f->cls)->text[MG_FEED],
			f->entry ? f->entry : "", &key);
		break;
	case MG_BY_SOURCE: memcpy(key.b, f->src.b, sizeof(key.b)); break;
	case MG_BY_DESTINATION: memcpy(key.b, f->dst.b, sizeof(key.b)); break;
	case MG_BY_PORT: memcpy(key.b + sizeof(uint32_t), &f->dport, sizeof(f->dport)); break;
	case MG_BY_DAY:
	case MG_BY_HOUR:
		mg_key_time(&key, mg_bucket(&w->day, by == MG_BY_HOUR, f->ts / MG_US));
		break;
	default: break;
	}
	if (r < 0 || !my_share(w, &key))
		return r;
	return mg_agg_add(w->agg, &key, f->count, f->ts - f->span, f->ts, &peer);
}

/* "TCP/443" or "ICMP/" into a key. 1: not wanted. */
static int port_key(struct worker *w, const char *text, struct mg_key *key)
{
	const char *slash = strrchr(text, '/');
	char proto[MG_CLASS_TEXT_MAX + 1], norm[MG_CLASS_TEXT_MAX + 1];
	uint64_t port = UINT32_MAX;
	uint32_t id;

	if (!slash || (size_t)(slash - text) >= sizeof(proto) ||
		(slash[1] && sk_parse_u64(slash + 1, 65535, &port) < 0))
		return -EUCLEAN;
	memcpy(proto, text, (size_t)(slash - text));
	proto[slash - text] = '\0';
	mg_query_proto(norm, proto);
	if ((w->q->proto[0] && strcmp(norm, w->q->proto) != 0) ||
		(w->q->q->port >= 0 && port != (uint64_t)w->q->q->port))
		return 1;
	id = mg_query_intern(w->q, norm);
	mg_key_pair(key, id, (uint32_t)port);
	return id == UINT32_MAX ? -ENOMEM : 0;
}

static int roll_key(struct worker *w, const struct mg_roll_row *row, struct mg_key *key)
{
	enum mg_report_by by = w->q->q->by;

	switch (by) {
	case MG_BY_SOURCE:
	case MG_BY_DESTINATION:
		memcpy(key->b, row->addr.b, sizeof(key->b));
		return (w->q->has_src || w->q->has_dst) && mg_addr_is_none(&row->addr);
	case MG_BY_PORT: return port_key(w, row->text, key);
	case MG_BY_DAY:
	case MG_BY_HOUR:
		mg_key_time(key, mg_bucket(&w->day, by == MG_BY_HOUR, row->number));
		return 0;
	default:
		if (row->number < 1 || row->number > mg_reader_class_max(w->reader) ||
			!mg_reader_class(w->reader, (uint32_t)row->number))
			return -EUCLEAN;
		*key = w->class_keys[row->number];
		return !w->classes[row->number];
	}
}

static int count_rolled(const struct mg_roll_row *row, void *arg)
{
	struct worker *w = arg;
	struct mg_agg_entry *e;
	struct mg_key key;
	int r = roll_key(w, row, &key);

	if (r != 0)
		return r < 0 ? r : 0;
	if (!my_share(w, &key))
		return 0;
	r = mg_agg_get(w->agg, &key, &e);
	if (r < 0)
		return r;
	if (e->count == 0 || row->first < e->first)
		e->first = row->first;
	if (e->count == 0 || row->last > e->last)
		e->last = row->last;
	e->count += row->count;
	return mg_sketch_decode(&e->peers, row->peers, row->peers_len);
}

static int prepare_classes(struct worker *w)
{
	uint32_t max = mg_reader_class_max(w->reader);

	w->class_keys = calloc(max + 1, sizeof(*w->class_keys));
	w->classes = calloc(max + 1, sizeof(*w->classes));
	if (!w->class_keys || !w->classes)
		return -ENOMEM;
	for (uint32_t id = 1; id <= max; id++) {
		const struct mg_class *c = mg_reader_class(w->reader, id);

		if (!c || !mg_query_class_passes(w->q, c))
			continue;
		w->classes[id] = true;
		if (mg_query_class_key(w->q, c, &w->class_keys[id]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static unsigned wanted(enum mg_report_by by)
{
	switch (by) {
	case MG_BY_SOURCE:
	case MG_BY_DESTINATION: return MG_WANT_SRC | MG_WANT_DST;
	case MG_BY_PORT: return MG_WANT_SRC | MG_WANT_DPORT;
	case MG_BY_ENTRY: return MG_WANT_SRC | MG_WANT_LISTED;
	case MG_BY_DEVICE: return MG_WANT_SRC | MG_WANT_DST | MG_WANT_MAC;
	default: return MG_WANT_SRC;
	}
}

static int read_unit(struct worker *w, const struct mg_unit *u)
{
	const struct mg_query *q = w->q;
	const struct mg_range *range = q->q->by == MG_BY_SOURCE && q->has_src ? &q->src
		: q->q->by == MG_BY_DESTINATION && q->has_dst                 ? &q->dst
									      : NULL;
	struct mg_scan scan = {.from = u->from,
		.to = u->to,
		.want = wanted(q->q->by),
		.classes = w->classes,
		.src = q->has_src ? &q->src : NULL,
		.dst = q->has_dst ? &q->dst : NULL,
		.dport = q->q->port,
		.listed = mg_query_listed(q),
		.entry = q->q->entry,
		.seen = q->q->seen};

	if (u->rollup)
		return mg_reader_rollup(
			w->reader, mg_query_dim(q), q->kind, range, count_rolled, w, NULL);
	return mg_reader_scan(w->reader, &scan, count_flow, w, NULL);
}

static int count_unit(struct worker *w, const struct mg_unit *u)
{
	int r = mg_reader_open(&w->reader, u->path, NULL);

	if (r == 0)
		r = prepare_classes(w);
	if (r == 0)
		r = read_unit(w, u);
	mg_reader_close(w->reader);
	free(w->class_keys);
	free(w->classes);
	w->reader = NULL;
	w->class_keys = NULL;
	w->classes = NULL;
	if (r == -ENOMEM || r == -E2BIG)
		return r;
	/* Removed by the retention meanwhile, or damaged: the others still count. */
	if (r < 0 && access(u->path, F_OK) == 0)
		mg_plan_damaged(w->pass->plan, u->path);
	return 0;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct mg_plan *p = w->pass->plan;
	size_t i;

	while (w->code == 0 && !atomic_load(&w->pass->failed) &&
		(i = atomic_fetch_add(&w->pass->next, 1)) < p->n)
		w->code = count_unit(w, &p->units[i]);
	if (w->code < 0)
		atomic_store(&w->pass->failed, 1);
	return NULL;
}

/* The caller's thread is the first worker; the others are a help, not a need. */
static int run_workers(struct pass *pass, struct worker *w, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		w[i] = (struct worker){.pass = pass, .q = pass->plan->q};
		w[i].agg = mg_agg_new(KEYS_MAX);
		if (!w[i].agg)
			w[i].code = -ENOMEM;
	}
	for (size_t i = 1; i < n; i++)
		w[i].started = w[i].agg && pthread_create(&w[i].thread, NULL, work, &w[i]) == 0;
	if (w[0].agg)
		work(&w[0]);
	for (size_t i = 0; i < n; i++) {
		if (w[i].started)
			pthread_join(w[i].thread, NULL);
		if (w[i].code < 0)
			r = w[i].code;
	}
	for (size_t i = 1; r == 0 && i < n; i++) {
		r = mg_agg_merge(w[0].agg, w[i].agg);
		mg_agg_free(w[i].agg);
		w[i].agg = NULL;
	}
	return r;
}

static int by_count(const void *a, const void *b)
{
	const struct mg_result *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return memcmp(x->key.b, y->key.b, sizeof(x->key.b));
}

static int by_time(const void *a, const void *b)
{
	int64_t x = mg_key_to_time(&((const struct mg_result *)a)->key),
		y = mg_key_to_time(&((const struct mg_result *)b)->key);

	return (x > y) - (x < y);
}

static bool timed(const struct mg_query *q)
{
	return q->q->by == MG_BY_DAY || q->q->by == MG_BY_HOUR;
}

static size_t limit_of(const struct mg_query *q)
{
	return q->q->limit ? q->q->limit : 1000;
}

/* Add a pass's entries to the results, and keep as many as are asked for: of times the newest. */
static int keep_best(struct mg_query *q, struct mg_agg *agg, struct mg_result **list, size_t *n)
{
	size_t found, limit = limit_of(q);
	const struct mg_agg_entry *e = mg_agg_entries(agg, &found);
	struct mg_result *all = reallocarray(*list, *n + found + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	*list = all;
	for (size_t i = 0; i < found; i++)
		all[(*n)++] = (struct mg_result){.key = e[i].key,
			.count = e[i].count,
			.peers = mg_sketch_count(&e[i].peers),
			.first = e[i].first,
			.last = e[i].last,
			.seen = e[i].seen};
	qsort(all, *n, sizeof(*all), timed(q) ? by_time : by_count);
	if (*n > limit && timed(q))
		memmove(all, all + *n - limit, limit * sizeof(*all));
	*n = SK_MIN(*n, limit);
	return 0;
}

static int run_pass(struct pass *pass, struct mg_result **list, size_t *n)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t threads = (size_t)SK_MIN(SK_MAX(cpus, 1), THREADS_MAX);
	struct worker w[THREADS_MAX];
	int r;

	threads = SK_MIN(threads, SK_MAX(pass->plan->n, 1));
	r = run_workers(pass, w, threads);
	if (r == 0)
		r = keep_best(pass->plan->q, w[0].agg, list, n);
	for (size_t i = 0; i < threads; i++)
		mg_agg_free(w[i].agg);
	return r;
}

int mg_plan_count(struct mg_plan *p, struct mg_result **ret, size_t *n, struct sk_err *err)
{
	struct mg_result *list = NULL;
	size_t count = 0;
	int r = 0;

	for (unsigned passes = 1; passes <= PASSES_MAX; passes *= 4) {
		count = 0;
		for (unsigned nr = 0; nr < passes; nr++) {
			struct pass pass = {.plan = p, .passes = passes, .nr = nr};

			r = run_pass(&pass, &list, &count);
			if (r < 0)
				break;
		}
		if (r != -E2BIG)
			break;
	}
	if (r < 0) {
		free(list);
		return r == -ENOMEM
			? sk_err_nomem(err)
			: sk_err_set(err, r, NULL, "too many to count: narrow the period",
				  "件数が多すぎます。期間を短くしてください");
	}
	*ret = list;
	*n = count;
	return 0;
}
