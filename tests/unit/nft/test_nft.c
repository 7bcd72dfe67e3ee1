/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw/nft against the running kernel, in a network namespace of the test's own. Needs CAP_NET_ADMIN.
 */
#include "tests/unit/nft/sample.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw/nft/block.h"
#include "fw/nft/int.h"
#include "lib/util.h"
#include "tests/unit/nft/kernel.h"

#define NEED_KERNEL()                                                                              \
	do {                                                                                       \
		if (!t_namespace())                                                                \
			skip();                                                                    \
	} while (0)
#define NEED_NFT()                                                                                 \
	do {                                                                                       \
		if (!t_namespace() || !t_have_nft())                                               \
			skip();                                                                    \
	} while (0)

static int clean(void **state)
{
	if (t_namespace() && t_have_nft())
		t_nft_clean();
	return 0;
}

static struct fw_nft *open_nft(bool no_owner)
{
	struct sk_err err = {0};
	struct fw_nft *n = NULL;

	if (fw_nft_open(&n, &(struct fw_nft_opts){.no_owner = no_owner}, &err) < 0)
		fail_msg("open: %s", err.en);
	return n;
}

static struct fw_nft_stats apply(struct fw_nft *n, const struct fw_policy *p)
{
	struct fw_nft_stats st = {0};
	struct sk_err err = {0};

	if (fw_nft_apply(n, p, NULL, 0, &st, &err) < 0)
		fail_msg("apply: %s: %s", err.path, err.en);
	return st;
}

static struct fw_drift drift(struct fw_nft *n)
{
	struct fw_drift d = {0};
	struct sk_err err = {0};

	if (fw_nft_drift(n, &d, &err) < 0)
		fail_msg("drift: %s", err.en);
	return d;
}

static void no_drift(struct fw_nft *n)
{
	struct fw_drift d = drift(n);

	if (d.kind != FW_DRIFT_NONE)
		fail_msg("drift: %s", d.what);
}

static struct fw_nft_counter counter(struct fw_nft *n, uint32_t number)
{
	struct fw_nft_counter *v, ret = {0};
	size_t k;

	assert_int_equal(fw_nft_counters(n, &v, &k, NULL), 0);
	for (size_t i = 0; i < k; i++) {
		if (v[i].number == number)
			ret = v[i];
	}
	free(v);
	return ret;
}

/* ---- applying ---------------------------------------------------------------------------------
 */

/* No rule without a record: what the kernel holds says so by itself. */
static void every_rule_has_its_record(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(false);
	struct fw_nft_stats st = apply(n, p);
	json_t *list = t_nft_list(), *r;
	size_t rules = 0;
	uint32_t number;

	for (; (r = t_nft_object(list, "rule", rules)); rules++) {
		const char *c = t_str(r, "comment");
		assert_true(fw_nft_comment_number(c, strlen(c) + 1, &number));
		assert_true(number <= FW_B_LAST || fw_policy_find(p, number));
	}
	assert_int_equal(rules, st.rules);
	for (size_t i = 0; (r = t_nft_object(list, "chain", i)); i++) {
		const char *name = t_str(r, "name");
		if (strcmp(name, "input") == 0 || strcmp(name, "forward") == 0 ||
			strcmp(name, "output") == 0)
			assert_string_equal(t_str(r, "policy"), "drop");
	}
	json_decref(list);
	no_drift(n);
	fw_nft_close(n);
	fw_policy_free(p);
}

/* Loopback traffic, the only one there is in an empty namespace. */
static void send_something(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	close(fd);
}

