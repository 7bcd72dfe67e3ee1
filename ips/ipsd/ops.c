/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket of docs/ipc.md, section sekisho-ipsd: who may connect, the operations, their answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ips/ipsd/daemon.h"
#include "lib/acl.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"

#define CLIENTS 16
#define PER_UID 12
#define QUEUE_BYTES (64u << 20)
#define POLICY_MAX (32u << 20)
#define ROWS_PER_MSG 200
#define ROWS_MAX 100000

json_t *ipsd_tally(const struct ips_ruleset *rs)
{
	const struct ips_ruleset_info *i;
	const struct ips_rules_tally *t;

	if (!rs)
		return json_object();
	i = ips_ruleset_info(rs);
	t = ips_rules_tally(ips_ruleset_rules((struct ips_ruleset *)rs));
	return json_pack("{s:i,s:i,s:i,s:i,s:i,s:I}", "seen", (int)t->seen, "loaded",
		(int)t->loaded, "refused", (int)t->refused, "disabled", (int)t->disabled,
		"replaced", (int)t->replaced, "bytes", (json_int_t)i->bytes);
}

static int args_of(
	const struct sk_ipc_msg *m, const char *const *keys, json_t **ret, struct sk_err *err)
{
	json_t *args = NULL;
	int r = sk_json_object(m->body, "args", false, &args, err);

	if (r == 0 && args)
		r = sk_json_only(args, keys, err);
	if (r == 0)
		*ret = args;
	return r;
}

/* ---- policy ---- */

static int with_policy(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, bool check,
	struct sk_err *err)
{
	struct stat st;
	void *p;
	int r;

	if (m->fd < 0)
		return sk_err_set(err, -EINVAL, "document", "no document came with the request",
			"ポリシー文書が添付されていません");
	r = sk_memfd_check(m->fd, err);
	if (r < 0)
		return r;
	if (fstat(m->fd, &st) < 0 || st.st_size <= 0 || st.st_size > (off_t)POLICY_MAX)
		return sk_err_set(err, -EFBIG, "document", "empty, or larger than %u bytes",
			"空か、%u バイトを超えています", POLICY_MAX);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, m->fd, 0);
	if (p == MAP_FAILED)
		return sk_err_set(err, -errno, "document", "cannot be read", "読み取れません");
	r = ipsd_apply(d, p, (size_t)st.st_size, check, c, m->id, err);
	munmap(p, (size_t)st.st_size);
	return r == 0 ? 1 : r;
}

static int op_check(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	return with_policy(d, c, m, true, err);
}

static int op_apply(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	return with_policy(d, c, m, false, err);
}

/* ---- status ---- */

static json_t *workers(struct ipsd *d)
{
	json_t *list = json_array();
	uint64_t now = sk_mono_us();

	for (unsigned i = 0; list && i < d->threads; i++) {
		struct ipsd_thread_stats s;

		ipsd_thread_stats(d->thread[i], &s);
		json_array_append_new(list,
			json_pack(
				"{s:i,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:i,s:i,s:i,s:i,s:i,s:I,"
				"s:I,s:I}",
				"queue", s.queue, "packets", (json_int_t)s.packets, "bytes",
				(json_int_t)s.bytes, "dropped", (json_int_t)s.dropped, "rejected",
				(json_int_t)s.rejected, "bypassed", (json_int_t)s.bypassed,
				"own_packets", (json_int_t)s.own, "alerts", (json_int_t)s.alerts,
				"overruns", (json_int_t)s.overruns, "pressure",
				(json_int_t)s.pressure, "truncated", (json_int_t)s.truncated,
				"flows", (int)s.flows, "flows_max", (int)s.flows_max, "sessions",
				(int)s.sessions, "pool_used", (int)s.pool_used, "pool_max",
				(int)s.pool_max, "app_memory", (json_int_t)s.app_used,
				"last_seen_ms",
				s.seen_us ? (json_int_t)((now - s.seen_us) / 1000)
					  : (json_int_t)-1));
	}
	return list;
}

static json_t *event_counts(const struct ipsd *d)
{
	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:b}", "instance", d->instance, "seq",
		(json_int_t)sk_spool_seq(d->spool), "spooled",
		(json_int_t)sk_spool_events(d->spool), "spool_bytes",
		(json_int_t)sk_spool_bytes(d->spool), "lost_spool",
		(json_int_t)sk_spool_lost(d->spool), "lost_worker", (json_int_t)d->lost_ring,
		"subscriber", d->subscriber != NULL);
}

