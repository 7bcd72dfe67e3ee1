/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of docs/ipc.md, one function each, and the table that says who may call them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fw/fwd/apply.h"
#include "fw/fwd/contacts_watch.h"
#include "fw/fwd/fwd.h"
#include "fw/fwd/gate.h"
#include "fw/fwd/gate_ops.h"
#include "fw/fwd/ops.h"
#include "fw/nft/list.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"

#define PIECE (64u << 10) /* of text in one DATA message */
#define COUNTERS_PER_MSG 1000
#define ROWS_PER_MSG 200
#define ROWS_MAX 100000
#define TEXT_MAX (56u << 20)

/* ---- arguments ---- */

int fwd_args(const struct sk_ipc_msg *m, const char *const *keys, json_t **ret, struct sk_err *err)
{
	json_t *args = NULL;
	int r = sk_json_object(m->body, "args", false, &args, err);

	if (r == 0 && args)
		r = sk_json_only(args, keys, err);
	if (r == 0)
		*ret = args;
	return r;
}

static int int_arg(const json_t *args, const char *key, int64_t min, int64_t max, int64_t *v,
	struct sk_err *err)
{
	int r = args ? sk_json_int(args, key, false, v, err) : 0;

	if (r < 0)
		return r;
	if (*v < min || *v > max)
		return sk_err_set(err, -ERANGE, key, "must be %" PRId64 " to %" PRId64,
			"%" PRId64 "から%" PRId64 "までです", min, max);
	return 0;
}

void fwd_doc_done(struct fwd_doc *doc)
{
	if (doc->p)
		munmap(doc->p, doc->n);
}

int fwd_doc_map(const struct sk_ipc_msg *m, size_t max, struct fwd_doc *ret, struct sk_err *err)
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
	if (fstat(m->fd, &st) < 0)
		return sk_err_set(err, -errno, "document", "cannot be read", "読み取れません");
	if (st.st_size <= 0 || st.st_size > (off_t)max)
		return sk_err_set(err, -EFBIG, "document", "empty, or larger than %zu bytes",
			"空か、%zuバイトを超えています", max);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, m->fd, 0);
	if (p == MAP_FAILED)
		return sk_err_nomem(err);
	*ret = (struct fwd_doc){.p = p, .n = (size_t)st.st_size};
	return 0;
}

/* ---- policy ---- */

static const char *const no_keys[] = {NULL};

static int op_check(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	_cleanup_(fw_policy_freep) struct fw_policy *p = NULL;
	_cleanup_(fwd_doc_done) struct fwd_doc doc = {0};
	struct fw_nft_stats st = {0};
	json_t *args;
	int r;

	if ((r = fwd_args(m, no_keys, &args, err)) < 0 ||
		(r = fwd_doc_map(m, FW_POLICY_BYTES_MAX, &doc, err)) < 0 ||
		(r = fw_policy_parse(doc.p, doc.n, FW_POLICY_STRICT, sk_now(), &p, NULL, err)) <
			0 ||
		(r = fw_nft_check(p, &st, err)) < 0)
		return r;
	*extra = json_pack("{s:I,s:I,s:I,s:I}", "generation", (json_int_t)p->generation, "rules",
		(json_int_t)p->n_rules, "sets", (json_int_t)st.sets, "batch_bytes",
		(json_int_t)st.batch_bytes);
	return 0;
}

static int op_apply(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"confirm", NULL};
	_cleanup_(fwd_doc_done) struct fwd_doc doc = {0};
	struct fwd_applied a = {0};
	int64_t confirm = 0;
	json_t *args;
	int r;

	if ((r = fwd_args(m, keys, &args, err)) < 0 ||
		(r = int_arg(args, "confirm", 0, FWD_CONFIRM_MAX, &confirm, err)) < 0 ||
		(r = fwd_doc_map(m, FW_POLICY_BYTES_MAX, &doc, err)) < 0 ||
		(r = fwd_apply(d, doc.p, doc.n, (int)confirm, &a, err)) < 0)
		return r;
	*extra = json_pack("{s:I,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:i}", "generation",
		(json_int_t)a.generation, "sha256", a.sha256, "confirm_deadline",
		(json_int_t)a.confirm_deadline, "cut", (json_int_t)a.cut, "rules",
		(json_int_t)a.stats.rules, "sets", (json_int_t)a.stats.sets, "batch_bytes",
		(json_int_t)a.stats.batch_bytes, "fill_us", (json_int_t)a.stats.fill_us,
		"switch_us", (json_int_t)a.stats.switch_us, "collect_us",
		(json_int_t)a.stats.collect_us, "read_back_us", (json_int_t)a.stats.read_back_us,
		"retries", a.stats.retries);
	return 0;
}