static void counters_survive(void **state)
{
	NEED_KERNEL();
	const struct fw_nft_counter start[] = {{1003, 77, 7700}, {1001, 5, 500}, {9999, 1, 1}};
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(false);
	struct sk_err err;

	assert_int_equal(fw_nft_apply(n, p, start, SK_ARRAY_SIZE(start), NULL, &err), 0);
	assert_int_equal(counter(n, 1001).packets, 5);
	assert_int_equal(counter(n, 1003).bytes, 7700);
	assert_int_equal(counter(n, 9999).number, 0);
	send_something();
	struct fw_nft_counter lo = counter(n, FW_B_LOOPBACK);
	assert_true(lo.packets >= 2); /* out and in */
	assert_int_equal(fw_nft_apply(n, p, start, SK_ARRAY_SIZE(start), NULL, &err), 0);
	assert_int_equal(counter(n, FW_B_LOOPBACK).packets, lo.packets);
	assert_int_equal(counter(n, FW_B_LOOPBACK).bytes, lo.bytes);
	assert_int_equal(counter(n, 1003).packets, 77); /* not counted in twice */
	fw_nft_close(n);
	fw_policy_free(p);
}

/* What a new policy no longer uses leaves the kernel. */
static void unused_things_go(void **state)
{
	NEED_NFT();
	struct fw_policy *big = t_sample(), *small = t_many(3);
	struct fw_nft *n = open_nft(false);

	apply(n, big);
	apply(n, small);
	no_drift(n);
	assert_int_equal(counter(n, 1025).number, 0);
	assert_int_equal(counter(n, 1002).number, 1002);
	json_t *list = t_nft_list(), *o;
	for (size_t i = 0; (o = t_nft_object(list, "chain", i)); i++)
		assert_string_not_equal(t_str(o, "name"), "n_wan");
	size_t sets = 0;
	while (t_nft_object(list, "set", sets))
		sets++;
	/* bogons, management ports, the interfaces of lan, blocked sources, learned addresses */
	assert_int_equal(sets, 9);
	json_decref(list);
	apply(n, big);
	no_drift(n);
	fw_nft_close(n);
	fw_policy_free(big);
	fw_policy_free(small);
}

static void table_is_claimed_again(void **state)
{
	NEED_KERNEL();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(false);
	bool owned = fw_nft_owned(n);

	apply(n, p);
	send_something();
	struct fw_nft_counter lo = counter(n, FW_B_LOOPBACK);
	fw_nft_close(n);
	n = open_nft(false);
	assert_int_equal(fw_nft_owned(n), owned);
	assert_int_equal(counter(n, FW_B_LOOPBACK).packets, lo.packets);
	assert_true(drift(n).kind != FW_DRIFT_NONE); /* nothing is known before the first apply */
	apply(n, p);
	no_drift(n);
	assert_int_equal(counter(n, FW_B_LOOPBACK).packets, lo.packets);
	fw_nft_close(n);
	fw_policy_free(p);
}

static void a_hundred_thousand_addresses(void **state)
{
	NEED_KERNEL();
	struct fw_policy *p = t_policy();
	struct fw_range4 *v = calloc(100000, sizeof(*v));
	struct fw_range4 *single = calloc(100000, sizeof(*v));
	struct fw_nft *n = open_nft(false);

	for (uint32_t i = 0; i < 100000; i++) {
		v[i] = (struct fw_range4){0x0b000000 + i * 16, 0x0b000000 + i * 16 + i % 8};
		single[i] = (struct fw_range4){0x0b000000 + i * 16, 0x0b000000 + i * 16};
	}
	v[99999].hi = UINT32_MAX; /* no end element */
	t_add(p, &(struct t_rule){.number = 1001, .source = "192.0.2.0/24,198.51.100.0/24"});
	t_add(p, &(struct t_rule){.number = 1002, .source = "192.0.2.1,198.51.100.1"});
	t_finish(p);
	struct fw_addrs saved[2] = {p->rules[0].match.src, p->rules[1].match.src};
	p->rules[0].match.src = (struct fw_addrs){.v4 = v, .n4 = 100000};
	p->rules[1].match.src = (struct fw_addrs){.v4 = single, .n4 = 100000};
	struct fw_nft_stats st = apply(n, p);
	no_drift(n);
	assert_true(st.batch_bytes > 5u << 20);
	const struct fw_nft_snap_set *s = NULL;
	for (size_t i = 0; i < n->expect.n_sets; i++) {
		if (n->expect.sets[i].counted && n->expect.sets[i].count >= 99999)
			s = &n->expect.sets[i];
	}
	if (n->expect.sets[0].counted)
		assert_non_null(s);
	p->rules[0].match.src = saved[0];
	p->rules[1].match.src = saved[1];
	fw_nft_close(n);
	fw_policy_free(p);
	free(v);
	free(single);
}

