/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to change zones, objects and settings, and the decisions about them and about accounts.
 * Showing what is in force is in h_object.c.
 */
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/mgmtd/h_object.h"

#define AUDIT_ITEMS_MAX 4096

/* For the audit row: long lists as their hash; the change itself keeps them whole. */
static void shorten(json_t *change, const char *key)
{
	const char *items =
		json_string_value(json_object_get(json_object_get(change, key), "items"));
	uint8_t hash[32];
	char hex[65];

	if (items == NULL || strlen(items) <= AUDIT_ITEMS_MAX)
		return;
	sk_sha256(hash, items, strlen(items));
	json_object_set_new(change, key,
		json_pack("{ss sI}", "items_sha256", sk_hex(hex, hash, sizeof(hash)), "count",
			(json_int_t)mg_h_count_items(items)));
}

static json_t *audit_json(const struct mg_change *ch)
{
	json_t *v = mg_change_to_json(ch);

	if (v == NULL)
		return NULL;
	shorten(v, "value");
	json_object_del(v, "before");
	return v;
}

static json_t *audit_before(const struct mg_change *ch)
{
	json_t *v = ch->before ? json_pack("{sO}", "value", ch->before) : NULL;

	if (v)
		shorten(v, "value");
	return v;
}

int mg_h_change_request(
	struct mg_call *c, struct mg_change *ch, const char *purpose, struct sk_err *err)
{
	struct mg_txn t = {0};
	char target[200];
	int r = fw_str_set(&ch->purpose, purpose) < 0 ? sk_err_nomem(err) : 0;

	snprintf(ch->applicant, sizeof(ch->applicant), "%s", c->who.name);
	if (r == 0)
		r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r == 0)
		r = mg_change_request(&t, ch, c->now, err);
	if (r == 0) {
		snprintf(target, sizeof(target), "%s %s", mg_change_kind_name(ch->kind), ch->name);
		r = mg_h_commit(c, &t, target, audit_before(ch), audit_json(ch), err);
	}
	if (r == 0)
		r = mg_reply_record(c, mg_h_change_row(ch, false));
	if (r == 0)
		mg_reply_note(c, "change %u waits for approval by another person",
			"変更 %u は別の人の承認待ちです", ch->number);
	mg_txn_abort(&t);
	mg_change_done(ch);
	return r;
}

static int name_of(struct mg_call *c, const char *arg, struct mg_change *ch, struct sk_err *err)
{
	const char *name = mg_arg_str(c, arg);

	if (strlen(name) >= sizeof(ch->name))
		return sk_err_set(err, -EINVAL, arg, "longer than %zu bytes",
			"%zu バイトを超えています", sizeof(ch->name) - 1);
	snprintf(ch->name, sizeof(ch->name), "%s", name);
	return 0;
}

/* ---- objects ------------------------------------------------------------------------------------
 */

static void put_item(struct sk_buf *b, const char *p, size_t n)
{
	while (n > 0 && strchr(" \t\r", *p)) {
		p++;
		n--;
	}
	while (n > 0 && strchr(" \t\r", p[n - 1]))
		n--;
	if (n == 0)
		return;
	sk_buf_puts(b, b->len ? "," : "");
	sk_buf_put(b, p, n);
}

/* Commas or lines, '#' begins a comment, blanks around items do not count: one canonical list. */
static char *canonical_items(const char *p, size_t n)
{
	const char *end = p + n;
	struct sk_buf b;

	sk_buf_init(&b, 64u << 20);
	while (p < end) {
		const char *stop = p;

		while (stop < end && *stop != ',' && *stop != '\n' && *stop != '#')
			stop++;
		put_item(&b, p, (size_t)(stop - p));
		while (stop < end && *stop == '#' && (p = memchr(stop, '\n', (size_t)(end - stop))))
			stop = p;
		p = stop < end && *stop != '#' ? stop + 1 : end;
	}
	if (sk_buf_error(&b)) {
		sk_buf_done(&b);
		return NULL;
	}
	return sk_buf_take(&b);
}

static int take_items(struct mg_call *c, char **ret, struct sk_err *err)
{
	const char *text = mg_arg_str(c, "items");
	const void *data = text;
	size_t n = text ? strlen(text) : 0;
	char *items;
	int r = 0;

	if (mg_arg_has(c, "file") && text)
		return sk_err_set(err, -EINVAL, "file", "give items or file, not both",
			"items と file は同時に指定できません");
	if (mg_arg_has(c, "file"))
		r = mg_arg_file(c, "file", &data, &n, NULL, err);
	if (r < 0)
		return r;
	if (data == NULL)
		return sk_err_set(err, -EINVAL, "items", "the items are missing (items or file)",
			"内容を指定してください (items または file)");
	if (n >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data = (const char *)data + 3;
		n -= 3;
	}
	if (memchr(data, '\0', n) || !sk_utf8_valid(data, n))
		return sk_err_set(err, -EINVAL, "items", "not valid UTF-8 text",
			"UTF-8 として正しくない文字列です");
	items = canonical_items(data, n);
	if (items == NULL)
		return sk_err_nomem(err);
	*ret = items;
	return 0;
}