static json_t *generation_of(const struct fw_policy *p)
{
	return json_pack("{s:I}", "generation", (json_int_t)p->generation);
}

static int op_confirm(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"generation", NULL};
	int64_t generation = 0;
	json_t *args;
	int r;

	if ((r = fwd_args(m, keys, &args, err)) < 0)
		return r;
	if (!args)
		return sk_err_set(
			err, -EINVAL, "generation", "which generation?", "世代を指定してください");
	if ((r = sk_json_int(args, "generation", true, &generation, err)) < 0 ||
		(r = fwd_confirm(d, (uint64_t)generation, err)) < 0)
		return r;
	*extra = generation_of(d->running);
	return 0;
}

static int op_rollback(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	json_t *args;
	int r;

	if ((r = fwd_args(m, no_keys, &args, err)) < 0 ||
		(r = fwd_rollback(d, "requested", err)) < 0)
		return r;
	*extra = generation_of(d->running);
	return 0;
}

/* DATA {"key": value} */
static int send_data(struct sk_ipc_client *c, uint32_t id, const char *key, json_t *value)
{
	json_t *body = json_pack("{s:o}", key, value);
	int r = body ? sk_ipc_reply(c, SK_IPC_DATA, id, body) : -ENOMEM;

	json_decref(body);
	return r;
}

/* Pieces end at line ends, so that none breaks a character. */
static int send_text(struct sk_ipc_client *c, uint32_t id, const struct sk_buf *b)
{
	const char *p = sk_buf_str(b);
	size_t left = b->len;

	while (left > 0) {
		size_t n = SK_MIN(left, PIECE);
		const char *nl = n < left ? memrchr(p, '\n', n) : NULL;
		int r;

		if (nl)
			n = (size_t)(nl - p) + 1;
		r = send_data(c, id, "text", json_stringn(p, n));
		if (r < 0)
			return r;
		p += n;
		left -= n;
	}
	return 0;
}

static int op_text(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	_cleanup_(fw_policy_freep) struct fw_policy *p = NULL;
	_cleanup_(sk_buf_done) struct sk_buf b;
	_cleanup_(fwd_doc_done) struct fwd_doc doc = {0};
	json_t *args;
	int r;

	sk_buf_init(&b, TEXT_MAX);
	if ((r = fwd_args(m, no_keys, &args, err)) < 0)
		return r;
	if (m->fd >= 0 &&
		((r = fwd_doc_map(m, FW_POLICY_BYTES_MAX, &doc, err)) < 0 ||
			(r = fw_policy_parse(
				 doc.p, doc.n, FW_POLICY_STRICT, sk_now(), &p, NULL, err)) < 0))
		return r;
	/* A document that is not in force has no sets of its own. */
	r = fw_nft_text_lists(p ? p : d->running, fw_nft_list_layout(d->nft), &b, err);
	return r < 0 ? r : send_text(c, m->id, &b);
}

/* ---- status ---- */

static json_t *event_counts(struct fwd *d)
{
	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b}", "instance", d->instance,
		"seq", (json_int_t)sk_spool_seq(d->spool), "spooled",
		(json_int_t)sk_spool_events(d->spool), "spool_bytes",
		(json_int_t)sk_spool_bytes(d->spool), "folded",
		(json_int_t)fwd_fold_folded(d->fold), "unfolded",
		(json_int_t)fwd_fold_full(d->fold), "lost_kernel",
		(json_int_t)(d->nflog ? fwd_nflog_lost(d->nflog) : 0), "lost_spool",
		(json_int_t)sk_spool_lost(d->spool), "strange",
		(json_int_t)(d->nflog ? fwd_nflog_strange(d->nflog) : 0), "subscriber",
		d->subscriber != NULL);
}

