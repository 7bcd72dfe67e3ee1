// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * diff: what apply would change, in words, from the two policy documents line by line; or as a
 * difference of their nft text. policy.show: the text that runs.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/mgmtd/handlers.h"
#include "mgmt/mgmtd/linediff.h"
#include "mgmt/mgmtd/generation.h"
#include "mgmt/mgmtd/private.h"

#define TEXT_MAX (256u << 20)

/* ---- documents as sorted entries ---------------------------------------------------------------
 */
/* One line of a document: its kind and name, and the canonical text to compare. */
struct entry {
	const char *kind;
	char name[136];
	uint64_t rank; /* site, zones, objects, rules by number */
	const char *line;
	size_t len;
};

struct document {
	struct sk_buf text;
	struct entry *v;
	size_t n, cap;
};

static void document_done(struct document *d)
{
	sk_buf_done(&d->text);
	free(d->v);
}

static int describe(const json_t *line, struct entry *e)
{
	const json_t *v;

	if ((v = json_object_get(line, "rule"))) {
		e->kind = "rule";
		e->rank = (3ull << 32) + (uint64_t)json_integer_value(json_object_get(v, "number"));
		snprintf(e->name, sizeof(e->name), "%lld",
			(long long)json_integer_value(json_object_get(v, "number")));
		return 1;
	}
	if ((v = json_object_get(line, "zone"))) {
		e->kind = "zone";
		e->rank = 1ull << 32;
	} else if ((v = json_object_get(line, "object"))) {
		const char *kind = json_string_value(json_object_get(v, "kind"));

		e->kind = sk_streq(kind, "service") ? "service" : "address";
		e->rank = 2ull << 32;
	} else {
		e->kind = "site";
		return json_object_get(line, "site") ? 1 : 0;
	}
	snprintf(e->name, sizeof(e->name), "%s", json_string_value(json_object_get(v, "name")));
	return 1;
}

static int add_line(struct document *d, const char *s, size_t len, struct sk_err *err)
{
	json_t *line = sk_json_parse(s, len, err);
	struct entry e = {.line = s, .len = len};
	int r = line ? describe(line, &e) : -EINVAL;

	json_decref(line);
	if (r <= 0)
		return r;
	if (sk_grow(&d->v, &d->cap, d->n + 1, sizeof(*d->v)) < 0)
		return sk_err_nomem(err);
	d->v[d->n++] = e;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	r = strcmp(x->kind, y->kind);
	return r ? r : strcmp(x->name, y->name);
}

static int load(struct mg_call *c, enum mg_build what, struct document *d, struct sk_err *err)
{
	_cleanup_(fw_policy_freep) struct fw_policy *p = NULL;
	const char *s;
	int r = mg_store_build_policy(c->d->store, what, 0, c->now, &p, err);

	if (!r)
		r = fw_policy_encode(p, &d->text, err);
	s = r ? "" : sk_buf_str(&d->text);
	while (!r && *s) {
		size_t len = strcspn(s, "\n");

		r = add_line(d, s, len, err);
		s += len + (s[len] == '\n');
	}
	if (!r && d->n)
		qsort(d->v, d->n, sizeof(d->v[0]), compare);
	return r;
}

/* ---- in words ----------------------------------------------------------------------------------
 */
static int put_row(struct mg_call *c, const struct entry *e, const char *change, const char *field,
	const json_t *before, const json_t *after)
{
	json_t *v =
		json_pack("{s:s, s:s, s:s}", "kind", e->kind, "name", e->name, "change", change);

	if (!v)
		return -ENOMEM;
	if (field)
		json_object_set_new(v, "field", json_string(field));
	if (before)
		json_object_set(v, "before", (json_t *)before);
	if (after)
		json_object_set(v, "after", (json_t *)after);
	return mg_reply_row(c, v);
}

/* The object inside the line; new reference. */
static json_t *content(const struct entry *e)
{
	json_t *line = sk_json_parse(e->line, e->len, NULL), *v;
	const char *key =
		!strcmp(e->kind, "address") || !strcmp(e->kind, "service") ? "object" : e->kind;

	v = json_incref(json_object_get(line, key));
	json_decref(line);
	return v;
}

/* Only what a person decides about: who reviewed when is no change of the filter. */
static bool interesting(const char *field)
{
	static const char *const dull[] = {
		"state", "last_hit", "last_reviewed", "approved_at", "approver", NULL};

	for (size_t i = 0; dull[i]; i++)
		if (!strcmp(dull[i], field))
			return false;
	return true;
}

