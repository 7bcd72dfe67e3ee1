/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry every test of the store starts from. */
#include "tests/unit/store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void must(int r, const struct sk_err *err)
{
	if (r < 0)
		print_error("%d %s: %s\n", r, err->path, err->en);
	assert_true(r >= 0);
}

void fx_open(struct fixture *f)
{
	struct sk_err err = {0};

	must(mg_store_open(&f->s, &f->paths, &err), &err);
}

void fx_close(struct fixture *f)
{
	mg_store_close(f->s);
	f->s = NULL;
}

void fx_paths(struct fixture *f)
{
	snprintf(f->dir, sizeof(f->dir), "/tmp/sekisho-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->db, sizeof(f->db), "%s/registry.db", f->dir);
	snprintf(f->key, sizeof(f->key), "%s/audit.key", f->dir);
	snprintf(f->anchor, sizeof(f->anchor), "%s/audit.anchor", f->dir);
	f->paths = (struct mg_store_paths){f->db, f->key, f->anchor};
}

struct mg_audit_entry fx_who(const char *name, const char *op, int64_t now)
{
	return (struct mg_audit_entry){
		.time = now, .account = name, .uid = 1000, .pid = 1, .op = op, .target = "test"};
}

static void add_account(struct fixture *f, const char *name, int64_t uid, unsigned roles)
{
	struct mg_audit_entry who = fx_who("console", "account.add", NOW);
	struct mg_account a = {.uid = uid, .roles = roles, .enabled = true, .created = NOW};
	struct mg_txn t = {0};
	struct sk_err err = {0};

	snprintf(a.name, sizeof(a.name), "%s", name);
	snprintf(a.display, sizeof(a.display), "担当 %s", name);
	must(mg_txn_begin(&t, f->s, &err), &err);
	must(mg_account_add(&t, &a, &err), &err);
	must(mg_txn_commit(&t, &who, &err), &err);
}

static void add_zone(struct fixture *f, const char *name, enum fw_zone_kind kind, const char *iface)
{
	struct mg_audit_entry who = fx_who("console", "site.import", NOW);
	struct mg_change ch = {.kind = MG_CH_ZONE, .initial = true, .applicant = "console"};
	struct fw_zone z = {.kind = kind, .n_ifaces = 1};
	struct mg_txn t = {0};
	struct sk_err err = {0};

	snprintf(z.name, sizeof(z.name), "%s", name);
	snprintf(z.label, sizeof(z.label), "%s", name);
	snprintf(z.ifaces[0], sizeof(z.ifaces[0]), "%s", iface);
	snprintf(ch.name, sizeof(ch.name), "%s", name);
	ch.value = fw_zone_to_json(&z);
	assert_int_equal(fw_str_set(&ch.purpose, "set-up"), 0);
	must(mg_txn_begin(&t, f->s, &err), &err);
	must(mg_change_request(&t, &ch, NOW, &err), &err);
	must(mg_txn_commit(&t, &who, &err), &err);
	mg_change_done(&ch);
}

void fx_people(struct fixture *f)
{
	add_account(f, "alice", 1001, MG_REQUESTER);
	add_account(f, "bob", 1002, MG_APPROVER);
	add_account(f, "carol", 1003, MG_APPROVER | MG_REQUESTER);
	add_account(f, "dave", 1004, MG_ADMIN);
	add_zone(f, "lan", FW_ZONE_INSIDE, "eth1");
	add_zone(f, "wan", FW_ZONE_OUTSIDE, "eth0");
}

int fx_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fx_paths(f);
	fx_open(f);
	fx_people(f);
	*state = f;
	return 0;
}

int fx_teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[128];

	fx_close(f);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", f->dir);
	assert_int_equal(system(cmd), 0);
	free(f);
	return 0;
}

int fx_sql(struct fixture *f, const char *sql)
{
	sqlite3 *db = NULL;
	int r = sqlite3_open(f->db, &db);

	sqlite3_busy_timeout(db, 2000);
	if (r == SQLITE_OK)
		r = sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_close(db);
	return r;
}