static json_t *words(const char *p)
{
	json_t *a = json_array();

	while (a && *p) {
		const char *end = strstr(p, ", ");
		size_t n = end ? (size_t)(end - p) : strlen(p);

		json_array_append_new(a, json_stringn(p, n));
		p += end ? n + 2 : n;
	}
	return a;
}

static json_t *warnings(const struct fwd *d)
{
	json_t *a = json_array();

	if (a && d->none)
		json_array_append_new(a, json_string("no policy has been applied yet"));
	if (a && d->adopted)
		json_array_append_new(a,
			json_string("the kernel runs rules that no policy on disk accounts for"));
	if (a && d->dirty)
		json_array_append_new(a, json_string("the kernel does not run the policy"));
	for (size_t i = 0; a && i < d->n_warnings; i++)
		json_array_append_new(a, json_string(d->warnings[i]));
	return a;
}

/* What the policy says, and how this kernel does it. */
static json_t *inspection(struct fwd *d)
{
	json_t *v = fw_inspect_to_json(&d->running->inspect);

	if (v)
		json_object_set_new(v, "kernel",
			json_string(fw_nft_queue_form_name(fw_nft_queue_form(d->nft))));
	return v;
}

json_t *fwd_status(struct fwd *d)
{
	const char *state = d->trial ? "confirming" : d->none ? "none" : "running";

	return json_pack("{s:s,s:i,s:I,s:b,s:s,s:I,s:s,s:{s:I,s:s},s:I,s:s,s:I,s:I,s:I,s:I,s:b,s:o,"
			 "s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
		"version", SK_VERSION, "pid", (int)getpid(), "started", (json_int_t)d->started,
		"owner", fw_nft_owned(d->nft), "state", state, "generation",
		(json_int_t)d->running->generation, "sha256", d->running->sha256, "confirmed",
		"generation", (json_int_t)d->confirmed->generation, "sha256", d->confirmed->sha256,
		"confirm_deadline", (json_int_t)d->deadline, "loaded_from",
		fwd_loaded_name(d->loaded), "rules", (json_int_t)d->running->n_rules,
		"expired_left_out", (json_int_t)d->expired, "last_drift", (json_int_t)d->drift.last,
		"drift_count", (json_int_t)d->drift.count, "in_kernel", !d->dirty && !d->adopted,
		"events", event_counts(d), "foreign", words(sk_buf_str(&d->drift.foreign)),
		"warnings", warnings(d), "inspection", inspection(d), "guard", fwd_guard_status(d),
		"blocklist", fwd_list_status(d), "contacts", fwd_contacts_status(d), "nac",
		fwd_gate_status(d));
}

static int op_status(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	json_t *args;
	int r = fwd_args(m, no_keys, &args, err);

	if (r == 0 && !(*extra = fwd_status(d)))
		r = sk_err_nomem(err);
	return r;
}

/* ---- counters and connections ---- */

static int op_counters(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	json_t *args, *rows = NULL;
	int r = fwd_args(m, no_keys, &args, err);

	if (r < 0)
		return r;
	fwd_poll_counters(d);
	for (size_t i = 0; i < d->counters.n && r >= 0; i++) {
		const struct fwd_counter *e = &d->counters.v[i];

		if (!rows)
			rows = json_array();
		json_array_append_new(rows,
			json_pack("[I,I,I,I]", (json_int_t)e->number, (json_int_t)e->packets,
				(json_int_t)e->bytes, (json_int_t)e->last_hit));
		if (json_array_size(rows) >= COUNTERS_PER_MSG || i + 1 == d->counters.n) {
			r = send_data(c, m->id, "counters", rows);
			rows = NULL;
		}
	}
	return r;
}

