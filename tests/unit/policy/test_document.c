/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy document: what is written is read back, and nothing incomplete, unapproved, expired or
 * changed after it was written is ever accepted (No.104, No.119). */
#include "tests/unit/policy/build.h"

#include <errno.h>

#include "lib/util.h"

static struct fw_policy *sample(void)
{
	static const struct t_rule rules[] = {
		{1003, FW_ALLOW, "lan", "wan", "192.168.1.0/24", "any", "tcp", "80,443", NULL, 0},
		{1001, FW_DENY, "lan", "wan", "pc", "203.0.113.0/24", "any", "any", NULL, 0},
		{1002, FW_DNAT, "wan", "dmz", "any", "any", "tcp", "443", "192.168.9.2:8443", 0},
		{1004, FW_SNAT, "lan", "wan", "any", "any", "any", "any", "masquerade", 0},
		{1005, FW_ALLOW, "gateway", "wan", "any", "2001:db8::53", "tcp/udp", "53", NULL,
			10},
		{1006, FW_ALLOW, "lan", "dmz", "pc", "any", "tcp", "web", NULL, 0},
	};
	struct fw_policy *p = t_policy();

	assert_int_equal(
		fw_policy_add_object(p, FW_OBJECT_ADDRESS, "pc", "192.168.1.5, 2001:db8::5", NULL),
		0);
	assert_int_equal(
		fw_policy_add_object(p, FW_OBJECT_SERVICE, "web", "tcp/80\ntcp/443", NULL), 0);
	for (size_t i = 0; i < SK_ARRAY_SIZE(rules); i++)
		t_add(p, &rules[i]);
	t_finish(p);
	return p;
}

static struct fw_policy *parse(const struct sk_buf *b, struct sk_err *err)
{
	struct fw_policy *p = NULL;
	int r;

	memset(err, 0, sizeof(*err));
	r = fw_policy_parse(b->data, b->len, FW_POLICY_STRICT, T_NOW, &p, NULL, err);
	assert_int_equal(r == 0, p != NULL);
	if (r < 0) {
		assert_int_equal(r, err->code);
		assert_true(err->en[0]);
	}
	return p;
}

static void assert_rule_equal(const struct fw_policy_rule *a, const struct fw_policy_rule *b)
{
	json_t *x, *y;

	assert_int_equal(a->from, b->from);
	assert_int_equal(a->to, b->to);
	assert_true(fw_addrs_equal(&a->match.src, &b->match.src));
	assert_true(fw_addrs_equal(&a->match.dst, &b->match.dst));
	assert_true(fw_svcs_covers(&a->match.svc, &b->match.svc));
	assert_true(fw_svcs_covers(&b->match.svc, &a->match.svc));
	assert_true(a->match.nat_addr.a == b->match.nat_addr.a);
	assert_int_equal(a->match.nat_port, b->match.nat_port);
	assert_int_equal(a->match.masquerade, b->match.masquerade);
	x = fw_rule_to_json(&a->rec);
	y = fw_rule_to_json(&b->rec);
	json_object_del(x, "last_hit");
	assert_true(json_equal(x, y));
	json_decref(x);
	json_decref(y);
}

static void round_trip(void **state)
{
	struct fw_policy *p = sample(), *q;
	struct sk_buf b, again;
	struct sk_err err;

	p->inspect = (struct fw_inspect){.on = true, .open = true, .queues = 4, .first_queue = 7};
	p->guard.enabled = p->guard.inside_block = true;
	p->guard.syn_rate = 0;
	p->guard.window = 7;
	assert_int_equal(fw_guard_exempt_parse("192.0.2.1, 198.51.100.0/24,2001:db8::1-2001:db8::9",
				 &p->guard.exempt, NULL),
		0);
	b = t_encode(p);
	q = parse(&b, &err);
	assert_non_null(q);
	assert_int_equal(q->generation, 7);
	assert_int_equal(q->created, p->created);
	assert_string_equal(q->sha256, p->sha256);
	assert_string_equal(q->site.name, "本社");
	assert_int_equal(q->site.n_manage_ports, 2);
	assert_int_equal(q->site.manage_ports[1], 22);
	assert_true(q->site.reverse_path);
	assert_true(q->inspect.on && q->inspect.open);
	assert_true(q->guard.enabled && q->guard.inside_block);
	assert_int_equal(q->guard.syn_rate, 0);
	assert_int_equal(q->guard.window, 7);
	assert_int_equal(q->guard.block_seconds, 3600);
	assert_true(fw_addrs_equal(&q->guard.exempt, &p->guard.exempt));
	assert_int_equal(q->guard.exempt.n4, 2);
	assert_int_equal(q->inspect.queues, 4);
	assert_int_equal(q->inspect.first_queue, 7);
	assert_int_equal(q->n_zones, T_ZONES);
	assert_memory_equal(q->zones, p->zones, sizeof(p->zones));
	assert_int_equal(q->n_rules, p->n_rules);
	for (size_t i = 0; i < p->n_rules; i++)
		assert_rule_equal(&p->rules[i], &q->rules[i]);
	again = t_encode(q);
	assert_int_equal(again.len, b.len);
	assert_memory_equal(again.data, b.data, b.len);
	sk_buf_done(&again);
	sk_buf_done(&b);
	fw_policy_free(p);
	fw_policy_free(q);
}

