/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiled policy: building it, the checks on every record, and the questions the daemon asks
 * about rules and expiry. Reading and writing the document is in policy_text.c.
 */
#include "fw/policy/policy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fw/policy/bridge.h"
#include "fw/policy/pool.h"
#include "lib/util.h"

struct fw_policy *fw_policy_new(void)
{
	struct fw_policy *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	fw_inspect_init(&p->inspect);
	fw_guard_init(&p->guard);
	p->blocklist = true;
	p->objects = fw_objects_new();
	p->pool = fw_pool_new();
	if (!p->objects || !p->pool) {
		fw_policy_free(p);
		return NULL;
	}
	return p;
}

void fw_policy_free(struct fw_policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_object_texts; i++) {
		free(p->object_texts[i].name);
		free(p->object_texts[i].items);
	}
	free(p->object_texts);
	fw_guard_done(&p->guard);
	fw_objects_free(p->objects);
	fw_pool_free(p->pool);
	free(p->by_number);
	free(p->rules);
	free(p);
}

void fw_policy_freep(struct fw_policy **p)
{
	fw_policy_free(*p);
}

int fw_policy_add_object(struct fw_policy *p, enum fw_object_kind kind, const char *name,
	const char *items, struct sk_err *err)
{
	struct fw_policy_object o = {.kind = kind};
	int r;

	if (sk_grow(&p->object_texts, &p->cap_object_texts, p->n_object_texts + 1, sizeof(o)) < 0)
		return sk_err_nomem(err);
	o.name = strdup(name);
	o.items = strdup(items);
	r = o.name && o.items ? fw_objects_add(p->objects, kind, name, items, err)
			      : sk_err_nomem(err);
	if (r < 0) {
		free(o.name);
		free(o.items);
		return r;
	}
	p->object_texts[p->n_object_texts++] = o;
	return 0;
}

/* ---- checks on one record ---------------------------------------------------------------------
 */

static int missing(const char *field, const char *en, const char *ja, struct sk_err *err)
{
	sk_err_set(err, -EINVAL, field, "the record has no %s", "%s", en);
	if (err)
		snprintf(err->ja, sizeof(err->ja), "%sが記録されていません", ja);
	return -EINVAL;
}

/* The nine fields of No.104, each with a value. */
static int check_nine(const struct fw_rule *r, struct sk_err *err)
{
	const struct {
		const char *field, *value, *en, *ja;
	} texts[] = {
		{"applicant", r->applicant, "applicant", "申請者"},
		{"source", r->source, "source address", "接続元IPアドレス"},
		{"destination", r->destination, "destination address", "接続先IPアドレス"},
		{"from", r->from, "direction (source zone)", "通信方向 (接続元ゾーン)"},
		{"to", r->to, "direction (destination zone)", "通信方向 (接続先ゾーン)"},
		{"protocol", r->protocol, "protocol", "プロトコル"},
		{"port", r->port, "port", "ポート番号"},
		{"purpose", r->purpose, "purpose", "利用用途"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++) {
		const char *v = texts[i].value;

		if (!v || v[strspn(v, " \t\r\n")] == '\0')
			return missing(texts[i].field, texts[i].en, texts[i].ja, err);
	}
	if (r->registered <= 0)
		return missing("registered", "registration date", "登録日", err);
	if (r->expiry <= 0)
		return missing("expiry", "expiry date", "有効期限", err);
	return 0;
}

static int check_approval(const struct fw_rule *r, struct sk_err *err)
{
	if (!r->approver || !r->approver[0])
		return missing("approver", "approver", "承認者", err);
	if (strcmp(r->approver, r->applicant) == 0)
		return sk_err_set(err, -EPERM, "approver", "%s cannot approve their own request",
			"申請者 %s は自分の申請を承認できません", r->applicant);
	if (r->approved_at <= 0)
		return missing("approved_at", "date of approval", "承認日", err);
	if (!fw_state_in_kernel(r->state))
		return sk_err_set(err, -EPERM, "state",
			"a rule in state \"%s\" cannot take effect: it is not approved",
			"状態が「%s」のルールは承認済みではないため適用できません",
			fw_state_name(r->state));
	return 0;
}

static int check_number(uint32_t number, struct sk_err *err)
{
	if (number >= FW_NUMBER_FIRST && number <= FW_NUMBER_MAX)
		return 0;
	return sk_err_set(err, -ERANGE, "number", "record numbers are %u to %u",
		"ルール番号は%uから%uまでです", FW_NUMBER_FIRST, FW_NUMBER_MAX);
}

static int find_zone(const struct fw_policy *p, const char *name, const char *field, uint8_t *ret,
	struct sk_err *err)
{
	const struct fw_zone *z = fw_zone_find(p->zones, p->n_zones, name);

	if (!z && strcmp(name, FW_ZONE_SELF) != 0)
		return sk_err_set(
			err, -ENOENT, field, "there is no zone %s", "ゾーン %s がありません", name);
	*ret = z ? (uint8_t)(z - p->zones) : FW_SELF;
	return 0;
}

static int resolve_zones(const struct fw_policy *p, struct fw_policy_rule *r, struct sk_err *err)
{
	int ret = find_zone(p, r->rec.from, "from", &r->from, err);

	return ret < 0 ? ret : find_zone(p, r->rec.to, "to", &r->to, err);
}

/* ---- adding a rule ----------------------------------------------------------------------------
 */

/* Put the record's strings (still the caller's) and the match's arrays (taken in any case) into the
 * pool. */
static int share(struct fw_policy *p, struct fw_policy_rule *r)
{
	char **texts[] = {&r->rec.applicant, &r->rec.source, &r->rec.destination, &r->rec.from,
		&r->rec.to, &r->rec.protocol, &r->rec.port, &r->rec.purpose, &r->rec.nat_to,
		&r->rec.approver, &r->rec.partner, &r->rec.ticket};
	int src = fw_pool_addrs(p->pool, &r->match.src);
	int dst = fw_pool_addrs(p->pool, &r->match.dst);
	int svc = fw_pool_svcs(p->pool, &r->match.svc);

	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++) {
		if (fw_pool_text(p->pool, texts[i]) < 0)
			return -ENOMEM;
	}
	return src < 0 || dst < 0 || svc < 0 ? -ENOMEM : 0;
}