static bool has_number(const struct fwd_conn *conn, void *arg)
{
	return conn->number == *(const uint32_t *)arg;
}

static int op_ct_cut(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"number", NULL};
	int64_t number = 0;
	uint32_t n32;
	json_t *args;
	size_t n = 0;
	int r;

	if ((r = fwd_args(m, keys, &args, err)) < 0 ||
		(r = int_arg(args, "number", 1, FW_NUMBER_MAX, &number, err)) < 0)
		return r;
	n32 = (uint32_t)number;
	r = fwd_ct_cut(d->ct, has_number, &n32, &n, err);
	if (r == 0)
		*extra = json_pack("{s:I}", "cut", (json_int_t)n);
	return r;
}

struct listing {
	struct sk_ipc_client *c;
	uint32_t id, number;
	int64_t left;
	json_t *rows;
	int err;
};

static json_t *row_json(const struct fwd_ct_row *row)
{
	_cleanup_(sk_buf_done) struct sk_buf src;
	_cleanup_(sk_buf_done) struct sk_buf dst;
	json_t *v;

	sk_buf_init(&src, 128);
	sk_buf_init(&dst, 128);
	fw_ip_put(&src, &row->conn.src);
	fw_ip_put(&dst, &row->conn.dst);
	v = json_pack("{s:I,s:s,s:s,s:i,s:i,s:i,s:I,s:I}", "number", (json_int_t)row->conn.number,
		"src", sk_buf_str(&src), "dst", sk_buf_str(&dst), "proto", (int)row->conn.proto,
		"sport", (int)row->sport, "dport", (int)row->conn.port, "packets",
		(json_int_t)row->packets, "bytes", (json_int_t)row->bytes);
	return v;
}

static void flush_rows(struct listing *l)
{
	if (l->rows && l->err == 0)
		l->err = send_data(l->c, l->id, "rows", l->rows);
	else
		json_decref(l->rows);
	l->rows = NULL;
}

static bool on_row(const struct fwd_ct_row *row, void *arg)
{
	struct listing *l = arg;

	if (l->number && row->conn.number != l->number)
		return true;
	if (!l->rows)
		l->rows = json_array();
	json_array_append_new(l->rows, row_json(row));
	if (json_array_size(l->rows) >= ROWS_PER_MSG)
		flush_rows(l);
	return --l->left > 0 && l->err == 0;
}

static int op_ct_list(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"number", "limit", NULL};
	struct listing l = {.c = c, .id = m->id, .left = 1000};
	int64_t number = 0;
	json_t *args;
	int r;

	if ((r = fwd_args(m, keys, &args, err)) < 0 ||
		(r = int_arg(args, "number", 0, FW_NUMBER_MAX, &number, err)) < 0 ||
		(r = int_arg(args, "limit", 1, ROWS_MAX, &l.left, err)) < 0)
		return r;
	l.number = (uint32_t)number;
	r = fwd_ct_list(d->ct, on_row, &l, err);
	flush_rows(&l);
	return r < 0 ? r : l.err;
}

/* ---- the guard ---- */

static bool add_row(struct fw_block *e, void *arg)
{
	struct listing *l = arg;

	if (!l->rows)
		l->rows = json_array();
	json_array_append_new(l->rows, fwd_guard_row(e));
	if (json_array_size(l->rows) >= ROWS_PER_MSG)
		flush_rows(l);
	return false;
}

static int op_guard_list(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m,
	json_t **extra, struct sk_err *err)
{
	struct listing l = {.c = c, .id = m->id};
	json_t *args;
	int r = fwd_args(m, no_keys, &args, err);

	if (r < 0)
		return r;
	fw_blocks_walk(fwd_guard_blocks(d), add_row, &l);
	flush_rows(&l);
	if (l.err == 0)
		*extra = json_pack("{s:b}", "enabled", d->running->guard.enabled);
	return l.err;
}

