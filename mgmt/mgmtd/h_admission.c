// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of admission out of the event store: one by one, and counted. Both run in a forked reader
 * and read the event files alone.
 */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/events/other.h"
#include "mgmt/mgmtd/h_common.h"
#include "nac/observe/mac.h"

#define US 1000000
#define GROUPS_MAX 20000
#define ENOUGH 1

struct question {
	struct mg_call *c;
	const char *action, *port, *by;
	char mac[NAC_MAC_TEXT];
	json_int_t number;
	size_t left, rows;
	json_t *groups; /* of a report, by their key */
};

static const char *text(const json_t *s, const char *key)
{
	const char *v = json_string_value(json_object_get(s, key));

	return v ? v : "";
}

static bool wanted(const struct question *q, const json_t *s)
{
	return (!q->action || !strcmp(q->action, text(s, "action"))) &&
		(!q->port || !strcmp(q->port, text(s, "port"))) &&
		(!q->mac[0] || !strcmp(q->mac, text(s, "mac"))) &&
		(!q->number || q->number == json_integer_value(json_object_get(s, "device")));
}

static int read_question(struct question *q, struct mg_other_filter *f, struct sk_err *err)
{
	struct mg_call *c = q->c;
	int64_t from = 0, to = 0;
	struct nac_mac m;
	int r = mg_h_period(c, &from, &to, err);

	*f = (struct mg_other_filter){.type = "admission", .from = from * US, .to = to * US};
	q->action = mg_arg_str(c, "action");
	q->port = mg_arg_str(c, "port");
	q->number = (json_int_t)mg_arg_uint(c, "number");
	q->left = mg_arg_has(c, "limit") ? (size_t)mg_arg_uint(c, "limit") : 1000;
	if (r == 0 && mg_arg_has(c, "mac") && nac_mac_parse(mg_arg_str(c, "mac"), &m) < 0)
		return sk_err_set(err, -EINVAL, "mac", "is not a MAC address",
			"は MAC アドレスではありません");
	if (r == 0 && mg_arg_has(c, "mac"))
		nac_mac_format(&m, q->mac);
	return r;
}

static int finish(struct question *q, int r, struct sk_err *err)
{
	if (r == -EUCLEAN)
		return mg_reply_note(q->c, "not all could be read: %s",
			"一部を読み込めませんでした: %s", sk_err_text(err, q->c->lang));
	if (r >= 0 && !q->rows)
		return mg_reply_note(
			q->c, "nothing of the kind happened", "該当する事象はありません");
	return r < 0 ? r : 0;
}