static int op_status(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	*extra = json_pack("{s:s,s:i,s:I,s:s,s:I,s:s,s:b,s:o,s:o,s:o,s:o}", "version", SK_VERSION,
		"pid", (int)getpid(), "started", (json_int_t)d->started, "state",
		d->rules ? "inspecting" : "no_rules", "generation", (json_int_t)d->generation,
		"sha256", d->sha256, "loading", d->job != NULL, "tally", ipsd_tally(d->rules),
		"workers", workers(d), "events", event_counts(d), "lists", ipsd_lists_status(d));
	return *extra ? 0 : sk_err_nomem(err);
}

/* ---- rules ---- */

static const char *const actions[] = {
	[IPS_ALERT] = "alert",
	[IPS_PASS] = "pass",
	[IPS_DROP] = "drop",
	[IPS_REJECT] = "reject",
	[IPS_REJECT_DST] = "rejectdst",
	[IPS_REJECT_BOTH] = "rejectboth",
};

struct listing {
	struct ipsd *d;
	struct sk_ipc_client *c;
	uint32_t id;
	json_t *rows;
	int64_t left;
	int err;
};

static void flush(struct listing *l)
{
	json_t *body;

	if (!l->rows || json_array_size(l->rows) == 0)
		return;
	body = json_pack("{s:o}", "rows", l->rows);
	l->rows = json_array();
	if (!body || !l->rows || sk_ipc_reply(l->c, SK_IPC_DATA, l->id, body) < 0)
		l->err = -EPIPE;
	json_decref(body);
}

static void add(struct listing *l, json_t *row)
{
	json_array_append_new(l->rows, row);
	l->left--;
	if (json_array_size(l->rows) >= ROWS_PER_MSG)
		flush(l);
}

static json_t *rule_row(const struct ips_rule *r)
{
	return json_pack("{s:I,s:I,s:I,s:s,s:s,s:i,s:s,s:s,s:s,s:I}", "gid", (json_int_t)r->gid,
		"sid", (json_int_t)r->sid, "rev", (json_int_t)r->rev, "msg", r->msg ? r->msg : "",
		"class", r->classtype ? r->classtype : "", "severity", r->severity, "action",
		actions[r->action], "effective", actions[r->effective], "file",
		r->file ? r->file : "", "line", (json_int_t)r->line);
}

static json_t *refused_row(const struct ips_refused *x)
{
	return json_pack("{s:I,s:I,s:s,s:s,s:s,s:I}", "gid", (json_int_t)x->gid, "sid",
		(json_int_t)x->sid, "option", x->option, "why", x->why, "file", x->file, "line",
		(json_int_t)x->line);
}

static void list_rules(struct listing *l, struct ips_rules *rules, const char *state, int64_t sid)
{
	if (strcmp(state, "refused") == 0) {
		for (uint32_t i = 0; i < ips_rules_refused_count(rules) && l->left && !l->err; i++)
			if (!sid || ips_rules_refused(rules, i)->sid == sid)
				add(l, refused_row(ips_rules_refused(rules, i)));
		return;
	}
	if (strcmp(state, "warning") == 0) {
		for (uint32_t i = 0; i < ips_rules_warning_count(rules) && l->left && !l->err; i++)
			if (!sid || ips_rules_warning(rules, i)->sid == sid)
				add(l, refused_row(ips_rules_warning(rules, i)));
		return;
	}
	for (uint32_t i = 0; i < ips_rules_count(rules) && l->left && !l->err; i++)
		if (!sid || ips_rules_at(rules, i)->sid == sid)
			add(l, rule_row(ips_rules_at(rules, i)));
}