/* By order, then by number; found by number; the gateway's own zone. */
static void evaluation_order(void **state)
{
	static const uint32_t want[] = {1005, 1001, 1002, 1003, 1004, 1006};
	struct fw_policy *p = sample();

	for (size_t i = 0; i < SK_ARRAY_SIZE(want); i++) {
		assert_int_equal(p->rules[i].rec.number, want[i]);
		assert_ptr_equal(fw_policy_find(p, want[i]), &p->rules[i]);
	}
	assert_null(fw_policy_find(p, 1007));
	assert_int_equal(fw_policy_find(p, 1005)->from, FW_SELF);
	assert_int_equal(fw_policy_find(p, 1005)->to, T_WAN);
	fw_policy_free(p);
}

/* A hit is not a change: the bytes stay the same. */
static void hits_do_not_change_the_hash(void **state)
{
	struct fw_policy *p = sample();
	struct sk_buf a = t_encode(p), b;
	char before[65];

	memcpy(before, p->sha256, sizeof(before));
	p->rules[0].rec.last_hit = T_NOW;
	b = t_encode(p);
	assert_string_equal(before, p->sha256);
	assert_memory_equal(a.data, b.data, a.len);
	sk_buf_done(&a);
	sk_buf_done(&b);
	fw_policy_free(p);
}

/* ---- No.104: no rule without a record ----------------------------------------------------------
 */

/* Take the document apart, change it, and give it a valid end line again. */
static struct sk_buf rewrite(void (*change)(json_t *line, size_t n, void *arg), void *arg)
{
	struct fw_policy *p = sample();
	struct sk_buf old = t_encode(p), b;
	const char *s = sk_buf_str(&old), *nl;
	uint8_t sum[32];
	char hex[65];
	size_t n = 0, rules = 0;

	sk_buf_init(&b, FW_POLICY_BYTES_MAX);
	for (; (nl = strchr(s, '\n')); s = nl + 1) {
		json_t *v = sk_json_parse(s, (size_t)(nl - s), NULL);

		assert_non_null(v);
		if (!json_object_get(v, "end")) {
			change(v, ++n, arg);
			rules += json_object_get(v, "rule") != NULL;
			sk_json_put(&b, v);
			sk_buf_putc(&b, '\n');
		}
		json_decref(v);
	}
	sk_sha256(sum, b.data, b.len);
	sk_buf_printf(&b, "{\"end\":{\"rules\":%zu,\"sha256\":\"%s\"}}\n", rules,
		sk_hex(hex, sum, sizeof(sum)));
	sk_buf_done(&old);
	fw_policy_free(p);
	return b;
}

/* One change to the record 1003. */
struct edit {
	const char *key, *value; /* value NULL: the key is taken away; else JSON */
	const char *path;
};

static void edit_rule(json_t *line, size_t n, void *arg)
{
	const struct edit *e = arg;
	json_t *rule = json_object_get(line, "rule"), *v;

	if (!rule || json_integer_value(json_object_get(rule, "number")) != 1003)
		return;
	if (!e->value) {
		assert_int_equal(json_object_del(rule, e->key), 0);
		return;
	}
	v = json_loads(e->value, JSON_DECODE_ANY, NULL);
	assert_non_null(v);
	json_object_set_new(rule, e->key, v);
}

