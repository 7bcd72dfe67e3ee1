/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations blocklist.* of docs/ipc.md. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/fwd/fwd.h"
#include "fw/fwd/ops.h"
#include "lib/util.h"

#define LEARN_MAX 1000
#define TTL_MIN 1
#define TTL_MAX 604800
#define NAME_LEN_MAX 253 /* RFC 1035, 3.1, without the last dot */

static json_t *describe(const struct fwd *d, const struct fwd_list_change_done *a)
{
	const struct fw_list *l = fwd_list_current(d);

	return json_pack("{s:I,s:s,s:I,s:I,s:I,s:I,s:I,s:I}", "generation",
		(json_int_t)fw_list_generation(l), "sha256", fw_list_sha256(l), "entries",
		(json_int_t)fw_list_entries(l), "elements", (json_int_t)fw_list_elements(l),
		"added", (json_int_t)a->added, "removed", (json_int_t)a->removed, "cut",
		(json_int_t)a->cut, "us", (json_int_t)a->us);
}

int fwd_op_list_apply(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const no_keys[] = {NULL};
	_cleanup_(fwd_doc_done) struct fwd_doc doc = {0};
	struct fwd_list_change_done a = {0};
	json_t *args;
	int r;

	if ((r = fwd_args(m, no_keys, &args, err)) < 0 ||
		(r = fwd_doc_map(m, SK_BL_BYTES_MAX, &doc, err)) < 0 ||
		(r = fwd_list_apply(d, doc.p, doc.n, &a, err)) < 0)
		return r;
	*extra = describe(d, &a);
	return 0;
}

int fwd_op_list_change(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	struct fwd_list_change_done a = {0};
	json_t *args = NULL;
	int r;

	if ((r = sk_json_object(m->body, "args", true, &args, err)) < 0 ||
		(r = fwd_list_change(d, args, &a, err)) < 0)
		return r;
	*extra = describe(d, &a);
	return 0;
}

static bool is_name(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

static int read_row(const json_t *v, struct fwd_learn_row *ret, struct sk_err *err)
{
	static const char *const keys[] = {"address", "name", "feed", "ttl", NULL};
	const char *addr = NULL;
	int64_t ttl = 0;
	int r;

	if ((r = sk_json_only(v, keys, err)) < 0 ||
		(r = sk_json_str(v, "address", true, &addr, err)) < 0 ||
		(r = sk_json_str(v, "name", true, &ret->name, err)) < 0 ||
		(r = sk_json_str(v, "feed", true, &ret->feed, err)) < 0 ||
		(r = sk_json_int(v, "ttl", true, &ttl, err)) < 0)
		return r;
	if (fw_ip_parse(addr, &ret->ip, err) < 0) {
		sk_err_prefix(err, "address");
		return -EINVAL;
	}
	if (strlen(ret->name) > NAME_LEN_MAX || !is_name(ret->name))
		return sk_err_set(err, -EINVAL, "name", "is no name", "名前ではありません");
	if (strlen(ret->feed) >= SK_BL_NAME_MAX || !is_name(ret->feed))
		return sk_err_set(
			err, -EINVAL, "feed", "is no name of a feed", "提供元の名前ではありません");
	ret->ttl = (uint32_t)SK_MIN(SK_MAX(ttl, TTL_MIN), TTL_MAX);
	return 0;
}

int fwd_op_list_learn(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"rows", NULL};
	_cleanup_(sk_freep) struct fwd_learn_row *v = NULL;
	json_t *args = NULL, *rows = NULL, *row;
	size_t counts[3] = {0}, i;
	int r;

	if ((r = sk_json_object(m->body, "args", true, &args, err)) < 0 ||
		(r = sk_json_only(args, keys, err)) < 0 ||
		(r = sk_json_array(args, "rows", true, &rows, err)) < 0)
		return r;
	if (json_array_size(rows) > LEARN_MAX)
		return sk_err_set(err, -E2BIG, "rows", "more than %d at once", "一度に%d件までです",
			LEARN_MAX);
	v = calloc(json_array_size(rows) + 1, sizeof(*v));
	if (!v)
		return sk_err_nomem(err);
	json_array_foreach (rows, i, row) {
		r = read_row(row, &v[i], err);
		if (r < 0) {
			sk_err_prefix(err, "rows[%zu]", i);
			return r;
		}
	}
	r = fwd_learn(d, v, json_array_size(rows), counts, err);
	if (r == 0)
		*extra = json_pack("{s:I,s:I,s:I}", "learned", (json_int_t)counts[0], "refused",
			(json_int_t)counts[1], "no_room", (json_int_t)counts[2]);
	return r;
}

int fwd_op_list_forget(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"addresses", NULL};
	json_t *args = NULL, *list = NULL, *v;
	json_int_t forgotten = 0;
	struct fw_ip ip;
	size_t i;
	int r;

	if ((r = sk_json_object(m->body, "args", true, &args, err)) < 0 ||
		(r = sk_json_only(args, keys, err)) < 0 ||
		(r = sk_json_array(args, "addresses", true, &list, err)) < 0)
		return r;
	if (json_array_size(list) > LEARN_MAX)
		return sk_err_set(err, -E2BIG, "addresses", "more than %d at once",
			"一度に%d件までです", LEARN_MAX);
	json_array_foreach (list, i, v) {
		if (!json_is_string(v) || fw_ip_parse(json_string_value(v), &ip, NULL) < 0) {
			r = sk_err_set(
				err, -EINVAL, NULL, "is no address", "IP アドレスではありません");
			sk_err_prefix(err, "addresses[%zu]", i);
			return r;
		}
		forgotten += fwd_learn_forget(d, &ip);
	}
	*extra = json_pack("{s:I}", "forgotten", forgotten);
	return 0;
}

int fwd_op_list_test(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"address", NULL};
	char entry[FWD_LIST_ENTRY_MAX] = "";
	const char *addr = NULL, *feed = NULL;
	enum fw_list_verdict v;
	json_t *args = NULL;
	struct fw_ip ip;
	int r;

	if ((r = sk_json_object(m->body, "args", true, &args, err)) < 0 ||
		(r = sk_json_only(args, keys, err)) < 0 ||
		(r = sk_json_str(args, "address", true, &addr, err)) < 0)
		return r;
	r = fw_ip_parse(addr, &ip, err);
	if (r < 0) {
		sk_err_prefix(err, "address");
		return r;
	}
	v = fwd_list_test(d, &ip, &feed, entry);
	*extra = json_pack(
		"{s:s,s:b}", "verdict", fw_list_verdict_name(v), "enabled", d->running->blocklist);
	if (*extra && feed)
		json_object_set_new(*extra, "feed", json_string(feed));
	if (*extra && entry[0])
		json_object_set_new(*extra, "entry", json_string(entry));
	return 0;
}
