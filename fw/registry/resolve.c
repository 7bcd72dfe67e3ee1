/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Following names: groups to their members, and a rule's address field to ranges. The table is
 * const for callers although first use stores the result in the object: the meaning does not
 * change.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fw/registry/object_impl.h"
#include "fw/registry/text.h"
#include "lib/util.h"

/* The way from the object asked for to the one at hand. */
struct path {
	struct fw_object *v[FW_OBJECT_DEPTH_MAX];
	size_t n;
};

static void put_path(char *dst, size_t cap, const struct path *p, const struct fw_object *last)
{
	size_t from = 0, len = 0;

	/* In a loop only the loop is of interest, not the way to it. */
	while (from < p->n && last->state == FW_OBJECT_RESOLVING && p->v[from] != last)
		from++;
	dst[0] = '\0';
	for (size_t i = from; i < p->n && len < cap; i++)
		len += (size_t)snprintf(dst + len, cap - len, "%s → ", p->v[i]->name);
	if (len < cap)
		snprintf(dst + len, cap - len, "%s", last->name);
}

static int bad_path(const struct path *p, const struct fw_object *last, struct sk_err *err)
{
	char text[200];

	put_path(text, sizeof(text), p, last);
	if (last->state == FW_OBJECT_RESOLVING)
		return sk_err_set(err, -ELOOP, NULL, "objects name each other in a loop: %s",
			"オブジェクトが循環しています: %s", text);
	return sk_err_set(err, -ELOOP, NULL, "objects are nested more than %d deep: %s",
		"オブジェクトの入れ子は %d 段までです: %s", FW_OBJECT_DEPTH_MAX, text);
}

static int unknown(const struct fw_object *by, const char *name, struct sk_err *err)
{
	char q[FW_QUOTE_MAX];

	fw_quote(q, name);
	if (!by)
		return sk_err_set(err, -ENOENT, NULL,
			"there is no object named '%s'; define it first or write an address",
			"オブジェクト「%s」がありません。先に登録するか、アドレスを書いてください",
			q);
	return sk_err_set(err, -ENOENT, NULL, "the object '%s' names '%s', which does not exist",
		"オブジェクト「%s」にある「%s」は登録されていません", by->name, q);
}

static int too_large(const struct fw_object *ob, struct sk_err *err)
{
	return sk_err_set(err, -E2BIG, NULL, "the object '%s' has more than %d items in all",
		"オブジェクト「%s」の項目が合わせて %d 個を超えています", ob->name,
		FW_OBJECT_ITEMS_MAX);
}

static size_t size_of(const struct fw_addrs *a, const struct fw_svcs *s)
{
	return a->n4 + a->n6 + s->n;
}

static int resolve(
	const struct fw_objects *o, struct fw_object *ob, struct path *p, struct sk_err *err);

/* Collect the members of all references into a and s. */
static int collect(const struct fw_objects *o, struct fw_object *ob, struct path *p,
	struct fw_addrs *a, struct fw_svcs *s, struct sk_err *err)
{
	for (size_t i = 0; i < ob->n_refs; i++) {
		struct fw_object *child = fw_object_find(o, ob->kind, ob->refs[i]);
		int r;

		if (!child)
			return unknown(ob, ob->refs[i], err);
		r = resolve(o, child, p, err);
		if (r < 0)
			return r;
		if (child->depth >= FW_OBJECT_DEPTH_MAX)
			return bad_path(p, child, err);
		if (child->depth >= ob->depth)
			ob->depth = child->depth + 1;
		/* Counted before joining, so that the work is bounded, too. */
		if (size_of(a, s) + size_of(&child->addrs, &child->svcs) > FW_OBJECT_ITEMS_MAX)
			return too_large(ob, err);
		if (fw_addrs_append(a, &child->addrs) < 0 || fw_svcs_append(s, &child->svcs) < 0)
			return sk_err_nomem(err);
	}
	return 0;
}