/* ---- refusals ---------------------------------------------------------------------------------
 */

static void add_bad_rule(enum fw_nft_stage stage, struct fw_nft_batch *rules, void *arg)
{
	struct fw_nft_rule r;

	if (stage != FW_NFT_STAGE_SWITCH)
		return;
	fw_nft_rule_init(&r, "forward", 1777, 1);
	r.verdict = FW_NFT_GOTO;
	r.target = "no_such_chain";
	fw_nft_rule_put(rules, &r);
	r.number = 1778;
	fw_nft_rule_put(rules, &r);
}

static size_t count_sets(struct fw_nft *n)
{
	struct fw_nft_snap s;

	assert_int_equal(fw_nft_snap_read(&n->sock, FW_NFT_SNAP_SETS, NULL, NULL, &s), 0);
	size_t k = s.n_sets;
	fw_nft_snap_done(&s);
	return k;
}

/* All or nothing, and the record is named. */
static void refused_rule_names_its_record(void **state)
{
	NEED_KERNEL();
	struct fw_policy *small = t_many(5), *big = t_sample();
	struct fw_nft *n = open_nft(false);
	struct sk_err err = {0};

	apply(n, small);
	size_t sets = count_sets(n);
	n->hook = add_bad_rule;
	assert_int_equal(fw_nft_apply(n, big, NULL, 0, NULL, &err), -ENOENT);
	assert_string_equal(err.path, "rule[1777]");
	assert_non_null(strstr(err.en, "(+1)"));
	assert_true(err.ja[0]);
	n->hook = NULL;
	assert_int_equal(count_sets(n), sets);
	no_drift(n); /* still the small one */
	apply(n, big);
	no_drift(n);
	fw_nft_close(n);
	fw_policy_free(small);
	fw_policy_free(big);
}

static void refused_set_names_its_record(void **state)
{
	NEED_KERNEL();
	struct fw_range4 overlap[] = {{10, 20}, {15, 30}, {40, 50}};
	struct fw_policy *p = t_many(3);
	struct fw_nft *n = open_nft(false);
	struct sk_err err = {0};

	apply(n, p);
	struct fw_addrs saved = p->rules[1].match.src;
	p->rules[1].match.src = (struct fw_addrs){.v4 = overlap, .n4 = 3};
	assert_true(fw_nft_apply(n, p, NULL, 0, NULL, &err) < 0);
	assert_string_equal(err.path, "rule[1002]");
	assert_true(fw_nft_check(p, NULL, &err) < 0);
	assert_string_equal(err.path, "rule[1002]");
	p->rules[1].match.src = saved;
	no_drift(n);
	fw_nft_close(n);
	fw_policy_free(p);
}

/* ---- others -----------------------------------------------------------------------------------
 */

struct race {
	int left, seen;
	enum fw_nft_stage stage;
};

static void somebody_else(enum fw_nft_stage stage, struct fw_nft_batch *rules, void *arg)
{
	struct race *r = arg;

	r->seen++;
	if (stage != r->stage || r->left-- <= 0)
		return;
	assert_int_equal(t_nft("add table ip t_other"), 0);
	assert_int_equal(t_nft("delete table ip t_other"), 0);
}

static void lost_generation_is_retried(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(false);

	for (int stage = FW_NFT_STAGE_FILL; stage <= FW_NFT_STAGE_SWITCH; stage++) {
		struct race r = {.left = 2, .stage = (enum fw_nft_stage)stage};
		n->hook = somebody_else;
		n->hook_arg = &r;
		struct fw_nft_stats st = apply(n, p);
		assert_int_equal(st.retries, 2);
		no_drift(n);
	}
	struct race forever = {.left = 1000, .stage = FW_NFT_STAGE_SWITCH};
	struct sk_err err = {0};
	n->hook_arg = &forever;
	assert_int_equal(fw_nft_apply(n, p, NULL, 0, NULL, &err), -EAGAIN);
	assert_true(forever.seen < 100);
	n->hook = NULL;
	no_drift(n);
	fw_nft_close(n);
	fw_policy_free(p);
}