static void no104_incomplete_records_are_refused(void **state)
{
	static const struct edit edits[] = {
		/* the nine fields */
		{"applicant", NULL, "rule[1003].applicant"},
		{"applicant", "\"  \"", "rule[1003].applicant"},
		{"source", NULL, "rule[1003].source"},
		{"destination", NULL, "rule[1003].destination"},
		{"from", NULL, "rule[1003].from"},
		{"to", NULL, "rule[1003].to"},
		{"protocol", NULL, "rule[1003].protocol"},
		{"port", NULL, "rule[1003].port"},
		{"purpose", NULL, "rule[1003].purpose"},
		{"purpose", "\"\"", "rule[1003].purpose"},
		{"registered", NULL, "rule[1003].registered"},
		{"expiry", NULL, "rule[1003].expiry"},
		/* approval by another person */
		{"approver", NULL, "rule[1003].approver"},
		{"approver", "\"tanaka\"", "rule[1003].approver"},
		{"approved_at", NULL, "rule[1003].approved_at"},
		{"state", "\"requested\"", "rule[1003].state"},
		{"state", "\"suspended\"", "rule[1003].state"},
		{"state", "\"expired\"", "rule[1003].state"},
		/* past expiry: 2027-01-14 */
		{"expiry", "1799900000", "rule[1003].expiry"},
		/* what it says must mean something */
		{"from", "\"attic\"", "rule[1003].from"},
		{"to", "\"attic\"", "rule[1003].to"},
		{"source", "\"nobody\"", "rule[1003].source"},
		{"port", "\"99999\"", "rule[1003].port"},
		{"number", "1000", "rule[1000].number"},
		{"number", "16777216", NULL},
		{"number", "1002", "rule[1002].number"},
		{"colour", "\"red\"", "rule[1003].colour"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(edits); i++) {
		struct sk_buf b = rewrite(edit_rule, (void *)&edits[i]);
		struct sk_err err;

		if (parse(&b, &err))
			fail_msg("accepted: %s = %s", edits[i].key, edits[i].value);
		if (edits[i].path)
			assert_string_equal(err.path, edits[i].path);
		assert_true(err.ja[0]);
		sk_buf_done(&b);
	}
}

static void untouched(json_t *line, size_t n, void *arg)
{
}

/* The helper itself makes acceptable documents: the refusals above are for the reason they name. */
static void rewriting_alone_is_accepted(void **state)
{
	struct sk_buf b = rewrite(untouched, NULL);
	struct sk_err err;
	struct fw_policy *p = parse(&b, &err);

	assert_non_null(p);
	fw_policy_free(p);
	sk_buf_done(&b);
}

/* The same holds on the builder's side, where mgmtd makes the document. */
static void builder_checks_too(void **state)
{
	struct fw_policy *p = t_policy();
	struct sk_err err = {0};
	struct fw_rule r;

	t_record(&r, &(struct t_rule){.number = 1001});
	fw_str_set(&r.approver, "tanaka");
	assert_int_equal(fw_policy_add_rule(p, &r, &err), -EPERM);
	assert_string_equal(err.path, "rule[1001].approver");
	assert_int_equal(p->n_rules, 0);
	fw_rule_done(&r);

	t_add(p, &(struct t_rule){.number = 1001});
	t_add(p, &(struct t_rule){.number = 1001, .order = 7});
	assert_int_equal(fw_policy_finish(p, &err), -EEXIST);
	assert_string_equal(err.path, "rule[1001].number");
	fw_policy_free(p);
}

/* ---- expiry ------------------------------------------------------------------------------------
 */

struct expiries {
	uint32_t number;
	int64_t expiry;
};

static void set_expiry(json_t *line, size_t n, void *arg)
{
	const struct expiries *e = arg;
	json_t *rule = json_object_get(line, "rule");

	for (; rule && e->number; e++) {
		if (json_integer_value(json_object_get(rule, "number")) == e->number)
			json_object_set_new(rule, "expiry", json_integer(e->expiry));
	}
}

static void boot_leaves_expired_rules_out(void **state)
{
	const struct expiries e[] = {
		{1003, T_NOW - 1}, {1005, T_NOW - 5 * T_DAY}, {1001, T_NOW}, {0}};
	struct sk_buf b = rewrite(set_expiry, (void *)e);
	struct fw_policy *p = NULL;
	struct sk_err err = {0};
	size_t expired = 99;

	assert_int_equal(
		fw_policy_parse(b.data, b.len, FW_POLICY_BOOT, T_NOW, &p, &expired, &err), 0);
	assert_int_equal(expired, 2);
	assert_int_equal(p->n_rules, 4);
	assert_null(fw_policy_find(p, 1003));
	assert_non_null(fw_policy_find(p, 1001));
	fw_policy_free(p);
	assert_null(parse(&b, &err));
	sk_buf_done(&b);
}

static void boot_is_no_less_strict_otherwise(void **state)
{
	struct edit e = {"approver", "\"tanaka\"", NULL};
	struct sk_buf b = rewrite(edit_rule, &e);
	struct fw_policy *p = NULL;

	assert_true(fw_policy_parse(b.data, b.len, FW_POLICY_BOOT, T_NOW, &p, NULL, NULL) < 0);
	assert_null(p);
	sk_buf_done(&b);
}

static void note_dropped(const struct fw_policy_rule *r, void *arg)
{
	*(uint32_t *)arg += r->rec.number;
}

static void rules_leave_when_they_expire(void **state)
{
	const struct expiries e[] = {{1003, T_NOW + 10}, {1005, T_NOW + 20}, {0}};
	struct sk_buf b = rewrite(set_expiry, (void *)e);
	struct sk_err err;
	struct fw_policy *p = parse(&b, &err);
	uint32_t sum = 0;

	assert_non_null(p);
	assert_int_equal(fw_policy_next_expiry(p, T_NOW), T_NOW + 10);
	assert_int_equal(fw_policy_next_expiry(p, T_NOW + 10), T_NOW + 10);
	/* Valid through its last second. */
	assert_int_equal(fw_policy_drop_expired(p, T_NOW + 10, note_dropped, &sum), 0);
	assert_int_equal(fw_policy_drop_expired(p, T_NOW + 11, note_dropped, &sum), 1);
	assert_int_equal(sum, 1003);
	assert_null(fw_policy_find(p, 1003));
	assert_int_equal(fw_policy_find(p, 1004)->rec.number, 1004);
	assert_int_equal(fw_policy_next_expiry(p, T_NOW + 11), T_NOW + 20);
	assert_int_equal(fw_policy_drop_expired(p, T_NOW + 1000 * T_DAY, NULL, NULL), 5);
	assert_int_equal(fw_policy_next_expiry(p, T_NOW), INT64_MAX);
	fw_policy_free(p);
	sk_buf_done(&b);
}

/* ---- damage ------------------------------------------------------------------------------------
 */

/* Cut anywhere, and any single byte changed: always refused, with a line in the message. */
static void damaged_bytes(void **state)
{
	struct fw_policy *p = sample();
	struct sk_buf b = t_encode(p);
	struct sk_err err;

	for (size_t n = 0; n < b.len; n++) {
		struct sk_buf cut = {.data = b.data, .len = n};

		assert_null(parse(&cut, &err));
		assert_int_equal(strncmp(err.path, "line ", 5), 0);
	}
	for (size_t i = 0; i < b.len; i += 3) {
		uint8_t old = b.data[i];

		b.data[i] = old == 'x' ? 'y' : 'x';
		assert_null(parse(&b, &err));
		assert_int_equal(strncmp(err.path, "line ", 5), 0);
		b.data[i] = old;
	}
	sk_buf_done(&b);
	fw_policy_free(p);
}

/* A document of these lines with the end line that belongs to them. */
static void parse_lines(const char *const *lines, struct sk_err *err)
{
	struct fw_policy *p = NULL;
	struct sk_buf b;
	uint8_t sum[32];
	char hex[65];
	size_t rules = 0;
	int r;

	sk_buf_init(&b, 1 << 20);
	for (; *lines; lines++) {
		sk_buf_puts(&b, *lines);
		sk_buf_putc(&b, '\n');
		rules += strncmp(*lines, "{\"rule\"", 7) == 0;
	}
	sk_sha256(sum, b.data, b.len);
	sk_buf_printf(&b, "{\"end\":{\"rules\":%zu,\"sha256\":\"%s\"}}\n", rules,
		sk_hex(hex, sum, sizeof(sum)));
	memset(err, 0, sizeof(*err));
	r = fw_policy_parse(b.data, b.len, FW_POLICY_STRICT, T_NOW, &p, NULL, err);
	assert_int_equal(r, err->code);
	fw_policy_free(p);
	sk_buf_done(&b);
}

#define HEADER                                                                                     \
	"{\"created\":1,\"format\":\"sekisho-policy\",\"generation\":1,\"site\":{\"manage_"        \
	"ports\":[],"                                                                              \
	"\"name\":\"\",\"reverse_path\":false},\"version\":1}"
/* The same with the guard, or with inspection. */
#define GUARD(json)                                                                                \
	"{\"created\":1,\"format\":\"sekisho-policy\",\"generation\":1,\"guard\":" json            \
	",\"site\":{\"manage_ports\":[],\"name\":\"\",\"reverse_path\":false},\"version\":1}"
#define INSPECT(json)                                                                              \
	"{\"created\":1,\"format\":\"sekisho-policy\",\"generation\":1,\"inspection\":" json       \
	",\"site\":{\"manage_ports\":[],\"name\":\"\",\"reverse_path\":false},\"version\":1}"
#define LISTS(json)                                                                                \
	"{\"blocklist\":" json ",\"created\":1,\"format\":\"sekisho-policy\",\"generation\":1,"    \
	"\"site\":{\"manage_ports\":[],"                                                           \
	"\"name\":\"\",\"reverse_path\":false},\"version\":1}"
#define ZONE "{\"zone\":{\"interfaces\":[],\"kind\":\"inside\",\"name\":\"lan\"}}"
#define OBJECT "{\"object\":{\"items\":[\"192.0.2.1\"],\"kind\":\"address\",\"name\":\"a\"}}"

static void damaged_lines(void **state)
{
	static const struct {
		const char *lines[6];
		const char *path; /* "" for an acceptable document */
	} cases[] = {
		{{HEADER, ZONE, OBJECT}, ""},
		{{HEADER}, ""},
		{{ZONE, HEADER}, "line 1.format"},
		{{HEADER, OBJECT, ZONE}, "line 3"},
		{{HEADER, HEADER}, "line 2"},
		{{HEADER, ZONE, ZONE}, "zones[1].name"},
		{{HEADER, ZONE, OBJECT, OBJECT}, "line 4"},
		{{HEADER, ZONE, "{\"zone\":{},\"rule\":{}}"}, "line 3"},
		{{HEADER, "{\"gadget\":{}}"}, "line 2"},
		{{HEADER, "[]"}, "line 2"},
		{{HEADER, ""}, "line 2"},
		{{HEADER, ZONE, "{\"rule\":{\"number\":1001}}"}, "rule[1001].kind"},
		{{HEADER, ZONE, "{\"rule\":[]}"}, NULL},
		{{HEADER,
			 "{\"zone\":{\"name\":\"lan\",\"kind\":\"inside\",\"interfaces\":[],\"x\":"
			 "1}}"},
			"line 2.zone.x"},
		{{HEADER, "{\"object\":{\"name\":\"a\",\"kind\":\"address\",\"items\":[\"a,b\"]}}"},
			"line 2.items"},
		{{"{\"created\":1,\"format\":\"sekisho-policy\",\"generation\":1,\"site\":{},"
		  "\"version\":2}"},
			"line 1.version"},
		{{"{\"created\":1,\"format\":\"sekisho-policy\",\"generation\":1,\"site\":{"
		  "\"name\":\"\","
		  "\"manage_ports\":[0],\"reverse_path\":true},\"version\":1}"},
			"line 1.site.manage_ports"},
		{{"{}"}, "line 1.format"},
		{{GUARD("{}")}, ""},
		{{GUARD("{\"enabled\":true,\"exempt\":[\"192.0.2.0/24\"],\"inside\":\"block\"}")},
			""},
		{{GUARD("{\"scan_ports\":0,\"syn_rate\":0,\"login_rate\":0}")}, ""},
		{{GUARD("{\"enabled\":1}")}, "line 1.guard.enabled"},
		{{GUARD("{\"inside\":\"drop\"}")}, "line 1.guard.inside"},
		{{GUARD("{\"block_seconds\":0}")}, "line 1.guard.block_seconds"},
		{{GUARD("{\"block_seconds\":604801}")}, "line 1.guard.block_seconds"},
		{{GUARD("{\"scan_ports\":129}")}, "line 1.guard.scan_ports"},
		{{GUARD("{\"window\":0}")}, "line 1.guard.window"},
		{{GUARD("{\"udp_rate\":-1}")}, "line 1.guard.udp_rate"},
		{{GUARD("{\"conn_rate\":4294967297}")}, "line 1.guard.conn_rate"},
		{{GUARD("{\"exempt\":[\"192.0.2.1/24\"]}")}, "line 1.guard.exempt"},
		{{GUARD("{\"exempt\":[\"0.0.0.0/0\"]}")}, "line 1.guard.exempt"},
		{{GUARD("{\"exempt\":[7]}")}, "line 1.guard.exempt"},
		{{GUARD("{\"exempt\":\"192.0.2.1\"}")}, "line 1.guard.exempt"},
		{{GUARD("{\"ban\":1}")}, "line 1.guard.ban"},
		{{LISTS("{}")}, ""},
		{{LISTS("{\"enabled\":false}")}, ""},
		{{LISTS("{\"enabled\":1}")}, "line 1.blocklist.enabled"},
		{{LISTS("{\"feeds\":[]}")}, "line 1.blocklist.feeds"},
		{{LISTS("true")}, "line 1.blocklist"},
		{{INSPECT("{}")}, ""},
		{{INSPECT("{\"mode\":\"on\",\"fail\":\"open\",\"queues\":16}")}, ""},
		{{INSPECT("{\"mode\":\"maybe\"}")}, "line 1.inspection.mode"},
		{{INSPECT("{\"mode\":true}")}, "line 1.inspection.mode"},
		{{INSPECT("{\"fail\":\"\"}")}, "line 1.inspection.fail"},
		{{INSPECT("{\"queues\":0}")}, "line 1.inspection.queues"},
		{{INSPECT("{\"queues\":17}")}, "line 1.inspection.queues"},
		{{INSPECT("{\"queues\":258}")}, "line 1.inspection.queues"},
		{{INSPECT("{\"queues\":2,\"first_queue\":65535}")},
			"line 1.inspection.first_queue"},
		{{INSPECT("{\"first_queue\":65536}")}, "line 1.inspection.first_queue"},
		{{INSPECT("{\"depth\":1}")}, "line 1.inspection.depth"},
		{{INSPECT("[]")}, "line 1.inspection"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct sk_err err;

		parse_lines(cases[i].lines, &err);
		if (cases[i].path && strncmp(err.path, cases[i].path, strlen(cases[i].path)) != 0)
			fail_msg("case %zu: %s: %s", i, err.path, err.en);
		assert_int_equal(err.code != 0, !cases[i].path || cases[i].path[0]);
	}
}

/* Two records swapped or one repeated, with a right hash and count. */
static void a_record_twice(void **state)
{
	struct edit e = {"number", "1004", NULL};
	struct sk_buf b = rewrite(edit_rule, &e);
	struct sk_err err;

	assert_null(parse(&b, &err));
	assert_string_equal(err.path, "rule[1004].number");
	sk_buf_done(&b);
}

static void wrong_count(void **state)
{
	static const char doc[] = HEADER "\n";
	struct fw_policy *p = NULL;
	struct sk_err err = {0};
	struct sk_buf b;
	uint8_t sum[32];
	char hex[65];

	sk_buf_init(&b, 4096);
	sk_buf_puts(&b, doc);
	sk_sha256(sum, b.data, b.len);
	sk_buf_printf(&b, "{\"end\":{\"rules\":1,\"sha256\":\"%s\"}}\n", sk_hex(hex, sum, 32));
	assert_true(fw_policy_parse(b.data, b.len, FW_POLICY_STRICT, T_NOW, &p, NULL, &err) < 0);
	assert_string_equal(err.path, "line 2.rules");
	sk_buf_done(&b);
}

/* Ten thousand records that say similar things stay small: what repeats is kept once. */
static void shared_texts(void **state)
{
	struct fw_policy *p = t_policy();

	for (uint32_t i = 0; i < 100; i++)
		t_add(p, &(struct t_rule){.number = 1001 + i, .order = 1 + i});
	t_finish(p);
	for (size_t i = 1; i < p->n_rules; i++) {
		assert_ptr_equal(p->rules[i].rec.purpose, p->rules[0].rec.purpose);
		assert_ptr_equal(p->rules[i].match.src.v6, p->rules[0].match.dst.v6);
		assert_ptr_equal(p->rules[i].match.svc.v, p->rules[0].match.svc.v);
	}
	fw_policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(evaluation_order),
		cmocka_unit_test(hits_do_not_change_the_hash),
		cmocka_unit_test(no104_incomplete_records_are_refused),
		cmocka_unit_test(rewriting_alone_is_accepted),
		cmocka_unit_test(builder_checks_too),
		cmocka_unit_test(boot_leaves_expired_rules_out),
		cmocka_unit_test(boot_is_no_less_strict_otherwise),
		cmocka_unit_test(rules_leave_when_they_expire),
		cmocka_unit_test(damaged_bytes),
		cmocka_unit_test(damaged_lines),
		cmocka_unit_test(a_record_twice),
		cmocka_unit_test(wrong_count),
		cmocka_unit_test(shared_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