static int op_rules(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"state", "sid", "limit", NULL};
	struct listing l = {.d = d, .c = c, .id = m->id};
	const char *state = "all";
	json_t *args = NULL;
	int64_t sid = 0, limit = ROWS_MAX;
	int r = args_of(m, keys, &args, err);

	if (r == 0 && args)
		r = sk_json_str(args, "state", false, &state, err);
	if (r == 0 && args)
		r = sk_json_int(args, "sid", false, &sid, err);
	if (r == 0 && args)
		r = sk_json_int(args, "limit", false, &limit, err);
	if (r < 0)
		return r;
	if (strcmp(state, "all") != 0 && strcmp(state, "refused") != 0 &&
		strcmp(state, "warning") != 0)
		return sk_err_set(err, -EINVAL, "state", "must be all, refused or warning",
			"all、refused、warning のいずれかを指定してください");
	if (!d->rules)
		return 0;
	l.left = SK_MIN(limit < 0 ? 0 : limit, ROWS_MAX);
	l.rows = json_array();
	if (!l.rows)
		return sk_err_nomem(err);
	list_rules(&l, ips_ruleset_rules(d->rules), state, sid);
	flush(&l);
	json_decref(l.rows);
	return l.err;
}

/* ---- blocklists ---- */

static int op_lists_apply(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m,
	json_t **extra, struct sk_err *err)
{
	int r = ipsd_lists_apply(d, c, m, err);

	return r == 0 ? 1 : r;
}

static int op_lists_spare(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m,
	json_t **extra, struct sk_err *err)
{
	static const char *const keys[] = {"addresses", NULL};
	json_t *args = NULL, *list = NULL, *v;
	json_int_t spared = 0;
	size_t i;
	int r = args_of(m, keys, &args, err);

	if (r == 0)
		r = sk_json_array(args, "addresses", true, &list, err);
	if (r < 0)
		return r;
	json_array_foreach (list, i, v) {
		const char *text = json_string_value(v);
		bool was = false;

		if (!text || ipsd_lists_spare(d, text, &was) < 0) {
			r = sk_err_set(
				err, -EINVAL, NULL, "is no address", "IP アドレスではありません");
			sk_err_prefix(err, "addresses[%zu]", i);
			return r;
		}
		spared += was;
	}
	*extra = json_pack("{s:I}", "spared", spared);
	return *extra ? 0 : sk_err_nomem(err);
}

static int op_lists_test(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m,
	json_t **extra, struct sk_err *err)
{
	static const char *const keys[] = {"value", "kind", NULL};
	char text[SK_BL_VALUE_MAX + 1];
	const char *value = NULL, *name = NULL;
	enum sk_bl_kind kind = SK_BL_DOMAIN;
	json_t *args = NULL;
	int r = args_of(m, keys, &args, err);

	if (r == 0)
		r = sk_json_str(args, "value", true, &value, err);
	if (r == 0)
		r = sk_json_str(args, "kind", false, &name, err);
	if (r < 0)
		return r;
	if (name ? sk_bl_kind_parse(name, &kind) < 0 : sk_bl_guess(value, &kind) < 0)
		return sk_err_set(err, -EINVAL, name ? "kind" : "value",
			"%s is no address, name, URL or fingerprint",
			"%s はアドレス、ドメイン名、URL、フィンガープリントのいずれでもありません",
			name ? name : value);
	r = sk_bl_canonical(kind, value, strlen(value), text, sizeof(text));
	if (r < 0)
		return sk_err_set(err, -EINVAL, "value", "%s is no %s", "%s は %s ではありません",
			value, sk_bl_kind_name(kind));
	*extra = ipsd_lists_test(d, kind, text, (size_t)r);
	return *extra ? 0 : sk_err_nomem(err);
}

/* ---- events ---- */

static int op_subscribe(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m,
	json_t **extra, struct sk_err *err)
{
	static const char *const keys[] = {"ack", "instance", NULL};
	json_t *args = NULL;
	int r = args_of(m, keys, &args, err);

	if (r < 0)
		return r;
	*extra = json_pack(
		"{s:s,s:I}", "instance", d->instance, "seq", (json_int_t)sk_spool_seq(d->spool));
	return *extra ? 0 : sk_err_nomem(err);
}

static void after_subscribe(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m)
{
	const json_t *args = json_object_get(m->body, "args");
	const char *instance = json_string_value(json_object_get(args, "instance"));
	json_int_t ack = json_integer_value(json_object_get(args, "ack"));

	ipsd_subscribe(d, c, instance ? instance : "", ack > 0 ? (uint64_t)ack : 0);
}

/* ---- dispatch ---- */

struct op {
	const char *name;
	/* 0: answer now with *extra; 1: the answer comes later; negative: the error. */
	int (*fn)(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
		struct sk_err *err);
	void (*after)(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m);
};