static void owner_keeps_others_out(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(false), *second;
	struct sk_err err = {0};

	apply(n, p);
	if (!fw_nft_owned(n)) {
		fw_nft_close(n);
		fw_policy_free(p);
		skip();
	}
	assert_int_not_equal(t_nft("add rule inet sekisho forward accept"), 0);
	assert_int_not_equal(t_nft("delete table inet sekisho"), 0);
	t_nft("flush ruleset");
	no_drift(n);
	assert_int_equal(fw_nft_open(&second, NULL, &err), -EBUSY);
	fw_nft_close(n);
	fw_policy_free(p);
}

static void other_tables_are_named(void **state)
{
	NEED_NFT();
	struct fw_nft *n = open_nft(false);
	struct sk_buf b;

	sk_buf_init(&b, 4096);
	assert_int_equal(fw_nft_foreign(n, &b, NULL), 0);
	assert_string_equal(sk_buf_str(&b), "");
	assert_int_equal(t_nft("'add table ip docker; add chain ip docker guard { type filter hook "
			       "forward priority -5; policy accept; }'"),
		0);
	assert_int_equal(fw_nft_foreign(n, &b, NULL), 0);
	assert_string_equal(sk_buf_str(&b), "ip docker guard (forward -5)");
	sk_buf_done(&b);
	/* However many there are. */
	assert_int_equal(t_nft("'add table ip b; add chain ip b x { type filter hook input "
			       "priority 0; }; add chain ip b y { type filter hook input "
			       "priority 1; }'"),
		0);
	sk_buf_init(&b, 340);
	assert_int_equal(fw_nft_foreign(n, &b, NULL), 0);
	assert_string_equal(sk_buf_str(&b), "ip docker guard (forward -5), and 2 more");
	sk_buf_done(&b);
	fw_nft_close(n);
}

static void watch_tells_who(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_many(2000);
	struct fw_nft *n = open_nft(false);
	struct fw_nft_gen g;
	int fd = fw_nft_watch_open(NULL), events = 0, r;

	assert_true(fd >= 0);
	assert_int_equal(fw_nft_watch_read(fd, &g), 0);
	apply(n, p);
	while ((r = fw_nft_watch_read(fd, &g)) == 1) {
		assert_true(fw_nft_own_pid(&g));
		assert_true(fw_nft_own_change(n, &g));
		events++;
	}
	assert_int_equal(r, 0); /* none lost among thousands of rules */
	assert_true(events >= 2);
	assert_int_equal(g.genid, fw_nft_genid(n));
	assert_int_equal(t_nft("add table ip t_other"), 0);
	assert_int_equal(fw_nft_watch_read(fd, &g), 1);
	assert_string_equal(g.comm, "nft");
	assert_false(fw_nft_own_pid(&g));
	assert_false(fw_nft_own_change(n, &g));
	close(fd);
	fw_nft_close(n);
	fw_policy_free(p);
}

/* ---- drift ------------------------------------------------------------------------------------
 */

static const char *set_with(const struct fw_nft *n, const char *prefix)
{
	for (size_t i = 0; i < n->expect.n_sets; i++) {
		if (strncmp(n->expect.sets[i].name, prefix, strlen(prefix)) == 0)
			return n->expect.sets[i].name;
	}
	fail_msg("no set %s", prefix);
	return "";
}

static int handle_of(const char *comment)
{
	json_t *list = t_nft_list(), *r;
	int ret = -1;

	for (size_t i = 0; (r = t_nft_object(list, "rule", i)); i++) {
		if (strcmp(t_str(r, "comment"), comment) == 0)
			ret = (int)json_integer_value(json_object_get(r, "handle"));
	}
	json_decref(list);
	return ret;
}