static int resolve(
	const struct fw_objects *o, struct fw_object *ob, struct path *p, struct sk_err *err)
{
	struct fw_addrs a = {0};
	struct fw_svcs s = {0};
	int r = 0;

	if (ob->state == FW_OBJECT_RESOLVED)
		return 0;
	if (ob->state == FW_OBJECT_RESOLVING || p->n == FW_OBJECT_DEPTH_MAX)
		return bad_path(p, ob, err);
	p->v[p->n++] = ob;
	ob->state = FW_OBJECT_RESOLVING;
	ob->depth = 1;
	if (fw_addrs_copy(&a, &ob->addrs) < 0 || fw_svcs_copy(&s, &ob->svcs) < 0)
		r = sk_err_nomem(err);
	if (r == 0)
		r = collect(o, ob, p, &a, &s, err);
	p->n--;
	if (r < 0) {
		fw_addrs_done(&a);
		fw_svcs_done(&s);
		ob->state = FW_OBJECT_OPEN;
		return r;
	}
	fw_addrs_normalise(&a);
	fw_svcs_normalise(&s);
	fw_addrs_done(&ob->addrs);
	fw_svcs_done(&ob->svcs);
	ob->addrs = a;
	ob->svcs = s;
	ob->state = FW_OBJECT_RESOLVED;
	return 0;
}

int fw_objects_check(struct fw_objects *o, struct sk_err *err)
{
	enum fw_object_kind kind;
	const char *name, *items;

	for (size_t i = 0; fw_objects_get(o, i, &kind, &name, &items); i++) {
		struct path p = {.n = 0};
		int r = resolve(o, fw_object_find(o, kind, name), &p, err);

		if (r < 0) {
			sk_err_prefix(err, "objects[%s]", name);
			return r;
		}
	}
	return 0;
}

static struct fw_object *lookup(
	const struct fw_objects *o, enum fw_object_kind kind, const char *name, struct sk_err *err)
{
	struct fw_object *ob = fw_object_find(o, kind, name);
	struct path p = {.n = 0};

	if (!ob) {
		unknown(NULL, name, err);
		return NULL;
	}
	return resolve(o, ob, &p, err) < 0 ? NULL : ob;
}

const struct fw_addrs *fw_objects_address(
	const struct fw_objects *o, const char *name, struct sk_err *err)
{
	struct fw_object *ob = lookup(o, FW_OBJECT_ADDRESS, name, err);

	return ob ? &ob->addrs : NULL;
}

int fw_objects_service(
	const struct fw_objects *o, const char *name, struct fw_svcs *ret, struct sk_err *err)
{
	struct sk_err local = {0};
	struct fw_object *ob = lookup(o, FW_OBJECT_SERVICE, name, &local);

	if (!ob) {
		if (err)
			*err = local;
		sk_err_prefix(err, "port");
		return local.code;
	}
	return fw_svcs_copy(ret, &ob->svcs) < 0 ? sk_err_nomem(err) : 0;
}

static int add_spec_item(struct fw_addrs *a, const char *item, bool alone,
	const struct fw_objects *o, struct sk_err *err)
{
	struct sk_err local = {0};
	const struct fw_addrs *named;

	if (item[0] == '\0')
		return sk_err_set(err, -EINVAL, NULL,
			"an address is missing; write one such as 192.0.2.0/24, or any",
			"アドレスがありません。192.0.2.0/24 のように、すべてなら any "
			"と書いてください");
	if (strcasecmp(item, "any") == 0) {
		if (alone)
			return fw_addrs_any(a) < 0 ? sk_err_nomem(err) : 0;
		return sk_err_set(err, -EINVAL, NULL,
			"any stands alone; remove it or the other addresses",
			"any は単独で書きます。any か他のアドレスを消してください");
	}
	if (!fw_object_name_valid(item))
		return fw_addrs_add(a, item, err);
	named = fw_objects_address(o, item, &local);
	if (!named) {
		if (err)
			*err = local;
		return local.code;
	}
	return fw_addrs_append(a, named) < 0 ? sk_err_nomem(err) : 0;
}

int fw_addrs_parse(
	const char *spec, const struct fw_objects *o, struct fw_addrs *ret, struct sk_err *err)
{
	struct fw_addrs tmp = {0};
	char item[FW_ITEM_MAX];
	const char *p = spec;
	bool alone = true;
	int r;

	if (!spec)
		return add_spec_item(&tmp, "", true, o, err);
	while ((r = fw_item_next(&p, ",", item, err)) > 0) {
		r = add_spec_item(&tmp, item, alone && !p, o, err);
		if (r < 0)
			break;
		alone = false;
	}
	if (r < 0) {
		fw_addrs_done(&tmp);
		return r;
	}
	fw_addrs_normalise(&tmp);
	*ret = tmp;
	return 0;
}