static const struct op ops[] = {
	{"ips.check", op_check, NULL},
	{"ips.apply", op_apply, NULL},
	{"rules.list", op_rules, NULL},
	{"lists.apply", op_lists_apply, NULL},
	{"lists.spare", op_lists_spare, NULL},
	{"lists.test", op_lists_test, NULL},
	{"status", op_status, NULL},
	{"events.subscribe", op_subscribe, after_subscribe},
};

static void on_request(struct ipsd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	const struct op *op = NULL;
	struct sk_err err = {0};
	const char *name = NULL;
	json_t *extra = NULL;
	int r;

	if (sk_json_str(m->body, "op", true, &name, NULL) < 0) {
		sk_ipc_client_close(c);
		return;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(ops) && !op; i++)
		if (strcmp(ops[i].name, name) == 0)
			op = &ops[i];
	r = op ? op->fn(d, c, m, &extra, &err)
	       : sk_err_set(&err, -EOPNOTSUPP, "op", "unknown operation", "不明な操作です");
	if (r > 0)
		return;
	end = sk_ipc_end_body(r, &err, extra);
	if (!end || sk_ipc_reply(c, SK_IPC_END, m->id, end) < 0) {
		sk_ipc_client_close(c);
		return;
	}
	if (r == 0 && op->after)
		op->after(d, c, m);
}

static void on_ack(struct ipsd *d, struct sk_ipc_client *c, const struct sk_ipc_msg *m)
{
	const char *instance = NULL;
	int64_t seq = 0;

	if (sk_json_str(m->body, "instance", true, &instance, NULL) < 0 ||
		sk_json_int(m->body, "seq", true, &seq, NULL) < 0 || seq < 0) {
		sk_ipc_client_close(c);
		return;
	}
	if (sk_streq(instance, d->instance))
		sk_spool_ack(d->spool, (uint64_t)seq);
	ipsd_send_events(d);
}

static void on_message(struct sk_ipc_client *c, struct sk_ipc_msg *m, void *arg)
{
	struct ipsd *d = arg;

	switch (m->type) {
	case SK_IPC_REQUEST: on_request(d, c, m); break;
	case SK_IPC_ACK: on_ack(d, c, m); break;
	default: sk_ipc_client_close(c); break;
	}
}

static int on_accept(struct sk_ipc_client *c, const struct ucred *cred, void *arg)
{
	const struct ipsd *d = arg;

	if (cred->uid == 0 || (d->opts.has_manager && cred->uid == d->opts.manager))
		return 0;
	sk_log(LOG_WARNING, "connection of uid %u refused", (unsigned)cred->uid);
	return -EPERM;
}

static void on_closed(struct sk_ipc_client *c, void *arg)
{
	struct ipsd *d = arg;

	ipsd_apply_client_gone(d, c);
	ipsd_lists_client_gone(d, c);
	if (c != d->subscriber)
		return;
	d->subscriber = NULL;
	if (d->spool)
		sk_spool_rewind(d->spool);
}

int ipsd_ipc_start(struct ipsd *d, struct sk_err *err)
{
	static const struct sk_ipc_limits limits = {
		.clients = CLIENTS, .per_uid = PER_UID, .queue_bytes = QUEUE_BYTES};
	static const struct sk_ipc_ops calls = {
		.accept = on_accept, .message = on_message, .closed = on_closed};
	char path[256];
	int r = sk_mkdir_p(d->opts.run_dir, 0755, err);

	if (r < 0)
		return r;
	if (snprintf(path, sizeof(path), "%s/ips.sock", d->opts.run_dir) >= (int)sizeof(path))
		return sk_err_set(
			err, -ENAMETOOLONG, "run-dir", "path is too long", "パスが長すぎます");
	r = sk_ipc_server_new(
		&d->ipc, d->ev, path, d->opts.socket_mode, -1, &limits, &calls, d, err);
	if (r < 0)
		return r;
	if (d->opts.has_socket_gid && chown(path, (uid_t)-1, d->opts.socket_gid) < 0)
		return sk_err_en(err, -errno, "socket-group", "%s: %s", path, strerror(errno));
	return sk_acl_allow(path, &d->opts.manager, d->opts.has_manager, err);
}