/* Do it, look whether it is seen and named, repair it. */
static void seen_and_repaired(struct fw_nft *n, const struct fw_policy *p, const char *edit,
	enum fw_drift_kind kind, const char *word)
{
	if (t_nft(edit) != 0)
		fail_msg("nft %s", edit);
	struct fw_drift d = drift(n);
	if (d.kind != kind || !strstr(d.what, word))
		fail_msg("%s: seen as %d: %s", edit, d.kind, d.what);
	apply(n, p);
	no_drift(n);
}

static void drift_is_seen(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(true);
	char edit[256];

	apply(n, p);
	assert_false(fw_nft_owned(n));
	no_drift(n);
	snprintf(edit, sizeof(edit), "delete rule inet sekisho f_lan.wan handle %d",
		handle_of("1002 r3"));
	seen_and_repaired(n, p, edit, FW_DRIFT_RULES, "rule of record 1002 is missing");
	seen_and_repaired(n, p, "insert rule inet sekisho forward accept", FW_DRIFT_RULES,
		"chain forward: a rule was added (no record");
	snprintf(edit, sizeof(edit),
		"replace rule inet sekisho f_lan.wan handle %d accept comment '\"1004 r3\"'",
		handle_of("1004 r3"));
	seen_and_repaired(n, p, edit, FW_DRIFT_RULES, "rule of record 1004 was changed");
	seen_and_repaired(n, p, "chain inet sekisho forward '{ policy accept; }'", FW_DRIFT_CHAINS,
		"chain forward: its policy");
	seen_and_repaired(
		n, p, "add chain inet sekisho evil", FW_DRIFT_CHAINS, "chain evil was added");
	seen_and_repaired(n, p, "delete element inet sekisho d_input '{ \"eth1\" }'", FW_DRIFT_SETS,
		"d_input");
	seen_and_repaired(n, p, "flush map inet sekisho d_forward", FW_DRIFT_SETS, "d_forward");
	seen_and_repaired(n, p, "add set inet sekisho evil '{ type ipv4_addr; }'", FW_DRIFT_SETS,
		"set evil was added");
	seen_and_repaired(n, p, "flush table inet sekisho", FW_DRIFT_RULES, "is missing");
	seen_and_repaired(n, p, "delete table inet sekisho", FW_DRIFT_TABLE_GONE, "is gone");
	fw_nft_close(n);
	fw_policy_free(p);
}

static bool set_holds(const char *prefix, const char *item)
{
	json_t *list = t_nft_list(), *o;
	bool ret = false;

	for (size_t i = 0; (o = t_nft_object(list, "set", i)); i++) {
		char *s = json_dumps(o, JSON_COMPACT);
		ret |= strncmp(t_str(o, "name"), prefix, strlen(prefix)) == 0 && strstr(s, item);
		free(s);
	}
	json_decref(list);
	return ret;
}

/* A set is not filled again while its name exists: it must get another one. */
static void changed_sets_are_replaced(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(true);
	char edit[256];

	apply(n, p);
	assert_true(set_holds("p_", "8080"));
	for (size_t i = 0; i < n->expect.n_sets; i++) {
		snprintf(edit, sizeof(edit), "delete element inet sekisho %s '{ 8080 }'",
			n->expect.sets[i].name);
		if (strncmp(n->expect.sets[i].name, "p_", 2) == 0)
			t_nft(edit);
	}
	assert_false(set_holds("p_", "8080"));
	assert_int_equal(drift(n).kind, FW_DRIFT_SETS);
	apply(n, p);
	no_drift(n);
	assert_true(set_holds("p_", "8080"));
	/* an exchange of elements keeps the count; small sets are compared by content */
	snprintf(edit, sizeof(edit), "flush set inet sekisho %s", set_with(n, "t4_"));
	assert_int_equal(t_nft(edit), 0);
	snprintf(edit, sizeof(edit), "add element inet sekisho %s '{ 0, 3, 8, 12 }'",
		set_with(n, "t4_"));
	assert_int_equal(t_nft(edit), 0);
	assert_int_equal(drift(n).kind, FW_DRIFT_SETS);
	fw_nft_close(n);
	/* the same without having seen it: a restart */
	n = open_nft(true);
	apply(n, p);
	no_drift(n);
	assert_true(set_holds("t4_", "time-exceeded"));
	fw_nft_close(n);
	fw_policy_free(p);
}

