// SPDX-License-Identifier: GPL-2.0-or-later
/* analyze and explain: questions about the policy, answered on the model. */
#include <errno.h>
#include <string.h>

#include "fw/policy/analyze.h"
#include "fw/policy/explain.h"
#include "lib/util.h"
#include "mgmt/mgmtd/handlers.h"
#include "mgmt/mgmtd/private.h"
#include "mgmt/mgmtd/route.h"
#include "mgmt/store/rules.h"

/* ---- analyze ----------------------------------------------------------------------------------
 */
static void set_text(json_t *v, const char *key, const char *s)
{
	if (s && s[0])
		json_object_set_new(v, key, json_string(s));
}

static json_t *finding_row(const struct fw_policy *p, const struct fw_finding *f)
{
	const struct fw_policy_rule *r = fw_policy_find(p, f->number);
	json_t *v = json_pack("{s:s, s:I}", "finding", fw_finding_name(f->kind), "number",
		       (json_int_t)f->number),
	       *others = json_array();

	for (size_t i = 0; i < f->n_others; i++)
		json_array_append_new(others, json_integer(f->others[i]));
	if (f->others_more)
		json_object_set_new(v, "others_more", json_integer((json_int_t)f->others_more));
	if (f->n_others)
		json_object_set(v, "others", others);
	json_decref(others);
	set_text(v, "space", f->space);
	if (f->budget)
		json_object_set_new(v, "partly", json_true());
	if (r) {
		set_text(v, "applicant", r->rec.applicant);
		set_text(v, "purpose", r->rec.purpose);
		json_object_set_new(v, "expiry", json_integer(r->rec.expiry));
		json_object_set_new(v, "last_hit", json_integer(r->rec.last_hit));
	}
	return v;
}

/* Records the gateway took out when they expired: they are in no policy any more. */
static int expired_row(const struct mg_rule_row *row, void *arg)
{
	const struct fw_rule *r = &row->rev->rule;
	json_t *v;

	if (row->rev->superseded)
		return 0;
	v = json_pack("{s:s, s:I, s:I, s:I}", "finding", fw_finding_name(FW_F_EXPIRED), "number",
		(json_int_t)r->number, "expiry", (json_int_t)r->expiry, "last_hit",
		(json_int_t)r->last_hit);
	if (!v)
		return -ENOMEM;
	set_text(v, "applicant", r->applicant);
	set_text(v, "purpose", r->purpose);
	return mg_reply_row(arg, v);
}

int mg_h_analyze(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(fw_policy_freep) struct fw_policy *p = NULL;
	_cleanup_(fw_findings_done) struct fw_findings found = {0};
	struct fw_analyze_opts o = {.now = c->now,
		.expiring_days = (int)mg_setting_int(c->d->store, "rule.expiring_days"),
		.unused_days = (int)mg_setting_int(c->d->store, "rule.unused_days")};
	const struct mg_rule_filter expired = {.state = fw_state_name(FW_EXPIRED)};
	const char *kind = mg_arg_str(c, "kind");
	int r = mg_store_build_policy(c->d->store, MG_BUILD_WITH_APPROVED, 0, c->now, &p, err);

	if (!r)
		r = fw_analyze(p, &o, &found, err);
	for (size_t i = 0; !r && i < found.n; i++)
		if (!kind || !strcmp(kind, fw_finding_name(found.v[i].kind)))
			r = mg_reply_row(c, finding_row(p, &found.v[i]));
	if (!r && (!kind || !strcmp(kind, fw_finding_name(FW_F_EXPIRED))))
		r = mg_rule_each(c->d->store, &expired, expired_row, c, err);
	return r;
}

/* ---- explain ----------------------------------------------------------------------------------
 */
/* The zone an address is routed to; sets err when the routing table does not say. */
static int zone_of_ip(const struct fw_policy *p, const struct fw_ip *ip, const char *option,
	uint8_t *ret, struct sk_err *err)
{
	char iface[IF_NAMESIZE] = "";
	bool local = false;
	int r = mg_route_lookup(ip, iface, &local, err);

	if (!r && local) {
		*ret = FW_SELF;
		return 0;
	}
	for (size_t i = 0; !r && i < p->n_zones; i++)
		for (size_t k = 0; k < p->zones[i].n_ifaces; k++)
			if (!strcmp(p->zones[i].ifaces[k], iface)) {
				*ret = (uint8_t)i;
				return 0;
			}
	if (!r)
		return sk_err_set(err, -EINVAL, option,
			"the address is routed to %s, which is in no zone; name the zone",
			"経路の出口 %s はどのゾーンにも属していません。ゾーンを指定してください",
			iface);
	return sk_err_set(err, -EINVAL, option, "the address has no route; name the zone",
		"経路がありません。ゾーンを指定してください");
}