/* Why: of an end its reason, of a refusal what nacd found, else what the event says. */
static const char *why_of(const json_t *s)
{
	static const char *const keys[] = {"why", "reason", "differs", "message"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		if (text(s, keys[i])[0])
			return text(s, keys[i]);
	return "";
}

/* ---- one by one -------------------------------------------------------------------------------
 */
static int give_event(int64_t ts, const json_t *event, void *arg)
{
	static const char *const copied[] = {"port", "mac", "name", "owner", "department",
		"location", "method", "eap", "identity", "vendor", "hostname", "switch",
		"other_port", "serial", "message"};
	const json_t *s = json_object_get(event, "sekisho");
	struct question *q = arg;
	const json_t *address = json_array_get(json_object_get(s, "addresses"), 0);
	json_t *row;
	int r;

	if (!wanted(q, s))
		return 0;
	row = json_pack(
		"{s:I, s:s}", "time", (json_int_t)(ts / US), "admission", text(s, "action"));
	if (!row)
		return -ENOMEM;
	for (size_t i = 0; i < SK_ARRAY_SIZE(copied); i++)
		if (json_object_get(s, copied[i]))
			json_object_set(row, copied[i], json_object_get(s, copied[i]));
	if (json_object_get(s, "device"))
		json_object_set(row, "number", json_object_get(s, "device"));
	if (address)
		json_object_set(row, "address", (json_t *)address);
	if (why_of(s)[0])
		json_object_set_new(row, "why", json_string(why_of(s)));
	q->rows++;
	r = mg_reply_row(q->c, row);
	return r < 0 ? r : --q->left == 0 ? ENOUGH : 0;
}

int mg_h_nac_events(struct mg_call *c, struct sk_err *err)
{
	struct question q = {.c = c};
	struct mg_other_filter f;
	int r = read_question(&q, &f, err);

	if (r == 0)
		r = mg_other_each(mg_daemon_events_dir(c->d), &f, give_event, &q, err);
	return finish(&q, r, err);
}

/* ---- counted ----------------------------------------------------------------------------------
 */
static void key_of(const struct question *q, int64_t ts, const json_t *s, char *dst, size_t cap)
{
	const json_t *device = json_object_get(s, "device");

	if (sk_streq(q->by, "action"))
		snprintf(dst, cap, "%s", text(s, "action"));
	else if (sk_streq(q->by, "port"))
		snprintf(dst, cap, "%s", text(s, "port"));
	else if (sk_streq(q->by, "reason"))
		snprintf(dst, cap, "%s", why_of(s));
	else if (!sk_streq(q->by, "device"))
		sk_date_format(ts / US, dst, cap);
	else if (device)
		snprintf(dst, cap, "%lld", (long long)json_integer_value(device));
	else
		snprintf(dst, cap, "%s", text(s, "mac"));
}

static void describe(const struct question *q, json_t *row, const char *key, const json_t *s)
{
	static const char *const copied[] = {"name", "owner", "mac", "port"};

	if (sk_streq(q->by, "action"))
		json_object_set_new(row, "admission", json_string(key));
	else if (sk_streq(q->by, "port"))
		json_object_set_new(row, "port", json_string(key));
	else if (sk_streq(q->by, "reason"))
		json_object_set_new(row, "why", json_string(key));
	else if (!sk_streq(q->by, "device"))
		json_object_set_new(row, "day", json_string(key));
	else
		for (size_t i = 0; i < SK_ARRAY_SIZE(copied); i++)
			if (json_object_get(s, copied[i]))
				json_object_set(row, copied[i], json_object_get(s, copied[i]));
	if (sk_streq(q->by, "device") && json_object_get(s, "device"))
		json_object_set(row, "number", json_object_get(s, "device"));
}

/* The events come newest first. */
static int count_event(int64_t ts, const json_t *event, void *arg)
{
	const json_t *s = json_object_get(event, "sekisho");
	struct question *q = arg;
	char key[64];
	json_t *row, *macs;

	if (!wanted(q, s) || !text(s, "action")[0])
		return 0;
	key_of(q, ts, s, key, sizeof(key));
	if (!key[0])
		return 0;
	row = json_object_get(q->groups, key);
	if (!row && json_object_size(q->groups) >= GROUPS_MAX)
		return -E2BIG;
	if (!row) {
		row = json_pack("{s:s, s:I, s:I, s:{}, s:{}}", "key", key, "count", (json_int_t)0,
			"last", (json_int_t)(ts / US), "macs", "cut");
		if (!row || json_object_set_new(q->groups, key, row) < 0)
			return -ENOMEM;
		describe(q, row, key, s);
	}
	json_object_set_new(row, "first", json_integer(ts / US));
	json_object_set_new(
		row, "count", json_integer(json_integer_value(json_object_get(row, "count")) + 1));
	macs = json_object_get(row, "macs");
	if (text(s, "mac")[0] && json_object_size(macs) < GROUPS_MAX)
		json_object_set_new(macs, text(s, "mac"), json_true());
	if (!strcmp(text(s, "action"), "would_cut"))
		json_object_set_new(json_object_get(row, "cut"), text(s, "mac"), json_true());
	return 0;
}

static json_int_t count_of(const json_t *row)
{
	return json_integer_value(json_object_get(row, "count"));
}

static int most_first(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;

	if (count_of(x) != count_of(y))
		return count_of(x) < count_of(y) ? 1 : -1;
	return strcmp(text(x, "key"), text(y, "key"));
}

static int by_day(const void *a, const void *b)
{
	return strcmp(text(*(json_t *const *)a, "key"), text(*(json_t *const *)b, "key"));
}

static int give_groups(struct question *q, struct sk_err *err)
{
	size_t n = json_object_size(q->groups), i = 0;
	json_t **list = calloc(n + 1, sizeof(*list)), *v;
	const char *key;
	int r = list ? 0 : sk_err_nomem(err);

	if (list)
		json_object_foreach (q->groups, key, v)
			list[i++] = v;
	if (list)
		qsort(list, n, sizeof(*list),
			q->by && strcmp(q->by, "day") != 0 ? most_first : by_day);
	for (i = 0; r == 0 && i < n && i < q->left; i++) {
		json_t *row = list[i];
		size_t cut = json_object_size(json_object_get(row, "cut"));

		json_object_set_new(row, "devices",
			json_integer((json_int_t)json_object_size(json_object_get(row, "macs"))));
		if (cut)
			json_object_set_new(
				row, "would_cut_devices", json_integer((json_int_t)cut));
		json_object_del(row, "macs");
		json_object_del(row, "cut");
		q->rows++;
		r = mg_reply_row(q->c, json_incref(row));
	}
	free(list);
	return r;
}

int mg_h_report_admission(struct mg_call *c, struct sk_err *err)
{
	struct question q = {.c = c, .by = mg_arg_str(c, "by"), .groups = json_object()};
	struct mg_other_filter f;
	int r = read_question(&q, &f, err), read;

	if (r == 0 && !q.groups)
		r = sk_err_nomem(err);
	if (r < 0)
		goto out;
	read = mg_other_each(mg_daemon_events_dir(c->d), &f, count_event, &q, err);
	if (read == -E2BIG)
		r = sk_err_set(err, -E2BIG, "period", "too much for one answer: a shorter period",
			"件数が多すぎます。期間を短くしてください");
	else if (read < 0 && read != -EUCLEAN)
		r = read;
	if (r == 0)
		r = give_groups(&q, err);
	if (r == 0)
		r = finish(&q, read, err);
out:
	json_decref(q.groups);
	return r;
}