/* A base chain bent to another hook: the one case in which it is made anew. */
static void bent_base_chain_is_made_anew(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_many(2);
	struct fw_nft *n = open_nft(true);

	apply(n, p);
	assert_int_equal(t_nft("flush chain inet sekisho nat_post"), 0);
	assert_int_equal(t_nft("delete chain inet sekisho nat_post"), 0);
	assert_int_equal(t_nft("add chain inet sekisho nat_post '{ type filter hook forward "
			       "priority 5; }'"),
		0);
	assert_int_equal(drift(n).kind, FW_DRIFT_CHAINS);
	apply(n, p);
	no_drift(n);
	const struct fw_nft_snap_chain *c = fw_nft_snap_chain(&n->expect, "nat_post");
	assert_string_equal(c->type, "nat");
	assert_int_equal(c->priority, 100);
	fw_nft_close(n);
	fw_policy_free(p);
}

/* ---- trial and text ---------------------------------------------------------------------------
 */

static size_t blocked(struct fw_nft *n, const char *ip, uint64_t *ret_left)
{
	struct fw_nft_blocked *v;
	struct fw_ip want = t_ip(ip);
	size_t k;

	assert_int_equal(fw_nft_blocked_read(n, &v, &k, NULL), 0);
	*ret_left = 0;
	for (size_t i = 0; i < k; i++) {
		if (v[i].ip.family == want.family && v[i].ip.a == want.a)
			*ret_left = v[i].seconds;
	}
	free(v);
	return k;
}

/* Blocked sources come and go without the rules, stay over an apply, and are no drift. */
static void blocked_sources(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(false);
	const struct fw_nft_blocked v[] = {{.ip = t_ip("192.0.2.7"), .seconds = 100},
		{.ip = t_ip("2001:db8::7"), .seconds = 600},
		{.ip = t_ip("192.0.2.8"), .seconds = 50},
		{.ip = t_ip("2001:db8:1::"), .net64 = true, .seconds = 70}};
	uint64_t left;

	apply(n, p);
	no_drift(n);
	assert_int_equal(fw_nft_block(n, v, 4, NULL), 0);
	assert_int_equal(fw_nft_block(n, v, 4, NULL), 0); /* again: as it is */
	assert_int_equal(blocked(n, "2001:db8:1::", &left), 4);
	assert_true(left > 60 && left <= 70);
	assert_int_equal(blocked(n, "192.0.2.7", &left), 4);
	assert_true(left > 90 && left <= 100);
	no_drift(n);
	assert_int_equal(fw_nft_unblock(n, &v[2], NULL), 0);
	assert_int_equal(fw_nft_unblock(n, &v[2], NULL), 0);
	assert_int_equal(blocked(n, "192.0.2.8", &left), 3);
	assert_int_equal(left, 0);
	p->guard.syn_rate = 77; /* another meter */
	apply(n, p);
	no_drift(n);
	assert_int_equal(blocked(n, "2001:db8::7", &left), 3);
	assert_true(left > 590);
	p->guard.enabled = false;
	apply(n, p);
	no_drift(n);
	assert_int_equal(blocked(n, "192.0.2.7", &left), 3);
	for (size_t i = 0; i < n->expect.n_sets; i++)
		assert_true(strncmp(n->expect.sets[i].name, "m_", 2) != 0);
	fw_nft_close(n);
	fw_policy_free(p);
}

/* Somebody put another set in its place. */
static void bent_list_is_made_anew(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(true);
	const struct fw_nft_blocked v = {.ip = t_ip("192.0.2.7"), .seconds = 100};

	p->guard.enabled = false; /* no rule refers to it */
	apply(n, p);
	assert_int_equal(t_nft("delete set inet sekisho guard4"), 0);
	assert_true(fw_nft_block(n, &v, 1, NULL) < 0);
	seen_and_repaired(n, p, "'add set inet sekisho guard4 { type ether_addr; }'", FW_DRIFT_SETS,
		"guard4");
	assert_int_equal(fw_nft_block(n, &v, 1, NULL), 0);
	seen_and_repaired(n, p, "delete set inet sekisho guard6", FW_DRIFT_SETS, "guard6");
	fw_nft_close(n);
	fw_policy_free(p);
}

