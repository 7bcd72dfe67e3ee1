/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of named objects. Literal items are parsed when an object is added, so that an object
 * without references is resolved from the start; references are followed once, on first use or by
 * fw_objects_check, and the result is kept. Nothing is ever replaced or taken out, so what is
 * resolved stays right.
 */
#include "fw/registry/object.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/object_impl.h"
#include "fw/registry/svc_names.h"
#include "fw/registry/text.h"
#include "lib/utf8.h"
#include "lib/util.h"

struct fw_objects {
	void *index; /* tsearch(3) tree: balanced, so names chosen badly cost nothing */
	struct fw_object **v;
	size_t n, cap;
};

static int cmp_object(const void *pa, const void *pb)
{
	const struct fw_object *a = pa, *b = pb;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void object_free(struct fw_object *ob)
{
	if (!ob)
		return;
	for (size_t i = 0; i < ob->n_refs; i++)
		free(ob->refs[i]);
	free(ob->refs);
	free(ob->name);
	free(ob->items);
	fw_addrs_done(&ob->addrs);
	fw_svcs_done(&ob->svcs);
	free(ob);
}

static void keep(void *node)
{
}

struct fw_objects *fw_objects_new(void)
{
	return calloc(1, sizeof(struct fw_objects));
}

void fw_objects_free(struct fw_objects *o)
{
	if (!o)
		return;
	tdestroy(o->index, keep);
	for (size_t i = 0; i < o->n; i++)
		object_free(o->v[i]);
	free(o->v);
	free(o);
}

struct fw_object *fw_object_find(
	const struct fw_objects *o, enum fw_object_kind kind, const char *name)
{
	union {
		const char *in;
		char *key;
	} u = {name};
	struct fw_object key = {.kind = kind, .name = u.key}, **node;

	if (!o || !name)
		return NULL;
	node = tfind(&key, &o->index, cmp_object);
	return node ? *node : NULL;
}

bool fw_object_name_valid(const char *name)
{
	size_t len = strlen(name), n;
	uint32_t c;

	if (len == 0 || len > 63 || strcasecmp(name, "any") == 0 || strcasecmp(name, "self") == 0)
		return false;
	for (size_t i = 0; i < len; i += n) {
		n = sk_utf8_next(name + i, len - i, &c);
		if (n == 0 || fw_text_control(c) || fw_text_blank(c))
			return false;
		if (i == 0 && !fw_text_letter(c))
			return false;
		/* The separators of lists and their full-width forms. */
		if ((c < 0x80 && strchr(",:/@\"", (int)c)) || c == 0x3001 || c == 0xff0c ||
			c == 0xff64 || c == 0xff1a || c == 0xff0f || c == 0xff20 || c == 0xff02)
			return false;
	}
	return true;
}

static int add_ref(struct fw_object *ob, const char *name)
{
	char *copy = strdup(name);

	if (!copy || sk_grow(&ob->refs, &ob->cap_refs, ob->n_refs + 1, sizeof(*ob->refs)) < 0) {
		free(copy);
		return -ENOMEM;
	}
	ob->refs[ob->n_refs++] = copy;
	return 0;
}

static int add_item(struct fw_object *ob, const char *item, struct sk_err *err)
{
	bool ref = false;
	int r = 0;

	if (strcasecmp(item, "any") == 0)
		return sk_err_set(err, -EINVAL, "items",
			"an object cannot hold any: write any in the rule, where everybody sees it",
			"オブジェクトに any は入れられません。any はルールに直接書いてください");
	if (ob->kind == FW_OBJECT_ADDRESS) {
		ref = fw_object_name_valid(item);
		if (!ref)
			r = fw_addrs_add(&ob->addrs, item, err);
	} else {
		r = fw_svcs_add_item(&ob->svcs, item, err);
		if (r == -ENOENT) {
			ref = true;
			r = 0;
		}
	}
	if (ref)
		return add_ref(ob, item) < 0 ? sk_err_nomem(err) : 0;
	if (r < 0 && err)
		memcpy(err->path, "items", sizeof("items"));
	return r;
}

static int parse_items(struct fw_object *ob, struct sk_err *err)
{
	const char *p = ob->items;
	char item[FW_ITEM_MAX];
	size_t n = 0;
	int r;

	while ((r = fw_item_next(&p, ",\n", item, err)) > 0) {
		if (!item[0])
			continue;
		if (++n > FW_OBJECT_ITEMS_MAX)
			return sk_err_set(err, -E2BIG, "items",
				"more than %d items; split the object",
				"項目は %d 個までです。分割してください", FW_OBJECT_ITEMS_MAX);
		r = add_item(ob, item, err);
		if (r < 0)
			return r;
	}
	if (r < 0) {
		sk_err_prefix(err, "items");
		return r;
	}
	if (n == 0)
		return sk_err_set(err, -EINVAL, "items",
			"the object is empty; write at least one item",
			"オブジェクトが空です。1つ以上の項目を書いてください");
	fw_addrs_normalise(&ob->addrs);
	fw_svcs_normalise(&ob->svcs);
	if (ob->n_refs == 0) {
		ob->state = FW_OBJECT_RESOLVED;
		ob->depth = 1;
	}
	return 0;
}

static int check_name(
	const struct fw_objects *o, enum fw_object_kind kind, const char *name, struct sk_err *err)
{
	char q[FW_QUOTE_MAX], lower[64];

	if (!fw_object_name_valid(name))
		return sk_err_set(err, -EINVAL, "name",
			"'%s' cannot be a name: begin with a letter, at most 63 bytes, without "
			"blanks and "
			", : / @ \", and not any or self",
			"「%s」は名前にできません。文字で始め、63バイト以内で、空白と , : / @ \" "
			"を使わず、any と self 以外にしてください",
			fw_quote(q, name));
	fw_text_lower(lower, sizeof(lower), name);
	if (kind == FW_OBJECT_SERVICE && fw_svc_builtin(lower))
		return sk_err_set(err, -EEXIST, "name",
			"'%s' is the name of a built-in service; choose another",
			"「%s」は組み込みのサービス名です。別の名前にしてください",
			fw_quote(q, name));
	if (fw_object_find(o, kind, name))
		return sk_err_set(err, -EEXIST, "name", "'%s' exists already; choose another name",
			"「%s」は既にあります。別の名前にしてください", fw_quote(q, name));
	return 0;
}

static int insert(struct fw_objects *o, struct fw_object *ob)
{
	if (sk_grow(&o->v, &o->cap, o->n + 1, sizeof(*o->v)) < 0)
		return -ENOMEM;
	if (!tsearch(ob, &o->index, cmp_object))
		return -ENOMEM;
	o->v[o->n++] = ob;
	return 0;
}

int fw_objects_add(struct fw_objects *o, enum fw_object_kind kind, const char *name,
	const char *items, struct sk_err *err)
{
	struct fw_object *ob;
	int r = check_name(o, kind, name, err);

	if (r < 0)
		return r;
	ob = calloc(1, sizeof(*ob));
	if (!ob)
		return sk_err_nomem(err);
	ob->kind = kind;
	ob->name = strdup(name);
	ob->items = strdup(items ? items : "");
	if (!ob->name || !ob->items)
		r = sk_err_nomem(err);
	if (r == 0)
		r = parse_items(ob, err);
	if (r == 0 && insert(o, ob) < 0)
		r = sk_err_nomem(err);
	if (r < 0)
		object_free(ob);
	return r;
}

bool fw_objects_has(const struct fw_objects *o, enum fw_object_kind kind, const char *name)
{
	return fw_object_find(o, kind, name) != NULL;
}

size_t fw_objects_count(const struct fw_objects *o)
{
	return o ? o->n : 0;
}

bool fw_objects_get(const struct fw_objects *o, size_t i, enum fw_object_kind *kind,
	const char **name, const char **items)
{
	if (!o || i >= o->n)
		return false;
	*kind = o->v[i]->kind;
	*name = o->v[i]->name;
	*items = o->v[i]->items;
	return true;
}

const char *fw_object_kind_name(enum fw_object_kind kind)
{
	return kind == FW_OBJECT_SERVICE ? "service" : "address";
}

int fw_object_kind_parse(const char *s, enum fw_object_kind *ret)
{
	for (int k = FW_OBJECT_ADDRESS; k <= FW_OBJECT_SERVICE; k++) {
		if (sk_streq(s, fw_object_kind_name((enum fw_object_kind)k))) {
			*ret = (enum fw_object_kind)k;
			return 0;
		}
	}
	return -EINVAL;
}