static int address_arg(
	const json_t *args, struct fw_block *which, const char **who, struct sk_err *err)
{
	const char *addr = NULL;
	int r;

	if (!args)
		return sk_err_set(
			err, -EINVAL, "address", "which address?", "アドレスを指定してください");
	if ((r = sk_json_str(args, "address", true, &addr, err)) < 0 ||
		(r = sk_json_str(args, "who", false, who, err)) < 0)
		return r;
	r = fw_block_parse(addr, which, err);
	if (r < 0)
		sk_err_prefix(err, "address");
	return r;
}

static int op_guard_release(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m,
	json_t **extra, struct sk_err *err)
{
	static const char *const keys[] = {"address", "who", NULL};
	const char *who = NULL;
	struct fw_block which = {0};
	json_t *args;
	int r;

	if ((r = fwd_args(m, keys, &args, err)) < 0 ||
		(r = address_arg(args, &which, &who, err)) < 0)
		return r;
	return fwd_guard_release(d, &which, who, err);
}

static int op_guard_block(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m,
	json_t **extra, struct sk_err *err)
{
	static const char *const keys[] = {"address", "seconds", "who", NULL};
	const char *who = NULL;
	int64_t seconds = 0;
	struct fw_block which = {0};
	json_t *args;
	int r;

	if ((r = fwd_args(m, keys, &args, err)) < 0 ||
		(r = address_arg(args, &which, &who, err)) < 0 ||
		(r = int_arg(args, "seconds", 0, FW_GUARD_BLOCK_MAX, &seconds, err)) < 0 ||
		(r = fwd_guard_block(d, &which, (uint32_t)seconds, who, err)) < 0)
		return r;
	*extra = fwd_guard_row(fw_blocks_find(fwd_guard_blocks(d), &which.addr));
	return 0;
}

/* ---- events ---- */

static int op_subscribe(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m,
	json_t **extra, struct sk_err *err)
{
	static const char *const keys[] = {"ack", "instance", NULL};
	const char *instance = NULL;
	int64_t ack = 0;
	json_t *args;
	int r;

	if ((r = fwd_args(m, keys, &args, err)) < 0 ||
		(r = int_arg(args, "ack", 0, INT64_MAX, &ack, err)) < 0)
		return r;
	if (args && !json_is_null(json_object_get(args, "instance")) &&
		(r = sk_json_str(args, "instance", false, &instance, err)) < 0)
		return r;
	*extra = json_pack(
		"{s:s,s:I}", "instance", d->instance, "seq", (json_int_t)sk_spool_seq(d->spool));
	return 0;
}

void fwd_op_after(
	struct fwd *d, const struct fwd_op *op, struct sk_ipc_client *c, const struct sk_ipc_msg *m)
{
	const json_t *args = json_object_get(m->body, "args");

	fwd_gate_op_after(d, op, c);
	if (op->fn != op_subscribe)
		return;
	fwd_subscribe(d, c, json_string_value(json_object_get(args, "instance")),
		(uint64_t)json_integer_value(json_object_get(args, "ack")));
}

#define BOTH (FWD_PEER_ROOT | FWD_PEER_MANAGER)

static const struct fwd_op ops[] = {
	{"policy.check", BOTH, op_check},
	{"policy.apply", BOTH, op_apply},
	{"policy.confirm", BOTH, op_confirm},
	{"policy.rollback", BOTH, op_rollback},
	{"policy.text", BOTH, op_text},
	{"status", BOTH, op_status},
	{"counters", BOTH, op_counters},
	{"ct.cut", BOTH, op_ct_cut},
	{"ct.list", BOTH, op_ct_list},
	{"guard.list", BOTH, op_guard_list},
	{"guard.release", BOTH, op_guard_release},
	{"guard.block", BOTH, op_guard_block},
	{"blocklist.apply", BOTH, fwd_op_list_apply},
	{"blocklist.change", BOTH, fwd_op_list_change},
	{"blocklist.forget", BOTH, fwd_op_list_forget},
	{"blocklist.learn", BOTH, fwd_op_list_learn},
	{"blocklist.test", BOTH, fwd_op_list_test},
	{"events.subscribe", BOTH, op_subscribe},
};

const struct fwd_op *fwd_op_find(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(ops); i++)
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return fwd_gate_op_find(name);
}