/* Inspection on and off again: the base chains stay, what is read back is what was meant. */
static void inspection_is_switched(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(false);
	const struct fw_nft_snap_chain *c;

	if (fw_nft_queue_form(n) == FW_NFT_QUEUE_NONE) {
		fw_nft_close(n);
		fw_policy_free(p);
		skip();
	}
	assert_string_not_equal(fw_nft_queue_form_name(fw_nft_queue_form(n)), "unknown");
	for (int on = 0; on < 4; on++) {
		p->inspect = (struct fw_inspect){
			.on = on % 2, .open = on == 3, .queues = 4, .first_queue = 200};
		apply(n, p);
		no_drift(n);
		c = fw_nft_snap_chain(&n->expect, "ips");
		assert_non_null(c);
		assert_true(c->base && c->priority == 10);
		assert_int_equal(c->n, on % 2 ? 3 : 1);
		c = fw_nft_snap_chain(&n->expect, "ips_save");
		assert_non_null(c);
		assert_true(c->base && c->priority == 20);
		assert_int_equal(c->n, on % 2);
	}
	fw_nft_close(n);
	t_nft_clean();
	n = open_nft(true); /* others may change it */
	apply(n, p);
	seen_and_repaired(n, p, "flush chain inet sekisho ips", FW_DRIFT_RULES, "ips");
	seen_and_repaired(n, p, "flush chain inet sekisho ips_save", FW_DRIFT_RULES, "ips_save");
	seen_and_repaired(n, p, "delete chain inet sekisho ips_save", FW_DRIFT_CHAINS, "ips_save");
	fw_nft_close(n);
	fw_policy_free(p);
}

static void check_touches_nothing(void **state)
{
	NEED_KERNEL();
	struct fw_policy *p = t_sample(), *small = t_many(2);
	struct fw_nft *n = open_nft(false);
	struct fw_nft_stats st = {0};
	struct sk_err err = {0};

	apply(n, small);
	uint32_t before = 0, after = 0;
	assert_int_equal(fw_nft_sock_genid(&n->sock, &before), 0);
	if (fw_nft_check(p, &st, &err) < 0)
		fail_msg("check: %s: %s", err.path, err.en);
	assert_true(st.rules > 60 && st.sets > 10);
	assert_int_equal(fw_nft_sock_genid(&n->sock, &after), 0);
	assert_int_equal(before, after);
	no_drift(n);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* the child was reaped */
	assert_int_equal(errno, ECHILD);
	fw_nft_close(n);
	fw_policy_free(p);
	fw_policy_free(small);
}