static int check_objects(struct fw_policy *p, struct sk_err *err)
{
	int ret;

	if (p->objects_checked == fw_objects_count(p->objects))
		return 0;
	ret = fw_objects_check(p->objects, err);
	if (ret == 0)
		p->objects_checked = fw_objects_count(p->objects);
	return ret;
}

/* Everything about r but its place among the others; fills *ret, whose match the caller owns. */
static int check_rule(const struct fw_policy *p, const struct fw_rule *r,
	struct fw_policy_rule *ret, struct sk_err *err)
{
	/* Past expiry is the document's affair, and how long a rule may run is the site's. */
	const struct fw_rule_limits lim = {
		.now = r->registered, .expiry_days_max = FW_POLICY_EXPIRY_DAYS_MAX};
	int e;

	*ret = (struct fw_policy_rule){.rec = *r};
	if ((e = check_number(r->number, err)) < 0 || (e = check_nine(r, err)) < 0 ||
		(e = check_approval(r, err)) < 0 || (e = resolve_zones(p, ret, err)) < 0)
		return e;
	return fw_rule_validate(r, p->objects, &lim, &ret->match, err);
}

int fw_policy_add_rule(struct fw_policy *p, const struct fw_rule *r, struct sk_err *err)
{
	struct fw_policy_rule pr;
	int ret;

	if (p->n_rules >= FW_POLICY_RULES_MAX)
		return sk_err_set(err, -E2BIG, "rules", "more than %d rules",
			"ルールは%d件までです", FW_POLICY_RULES_MAX);
	ret = check_objects(p, err);
	if (ret < 0)
		return ret;
	ret = check_rule(p, r, &pr, err);
	if (ret < 0) {
		sk_err_prefix(err, "rule[%" PRIu32 "]", r->number);
		return ret;
	}
	if (share(p, &pr) < 0 ||
		sk_grow(&p->rules, &p->cap_rules, p->n_rules + 1, sizeof(*p->rules)) < 0)
		return sk_err_nomem(err);
	p->rules[p->n_rules++] = pr;
	free(p->by_number);
	p->by_number = NULL;
	return 0;
}

/* ---- finishing --------------------------------------------------------------------------------
 */

static int by_order(const void *a, const void *b)
{
	const struct fw_rule *x = &((const struct fw_policy_rule *)a)->rec;
	const struct fw_rule *y = &((const struct fw_policy_rule *)b)->rec;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int index_cmp(const void *a, const void *b, void *arg)
{
	const struct fw_policy_rule *rules = arg;
	uint32_t x = rules[*(const uint32_t *)a].rec.number,
		 y = rules[*(const uint32_t *)b].rec.number;

	return x < y ? -1 : x > y;
}

/* Sorted index by number. Without memory fw_policy_find walks instead. */
static int index_rules(struct fw_policy *p)
{
	free(p->by_number);
	p->by_number = malloc((p->n_rules ? p->n_rules : 1) * sizeof(*p->by_number));
	if (!p->by_number)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_rules; i++)
		p->by_number[i] = (uint32_t)i;
	qsort_r(p->by_number, p->n_rules, sizeof(*p->by_number), index_cmp, p->rules);
	return 0;
}

