// SPDX-License-Identifier: GPL-2.0-or-later
/* The registry's part of `why`: see why_registry.h. */
#include "mgmt/mgmtd/why_registry.h"

#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_blocklist.h"
#include "mgmt/store/allow.h"

void mg_why_feed(struct mg_call *c, const char *feed, json_t *row)
{
	static const char *const keys[] = {"title", "mode"};
	struct mg_feed f;
	json_t *v;

	if (mg_feed_get(mg_h_store(c), feed, &f, NULL) < 0)
		return;
	v = mg_h_feed_row(c, &f);
	for (size_t i = 0; v && i < SK_ARRAY_SIZE(keys); i++)
		if (json_object_get(v, keys[i]))
			json_object_set(row, keys[i], json_object_get(v, keys[i]));
	json_decref(v);
	mg_feed_done(&f);
}

struct search {
	struct mg_call *c;
	const struct mg_subject *s;
	int (*fn)(json_t *row, void *arg);
	void *arg;
};

static bool covers(const struct search *q, enum sk_bl_kind kind, const char *value)
{
	struct mg_list_entry e = {.kind = kind, .value = value, .len = strlen(value)};

	if ((kind == SK_BL_ADDR4 || kind == SK_BL_ADDR6) &&
		sk_bl_range(kind, value, e.len, &e.lo, &e.hi) < 0)
		return false;
	return mg_subject_hit(q->s, &e) == MG_HIT_COVERS;
}

static int give(const struct search *q, json_t *row)
{
	return row ? q->fn(row, q->arg) : -ENOMEM;
}

static int one_entry(const struct mg_entry *e, void *arg)
{
	const struct search *q = arg;
	json_t *row;

	if (!covers(q, e->kind, e->value))
		return 0;
	row = json_pack("{ss}", "feed", MG_FEED_LOCAL);
	if (row) {
		mg_why_feed(q->c, MG_FEED_LOCAL, row);
		json_object_update_new(row,
			json_pack("{ss ss sI ss ss}", "kind", sk_bl_kind_name(e->kind), "entry",
				e->value, "since", (json_int_t)e->since, "note", e->purpose, "who",
				e->who));
	}
	return give(q, row);
}

int mg_why_entries(struct mg_call *c, const struct mg_subject *s, int (*fn)(json_t *row, void *arg),
	void *arg, struct sk_err *err)
{
	struct search q = {c, s, fn, arg};

	return mg_entry_each(mg_h_store(c), false, one_entry, &q, err);
}

static int one_allowed(const struct mg_record *x, void *arg)
{
	const struct mg_allow *a = (const struct mg_allow *)x;
	const struct search *q = arg;

	if ((strcmp(x->state, "active") && strcmp(x->state, "requested")) ||
		!covers(q, a->kind, a->value))
		return 0;
	return give(q,
		json_pack("{sI ss ss ss ss ss ss sI}", "number", (json_int_t)x->number, "state",
			x->state, "kind", sk_bl_kind_name(a->kind), "value", a->value, "purpose",
			x->purpose ? x->purpose : "", "applicant", x->applicant, "approver",
			x->approver, "expiry", (json_int_t)x->expiry));
}

int mg_why_allowed(struct mg_call *c, const struct mg_subject *s, int (*fn)(json_t *row, void *arg),
	void *arg, struct sk_err *err)
{
	struct search q = {c, s, fn, arg};
	const struct mg_record_filter f = {.fn = one_allowed, .arg = &q};

	return mg_record_each(&mg_allow_kind, mg_h_store(c), &f, err);
}