/* Without any privilege: small socket buffers, so the trial goes in pieces. */
static void check_as_plain_user(void **state)
{
	NEED_KERNEL();
	struct fw_policy *p = t_many(3000);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct sk_err err = {0};
		if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
			_exit(3);
		int r = fw_nft_check(p, NULL, &err);
		if (r < 0)
			fprintf(stderr, "check as user: %s: %s\n", err.path, err.en);
		_exit(r == -EPERM || r == -ENOSPC ? 3 : r < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fw_policy_free(p);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 3)
		skip(); /* user namespaces are not permitted here */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int text_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Our table as sorted lines, without what differs between two loads. */
static char *normal_form(void)
{
	json_t *list = t_nft_list(), *v, *o;
	const size_t n = json_array_size(list);
	char **lines = calloc(n + 1, sizeof(*lines));
	struct sk_buf b;
	size_t i, k = 0;
	const char *kind;

	json_array_foreach (list, i, v) {
		json_object_foreach (v, kind, o) {
			if (strcmp(t_str(o, "table"), FW_NFT_TABLE) != 0)
				continue;
			json_object_del(o, "handle");
			json_object_del(o, "packets");
			json_object_del(o, "bytes");
			json_t *elem = json_object_get(o, "elem");
			size_t m = json_array_size(elem);
			char **items = calloc(m + 1, sizeof(*items));
			for (size_t e = 0; e < m; e++)
				items[e] = json_dumps(
					json_array_get(elem, e), JSON_SORT_KEYS | JSON_ENCODE_ANY);
			qsort(items, m, sizeof(*items), text_cmp);
			json_array_clear(elem);
			for (size_t e = 0; e < m; e++) {
				json_array_append_new(elem, json_string(items[e]));
				free(items[e]);
			}
			free(items);
			lines[k++] = json_dumps(v, JSON_SORT_KEYS);
		}
	}
	/* Order within a chain counts, order of the rest does not. */
	sk_buf_init(&b, 64u << 20);
	size_t rules = 0;
	for (i = 0; i < k; i++) {
		if (strncmp(lines[i], "{\"rule\"", 7) != 0)
			continue;
		char *l = lines[i];
		memmove(&lines[rules + 1], &lines[rules], (i - rules) * sizeof(*lines));
		lines[rules++] = l;
	}
	qsort(lines + rules, k - rules, sizeof(*lines), text_cmp);
	for (i = rules; i < k; i++)
		sk_buf_printf(&b, "%s\n", lines[i]);
	for (size_t c = rules; c < k; c++) {
		char name[80];
		if (sscanf(lines[c],
			    "{\"chain\": {\"family\": \"inet\", \"hook\": %*s \"name\": \"%79[^\"]",
			    name) != 1 &&
			sscanf(lines[c], "{\"chain\": {\"family\": \"inet\", \"name\": \"%79[^\"]",
				name) != 1)
			continue;
		char key[128];
		snprintf(key, sizeof(key), "\"chain\": \"%s\"", name);
		for (i = 0; i < rules; i++) {
			if (strstr(lines[i], key))
				sk_buf_printf(&b, "%s\n", lines[i]);
		}
	}
	for (i = 0; i < k; i++)
		free(lines[i]);
	free(lines);
	json_decref(list);
	return sk_buf_take(&b);
}

static void same_lines(const char *a, const char *b)
{
	while (*a && *b) {
		size_t na = strcspn(a, "\n"), nb = strcspn(b, "\n");
		if (na != nb || memcmp(a, b, na) != 0)
			fail_msg("%.*s\n--- but the text gives ---\n%.*s", (int)na, a, (int)nb, b);
		a += na + (a[na] == '\n');
		b += nb + (b[nb] == '\n');
	}
	assert_int_equal(*a, *b);
}

/* The text, loaded by nft(8), is the rule set that apply makes. */
static void text_is_the_same_rule_set(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = open_nft(true);
	char path[] = "/tmp/test-nft-XXXXXX", args[64];
	struct sk_buf b;

	apply(n, p);
	char *ours = normal_form();
	fw_nft_close(n);
	t_nft_clean();

	sk_buf_init(&b, 64u << 20);
	assert_int_equal(fw_nft_text(p, &b, NULL), 0);
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, b.data, b.len), (ssize_t)b.len);
	close(fd);
	snprintf(args, sizeof(args), "-c -f %s", path);
	assert_int_equal(t_nft(args), 0);
	snprintf(args, sizeof(args), "-f %s", path);
	assert_int_equal(t_nft(args), 0);
	char *theirs = normal_form();
	unlink(path);
	assert_true(strlen(ours) > 10000);
	same_lines(ours, theirs);
	free(ours);
	free(theirs);
	sk_buf_done(&b);
	fw_policy_free(p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, clean, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_rule_has_its_record),
		T(counters_survive),
		T(unused_things_go),
		T(table_is_claimed_again),
		T(a_hundred_thousand_addresses),
		T(refused_rule_names_its_record),
		T(refused_set_names_its_record),
		T(lost_generation_is_retried),
		T(owner_keeps_others_out),
		T(other_tables_are_named),
		T(watch_tells_who),
		T(drift_is_seen),
		T(changed_sets_are_replaced),
		T(bent_base_chain_is_made_anew),
		T(blocked_sources),
		T(bent_list_is_made_anew),
		T(inspection_is_switched),
		T(check_touches_nothing),
		T(check_as_plain_user),
		T(text_is_the_same_rule_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