int64_t fx_int(struct fixture *f, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

struct mg_actor fx_actor(const char *name, unsigned roles, int64_t now)
{
	return (struct mg_actor){.who = {.name = name, .roles = roles, .enabled = true},
		.now = now,
		.text = "because"};
}

static void insert(struct fixture *f, struct mg_rev *r)
{
	struct mg_audit_entry who = fx_who(r->rule.applicant, "rule.request", NOW);
	struct mg_txn t = {0};
	struct sk_err err = {0};

	must(mg_txn_begin(&t, f->s, &err), &err);
	must(mg_rule_insert(&t, r, false, NOW, &err), &err);
	must(mg_txn_commit(&t, &who, &err), &err);
}

uint32_t fx_request(struct fixture *f, const char *port)
{
	struct mg_rev r;
	struct fw_rule *u = &r.rule;
	uint32_t number;

	mg_rev_init(&r);
	r.intent = MG_NEW;
	u->order = 1000;
	u->expiry = NOW + 100 * DAY;
	assert_int_equal(fw_str_set(&u->applicant, "alice"), 0);
	assert_int_equal(fw_str_set(&u->source, "192.168.1.0/24"), 0);
	assert_int_equal(fw_str_set(&u->destination, "203.0.113.10"), 0);
	assert_int_equal(fw_str_set(&u->from, "lan"), 0);
	assert_int_equal(fw_str_set(&u->to, "wan"), 0);
	assert_int_equal(fw_str_set(&u->protocol, "tcp"), 0);
	assert_int_equal(fw_str_set(&u->port, port), 0);
	assert_int_equal(fw_str_set(&u->purpose, "受発注システム"), 0);
	insert(f, &r);
	number = u->number;
	mg_rev_done(&r);
	return number;
}

void fx_change(struct fixture *f, uint32_t number, const char *port, enum mg_intent intent)
{
	struct mg_rev r;
	struct sk_err err = {0};

	must(mg_rule_base(f->s, number, &r, &err), &err);
	r.intent = intent;
	assert_int_equal(fw_str_set(&r.rule.port, port), 0);
	insert(f, &r);
	mg_rev_done(&r);
}

int fx_do(struct fixture *f, fx_step *fn, uint32_t number, struct mg_actor a)
{
	struct mg_audit_entry who = fx_who(a.who.name, "step", a.now);
	struct mg_txn t = {0};
	struct sk_err err = {0};
	int r;

	must(mg_txn_begin(&t, f->s, &err), &err);
	r = fn(&t, number, &a, NULL, &err);
	if (r == 0)
		must(mg_txn_commit(&t, &who, &err), &err);
	else
		assert_true(err.en[0] && err.ja[0]);
	mg_txn_abort(&t);
	return r;
}

int fx_approve(struct fixture *f, uint32_t number, struct mg_actor a)
{
	return fx_do(f, mg_rule_approve, number, a);
}

struct fw_policy *fx_build(struct fixture *f, enum mg_build what, int64_t now)
{
	struct fw_policy *p = NULL;
	struct sk_err err = {0};
	uint64_t n = 0;

	must(mg_generation_next(f->s, &n, &err), &err);
	must(mg_store_build_policy(f->s, what, n, now, &p, &err), &err);
	return p;
}

uint64_t fx_send(struct fixture *f, enum mg_build what, int64_t now)
{
	struct mg_audit_entry who = fx_who("dave", "apply", now);
	struct fw_policy *p = fx_build(f, what, now);
	struct sk_err err = {0};
	struct sk_buf b;
	uint64_t n = p->generation;

	sk_buf_init(&b, FW_POLICY_BYTES_MAX);
	must(fw_policy_encode(p, &b, &err), &err);
	must(mg_generation_create(f->s, p, what, "apply", &who, &err), &err);
	sk_buf_done(&b);
	fw_policy_free(p);
	return n;
}

void fx_apply(struct fixture *f)
{
	struct mg_audit_entry who = fx_who("dave", "confirm", NOW);
	uint64_t n = fx_send(f, MG_BUILD_WITH_APPROVED, NOW);
	struct sk_err err = {0};

	must(mg_generation_trial(f->s, n, &who, &err), &err);
	must(mg_generation_confirm(f->s, n, &who, &err), &err);
}

const char *fx_state(struct fixture *f, uint32_t number, uint32_t revision)
{
	struct sk_err err = {0};
	struct mg_rev r;
	const char *name;

	must(mg_rule_get(f->s, number, revision, &r, &err), &err);
	name = mg_rev_state_name(&r);
	mg_rev_done(&r);
	return name;
}

void fx_assert_verified(struct fixture *f)
{
	struct mg_audit_report rep = {0};
	struct sk_err err = {0};

	must(mg_audit_verify(f->s, &rep, &err), &err);
	for (size_t i = 0; i < rep.n; i++)
		print_error("audit: %s %lld-%lld\n", mg_audit_fault_name(rep.v[i].fault),
			(long long)rep.v[i].first, (long long)rep.v[i].last);
	assert_int_equal(rep.n, 0);
	mg_audit_report_done(&rep);
}