static int put_fields(struct mg_call *c, const struct entry *a, const struct entry *b)
{
	json_t *before = content(a), *after = content(b), *v;
	const char *key;
	int r = 0;

	json_object_foreach (after, key, v) {
		const json_t *old = json_object_get(before, key);

		if (!r && interesting(key) && !json_equal((json_t *)old, v))
			r = put_row(c, b, "changed", key, old, v);
	}
	json_object_foreach (before, key, v) {
		if (!r && interesting(key) && !json_object_get(after, key))
			r = put_row(c, b, "changed", key, v, NULL);
	}
	json_decref(before);
	json_decref(after);
	return r;
}

/* The gist of a rule that comes or goes; other things whole. */
static json_t *gist(const struct entry *e)
{
	static const char *const keys[] = {"kind", "source", "destination", "protocol", "port",
		"nat_to", "purpose", "applicant", "expiry", NULL};
	json_t *all = content(e), *v;
	const char *from, *to;

	if (strcmp(e->kind, "rule") != 0)
		return all;
	v = json_object();
	for (size_t i = 0; keys[i]; i++)
		if (json_object_get(all, keys[i]))
			json_object_set(v, keys[i], json_object_get(all, keys[i]));
	from = json_string_value(json_object_get(all, "from"));
	to = json_string_value(json_object_get(all, "to"));
	if (from && to)
		json_object_set_new(v, "direction", json_sprintf("%s->%s", from, to));
	json_decref(all);
	return v;
}

static int put_whole(struct mg_call *c, const struct entry *e, bool added)
{
	json_t *v = gist(e);
	int r = put_row(
		c, e, added ? "added" : "removed", NULL, added ? NULL : v, added ? v : NULL);

	json_decref(v);
	return r;
}

static int merge(struct mg_call *c, const struct document *a, const struct document *b)
{
	size_t i = 0, k = 0;
	int r = 0;

	while (!r && (i < a->n || k < b->n)) {
		int order = i >= a->n ? 1 : k >= b->n ? -1 : compare(&a->v[i], &b->v[k]);

		if (order < 0) {
			r = put_whole(c, &a->v[i++], false);
		} else if (order > 0) {
			r = put_whole(c, &b->v[k++], true);
		} else {
			if (a->v[i].len != b->v[k].len ||
				memcmp(a->v[i].line, b->v[k].line, a->v[i].len) != 0)
				r = put_fields(c, &a->v[i], &b->v[k]);
			i++;
			k++;
		}
	}
	return r;
}

static int diff_words(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(document_done) struct document a = {0};
	_cleanup_(document_done) struct document b = {0};
	int r;

	sk_buf_init(&a.text, TEXT_MAX);
	sk_buf_init(&b.text, TEXT_MAX);
	r = load(c, MG_BUILD_ACTIVE, &a, err);
	if (!r)
		r = load(c, MG_BUILD_WITH_APPROVED, &b, err);
	return r ? r : merge(c, &a, &b);
}

/* ---- as nft text --------------------------------------------------------------------------------
 */
static int take_text(json_t *body, void *arg)
{
	const json_t *t = json_object_get(body, "text");

	sk_buf_put(arg, json_string_value(t), json_string_length(t));
	return sk_buf_error(arg);
}

static int text_of(struct mg_call *c, enum mg_build what, struct sk_buf *b, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd = -1;
	int r = mg_gen_document(c->d, what, 1, c->now, NULL, &fd, err);

	return r ? r : mg_daemon_fw_stream(c->d, "policy.text", NULL, fd, take_text, b, err);
}

static int diff_nft(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf a;
	_cleanup_(sk_buf_done) struct sk_buf b;
	_cleanup_(sk_buf_done) struct sk_buf out;
	int r;

	sk_buf_init(&a, TEXT_MAX);
	sk_buf_init(&b, TEXT_MAX);
	sk_buf_init(&out, TEXT_MAX);
	r = text_of(c, MG_BUILD_ACTIVE, &a, err);
	if (!r)
		r = text_of(c, MG_BUILD_WITH_APPROVED, &b, err);
	if (!r)
		r = mg_linediff(&out, sk_buf_str(&a), sk_buf_str(&b));
	return r ? r : mg_reply_text(c, sk_buf_str(&out));
}

int mg_h_diff(struct mg_call *c, struct sk_err *err)
{
	return mg_arg_flag(c, "nft") ? diff_nft(c, err) : diff_words(c, err);
}

int mg_h_policy_show(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	int r;

	sk_buf_init(&b, TEXT_MAX);
	r = mg_daemon_fw_stream(c->d, "policy.text", NULL, -1, take_text, &b, err);
	return r ? r : mg_reply_text(c, sk_buf_str(&b));
}