int mg_h_object_set(struct mg_call *c, struct sk_err *err)
{
	struct mg_change ch = {0};
	_cleanup_(sk_freep) char *items = NULL;
	int r = name_of(c, "name", &ch, err);

	if (r == 0)
		r = take_items(c, &items, err);
	if (r == 0)
		r = mg_h_object_kind(c, MG_VIEW_REQUESTED, &ch.kind, err);
	if (r == -ENOENT) {
		ch.kind = MG_CH_ADDRESS;
		r = 0;
	}
	if (r < 0)
		return r;
	ch.value = json_pack("{ss}", "items", items);
	return ch.value ? mg_h_change_request(c, &ch, mg_arg_str(c, "purpose"), err)
			: sk_err_nomem(err);
}

int mg_h_object_remove(struct mg_call *c, struct sk_err *err)
{
	struct mg_change ch = {0};
	int r = name_of(c, "name", &ch, err);

	if (r == 0)
		r = mg_h_object_kind(c, MG_VIEW_APPROVED, &ch.kind, err);
	return r < 0 ? r : mg_h_change_request(c, &ch, mg_arg_str(c, "reason"), err);
}

/* ---- zones --------------------------------------------------------------------------------------
 */

static int take_interfaces(struct mg_call *c, struct fw_zone *z, struct sk_err *err)
{
	const char *p = mg_arg_str(c, "interfaces");

	if (p == NULL)
		return 0;
	z->n_ifaces = 0;
	while (*p) {
		size_t len = strcspn(p, ",");
		size_t skip = strspn(p, " "), n = len - SK_MIN(skip, len);

		while (n > 0 && p[skip + n - 1] == ' ')
			n--;
		if (n >= IFNAMSIZ)
			return sk_err_set(err, -EINVAL, "interfaces", "%.*s is no interface name",
				"%.*s はインターフェース名ではありません", (int)n, p + skip);
		if (n > 0 && z->n_ifaces >= FW_ZONE_IFACES_MAX)
			return sk_err_set(err, -E2BIG, "interfaces", "more than %d interfaces",
				"インターフェースは %d 個までです", FW_ZONE_IFACES_MAX);
		if (n > 0)
			snprintf(z->ifaces[z->n_ifaces++], IFNAMSIZ, "%.*s", (int)n, p + skip);
		p += len + (p[len] == ',');
	}
	return 0;
}

static int take_zone(struct mg_call *c, struct fw_zone *z, struct sk_err *err)
{
	const struct {
		const char *arg;
		bool *field;
	} flags[] = {{"reject", &z->reject}, {"dhcp_client", &z->dhcp_client},
		{"manage", &z->manage}, {"ping", &z->ping}, {"bogons", &z->bogons}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(flags); i++)
		if (mg_arg_has(c, flags[i].arg))
			*flags[i].field = sk_streq(mg_arg_str(c, flags[i].arg), "yes");
	if (mg_arg_has(c, "label") && strlen(mg_arg_str(c, "label")) >= sizeof(z->label))
		return sk_err_set(err, -EINVAL, "label", "longer than %zu bytes",
			"%zu バイトを超えています", sizeof(z->label) - 1);
	if (mg_arg_has(c, "label"))
		snprintf(z->label, sizeof(z->label), "%s", mg_arg_str(c, "label"));
	if (mg_arg_has(c, "kind") && fw_zone_kind_parse(mg_arg_str(c, "kind"), &z->kind) < 0)
		return fw_zone_kind_unknown(err);
	if (mg_arg_has(c, "bridge"))
		snprintf(z->bridge, sizeof(z->bridge), "%.15s",
			sk_streq(mg_arg_str(c, "bridge"), "none") ? "" : mg_arg_str(c, "bridge"));
	if (mg_arg_has(c, "serve") &&
		fw_zone_serve_parse(mg_arg_str(c, "serve"), &z->serve, err) < 0)
		return -EINVAL;
	if (mg_arg_has(c, "use") && fw_zone_use_parse(mg_arg_str(c, "use"), &z->use, err) < 0)
		return -EINVAL;
	return take_interfaces(c, z, err);
}