static int zone_by_name(const struct fw_policy *p, const char *name, const char *option,
	uint8_t *ret, struct sk_err *err)
{
	if (!strcmp(name, FW_ZONE_SELF)) {
		*ret = FW_SELF;
		return 0;
	}
	for (size_t i = 0; i < p->n_zones; i++)
		if (!strcmp(p->zones[i].name, name)) {
			*ret = (uint8_t)i;
			return 0;
		}
	return sk_err_set(
		err, -ENOENT, option, "there is no zone %s", "ゾーン %s はありません", name);
}

static int find_zone(struct mg_call *c, const struct fw_policy *p, const char *option,
	const struct fw_ip *ip, uint8_t *ret, struct sk_err *err)
{
	const char *name = mg_arg_str(c, option);

	return name ? zone_by_name(p, name, option, ret, err) : zone_of_ip(p, ip, option, ret, err);
}

static int parse_ip(struct mg_call *c, const char *arg, struct fw_ip *ret, struct sk_err *err)
{
	int r = fw_ip_parse(mg_arg_str(c, arg), ret, err);

	if (r < 0 && err)
		snprintf(err->path, sizeof(err->path), "%s", arg);
	return r;
}

/* One protocol and one port out of the same words a rule uses. */
static int parse_service(struct mg_call *c, struct fw_flow *f, struct sk_err *err)
{
	const char *port = mg_arg_str(c, "port");
	struct fw_svcs s = {0};
	int r;

	if (fw_proto_parse(mg_arg_str(c, "proto"), &f->proto) < 0)
		return sk_err_set(err, -EINVAL, "proto", "is no protocol", "不明なプロトコルです");
	if (!port) {
		if (!fw_proto_has_ports(f->proto))
			return 0;
		return sk_err_set(err, -EINVAL, "port", "is required for this protocol",
			"このプロトコルではポート番号が必要です");
	}
	r = fw_svcs_parse(mg_arg_str(c, "proto"), port, NULL, &s, err);
	if (!r && (s.n != 1 || s.v[0].lo != s.v[0].hi))
		r = sk_err_set(err, -EINVAL, "port", "must be a single port",
			"ポート番号を 1 つ指定してください");
	if (!r)
		f->port = s.v[0].lo;
	fw_svcs_done(&s);
	return r;
}

static uint8_t resolve(const struct fw_ip *ip, void *arg)
{
	uint8_t zone = FW_SELF;

	/* No route: nothing is forwarded there, which the gateway's own zone says best. */
	zone_of_ip(arg, ip, "", &zone, NULL);
	return zone;
}

static json_t *near_misses(const struct fw_decision *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n_near; i++)
		json_array_append_new(list,
			json_pack("{s:I, s:s}", "number", (json_int_t)d->near[i].number, "field",
				d->near[i].field));
	return list;
}

static int reply_decision(struct mg_call *c, const struct fw_policy *p, const struct fw_flow *f,
	const struct fw_decision *d)
{
	static const char *const verdicts[] = {
		[FW_V_ACCEPT] = "accept", [FW_V_DROP] = "drop", [FW_V_REJECT] = "reject"};
	json_t *v = json_pack("{s:s, s:I, s:s, s:s, s:o}", "verdict", verdicts[d->verdict],
		"number", (json_int_t)d->number, "from", fw_policy_zone_name(p, f->from), "to",
		fw_policy_zone_name(p, d->dnat ? d->to : f->to), "near", near_misses(d));
	struct sk_buf b;

	if (!v)
		return -ENOMEM;
	sk_buf_init(&b, 16384);
	fw_explain_put(&b, p, f, d, c->lang);
	json_object_set_new(v, "explanation", json_string(sk_buf_str(&b)));
	sk_buf_done(&b);
	if (d->revision)
		json_object_set_new(v, "revision", json_integer(d->revision));
	if (d->dnat)
		json_object_set_new(v, "dnat", json_integer(d->dnat));
	if (d->snat)
		json_object_set_new(v, "snat", json_integer(d->snat));
	if (d->inspected)
		json_object_set_new(v, "inspected", json_true());
	return mg_reply_record(c, v);
}

int mg_h_explain(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(fw_policy_freep) struct fw_policy *p = NULL;
	struct fw_flow f = {0};
	struct fw_decision d = {0};
	int r;

	if ((r = parse_ip(c, "src", &f.src, err)) < 0 ||
		(r = parse_ip(c, "dst", &f.dst, err)) < 0 || (r = parse_service(c, &f, err)) < 0 ||
		(r = mg_store_build_policy(c->d->store, MG_BUILD_ACTIVE, 0, c->now, &p, err)) < 0 ||
		(r = find_zone(c, p, "from", &f.src, &f.from, err)) < 0 ||
		(r = find_zone(c, p, "to", &f.dst, &f.to, err)) < 0)
		return r;
	if (f.src.family != f.dst.family)
		return sk_err_set(err, -EINVAL, "dst",
			"is of another address family than the source",
			"接続元とアドレスの種類 (IPv4/IPv6) が異なります");
	fw_explain(p, &f, resolve, p, &d);
	return reply_decision(c, p, &f, &d);
}