static int check_site(const struct fw_site *s, struct sk_err *err)
{
	if (s->n_manage_ports > SK_ARRAY_SIZE(s->manage_ports))
		return sk_err_set(err, -E2BIG, "site.manage_ports", "more than %zu ports",
			"管理用ポートは%zu個までです", SK_ARRAY_SIZE(s->manage_ports));
	for (size_t i = 0; i < s->n_manage_ports; i++) {
		if (s->manage_ports[i] == 0)
			return sk_err_set(err, -EINVAL, "site.manage_ports", "0 is no TCP port",
				"0は管理用ポートに使えません");
	}
	return 0;
}

static int check_numbers_once(const struct fw_policy *p, struct sk_err *err)
{
	for (size_t i = 1; i < p->n_rules; i++) {
		uint32_t n = p->rules[p->by_number[i]].rec.number;

		if (p->rules[p->by_number[i - 1]].rec.number != n)
			continue;
		sk_err_set(err, -EEXIST, "number", "number %" PRIu32 " is used by two records",
			"ルール番号 %" PRIu32 " が重複しています", n);
		sk_err_prefix(err, "rule[%" PRIu32 "]", n);
		return -EEXIST;
	}
	return 0;
}

/* The array grew by doubling; failing to shrink it is harmless. */
static void give_back_slack(struct fw_policy *p)
{
	struct fw_policy_rule *v;

	if (p->n_rules == 0 || p->n_rules == p->cap_rules)
		return;
	v = realloc(p->rules, p->n_rules * sizeof(*v));
	if (!v)
		return;
	p->rules = v;
	p->cap_rules = p->n_rules;
}

static int check_protection(const struct fw_policy *p, struct sk_err *err)
{
	int r = fw_inspect_check(&p->inspect, err);

	if (r < 0) {
		sk_err_prefix(err, "inspection");
		return r;
	}
	r = fw_guard_check(&p->guard, err);
	if (r < 0)
		sk_err_prefix(err, "guard");
	return r;
}

int fw_policy_finish(struct fw_policy *p, struct sk_err *err)
{
	int r;

	if ((r = check_site(&p->site, err)) < 0 || (r = check_protection(p, err)) < 0 ||
		(r = fw_zones_validate(p->zones, p->n_zones, err)) < 0 ||
		(r = check_objects(p, err)) < 0)
		return r;
	for (size_t i = 0; i < p->n_rules; i++) {
		r = resolve_zones(p, &p->rules[i], err);
		if (r < 0) {
			sk_err_prefix(err, "rule[%" PRIu32 "]", p->rules[i].rec.number);
			return r;
		}
	}
	r = fw_bridge_check(p, err);
	if (r < 0)
		return r;
	if (p->n_rules)
		qsort(p->rules, p->n_rules, sizeof(*p->rules), by_order);
	give_back_slack(p);
	if (index_rules(p) < 0)
		return sk_err_nomem(err);
	return check_numbers_once(p, err);
}

/* ---- questions --------------------------------------------------------------------------------
 */

int64_t fw_policy_next_expiry(const struct fw_policy *p, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < p->n_rules; i++) {
		int64_t e = p->rules[i].rec.expiry;

		if (e >= now && e < next)
			next = e;
	}
	return next;
}

size_t fw_policy_drop_expired(struct fw_policy *p, int64_t now,
	void (*cb)(const struct fw_policy_rule *r, void *arg), void *arg)
{
	size_t kept = 0, dropped;

	for (size_t i = 0; i < p->n_rules; i++) {
		if (p->rules[i].rec.expiry >= now)
			p->rules[kept++] = p->rules[i];
		else if (cb)
			cb(&p->rules[i], arg);
	}
	dropped = p->n_rules - kept;
	p->n_rules = kept;
	if (dropped)
		index_rules(p);
	return dropped;
}

const struct fw_policy_rule *fw_policy_find(const struct fw_policy *p, uint32_t number)
{
	size_t lo = 0, hi = p->n_rules;

	for (size_t i = 0; !p->by_number && i < p->n_rules; i++) {
		if (p->rules[i].rec.number == number)
			return &p->rules[i];
	}
	while (p->by_number && lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct fw_policy_rule *r = &p->rules[p->by_number[mid]];

		if (r->rec.number == number)
			return r;
		if (r->rec.number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const char *fw_policy_zone_name(const struct fw_policy *p, uint8_t zone)
{
	if (zone == FW_SELF)
		return FW_ZONE_SELF;
	return zone < p->n_zones ? p->zones[zone].name : "?";
}