int mg_h_zone_set(struct mg_call *c, struct sk_err *err)
{
	struct mg_change ch = {.kind = MG_CH_ZONE};
	struct fw_zone z = {0};
	json_t *old = NULL;
	int r = name_of(c, "name", &ch, err);

	if (r < 0)
		return r;
	r = mg_target_get(mg_h_store(c), MG_VIEW_APPROVED, MG_CH_ZONE, ch.name, &old, NULL, err);
	if (r == 0)
		r = fw_zone_from_json(old, &z, err);
	else if (r == -ENOENT && (!mg_arg_has(c, "kind") || !mg_arg_has(c, "interfaces")))
		r = sk_err_set(err, -EINVAL, mg_arg_has(c, "kind") ? "interfaces" : "kind",
			"a new zone needs kind and interfaces",
			"新しいゾーンには種別 (kind) とインターフェース (interfaces) が必要です");
	else if (r == -ENOENT)
		r = 0;
	json_decref(old);
	if (r == 0 && !fw_zone_name_valid(ch.name))
		r = sk_err_set(err, -EINVAL, "name", "%s is not a name for a zone",
			"%s はゾーン名に使用できません", ch.name);
	if (r < 0)
		return r;
	snprintf(z.name, sizeof(z.name), "%.*s", FW_ZONE_NAME_MAX, ch.name);
	if (z.label[0] == '\0')
		snprintf(z.label, sizeof(z.label), "%s", z.name);
	r = take_zone(c, &z, err);
	ch.value = r == 0 ? fw_zone_to_json(&z) : NULL;
	if (r == 0 && ch.value == NULL)
		r = sk_err_nomem(err);
	return r < 0 ? r : mg_h_change_request(c, &ch, mg_arg_str(c, "purpose"), err);
}

int mg_h_zone_remove(struct mg_call *c, struct sk_err *err)
{
	struct mg_change ch = {.kind = MG_CH_ZONE};
	int r = name_of(c, "name", &ch, err);

	return r < 0 ? r : mg_h_change_request(c, &ch, mg_arg_str(c, "reason"), err);
}

int mg_h_setting_set(struct mg_call *c, struct sk_err *err)
{
	struct mg_change ch = {.kind = MG_CH_SETTING};
	const char *key = mg_arg_str(c, "key");
	int r = name_of(c, "key", &ch, err);

	if (r == 0 && mg_setting_find(key) == NULL)
		r = mg_setting_check(key, "", ch.name, sizeof(ch.name), err);
	if (r < 0)
		return r;
	ch.value = json_string(mg_arg_str(c, "value"));
	return ch.value ? mg_h_change_request(c, &ch, mg_arg_str(c, "purpose"), err)
			: sk_err_nomem(err);
}

/* ---- deciding -----------------------------------------------------------------------------------
 */

typedef int decide_fn(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_change *ret, struct sk_err *err);

struct decision {
	struct mg_call *c;
	struct mg_txn t;
	decide_fn *fn;
	const char *text;
	json_t *answers;
	bool waits; /* for apply */
};

static int decide_one(struct decision *d, uint32_t number, bool last, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(d->c, d->text);
	struct mg_change ch;
	char target[200];
	json_t *before;
	int r = d->fn(&d->t, number, &a, &ch, err);

	if (r < 0) {
		sk_err_prefix(err, "change[%u]", number);
		return r;
	}
	d->waits |= ch.state == MG_CHS_APPROVED;
	json_array_append_new(d->answers, mg_h_change_row(&ch, true));
	snprintf(target, sizeof(target), "change %u %s %s", number, mg_change_kind_name(ch.kind),
		ch.name);
	before = audit_before(&ch);
	before = before ? before : json_object();
	json_object_set_new(before, "state", json_string("requested"));
	r = last ? mg_h_commit(d->c, &d->t, target, before, audit_json(&ch), err)
		 : mg_h_audit(d->c, &d->t, target, before, audit_json(&ch), err);
	mg_change_done(&ch);
	return r;
}

static int finish(struct decision *d, int r)
{
	for (size_t i = 0; i < json_array_size(d->answers) && r == 0; i++)
		r = mg_reply_record(d->c, json_incref(json_array_get(d->answers, i)));
	if (r == 0 && d->waits && !d->c->dry_run)
		mg_reply_note(d->c, "in force after the next apply", "次の適用から有効になります");
	mg_txn_abort(&d->t);
	json_decref(d->answers);
	return r;
}

int mg_h_change_approve(struct mg_call *c, struct sk_err *err)
{
	struct decision d = {.c = c,
		.fn = mg_change_approve,
		.text = mg_arg_str(c, "comment"),
		.answers = json_array()};
	uint32_t number, next;
	int r = mg_txn_begin(&d.t, mg_h_store(c), err);

	for (size_t i = 0; r == 0 && mg_h_number(c, i, &number); i++)
		r = decide_one(&d, number, !mg_h_number(c, i + 1, &next), err);
	return finish(&d, r);
}

int mg_h_change_return(struct mg_call *c, struct sk_err *err)
{
	struct decision d = {.c = c,
		.fn = mg_change_return,
		.text = mg_arg_str(c, "reason"),
		.answers = json_array()};
	int r = mg_txn_begin(&d.t, mg_h_store(c), err);

	if (r == 0)
		r = decide_one(&d, (uint32_t)mg_arg_uint(c, "number"), true, err);
	return finish(&d, r);
}
