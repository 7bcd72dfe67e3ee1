// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Setting the gateway up from one document. What needs rights (files of root, Unix users, services)
 * is sekisho-setup's; accounts, zones, first requests and the first generation are the registry's.
 * The first time the console alone may; afterwards an administrator: the addresses are on trial
 * until somebody who still reaches the gateway confirms them, and what is policy is asked for then
 * like any other change.
 */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"
#include "mgmt/gateway/generate.h"
#include "mgmt/gateway/joined.h"
#include "mgmt/mgmtd/generation.h"
#include "mgmt/mgmtd/h_object.h"
#include "mgmt/mgmtd/private.h"
#include "mgmt/mgmtd/trial.h"

#define WRITE_MS 45000

/* How far it came: what an error has to say beside itself. */
enum stage { NOTHING, WRITING, TRIED, RECORDED, IN_FORCE };

struct setup {
	struct mg_call *c;
	json_t *doc;
	struct mg_gateway *g;
	struct mg_txn t;
	json_t *uids; /* name → Unix user */
	bool first;   /* no policy was ever in force */
	enum stage stage;
	char trial[MG_TRIAL_ID];
	unsigned requests; /* that wait for somebody's approval now */
};

static void done(struct setup *s)
{
	mg_txn_abort(&s->t);
	mg_gateway_free(s->g);
	json_decref(s->doc);
	json_decref(s->uids);
}

static int is_first(struct mg_call *c, bool *ret, struct sk_err *err)
{
	bool any = true;
	int r = mg_generation_any(mg_h_store(c), &any, err);

	*ret = !any;
	return r;
}

/* What stood in gateway.json before; NULL: nothing. */
static json_t *before(void)
{
	struct sk_buf b;
	json_t *v = NULL;

	sk_buf_init(&b, MG_GW_BYTES_MAX);
	if (sk_file_read(MG_BOX_GATEWAY, &b, NULL) == 0)
		v = sk_json_parse(sk_buf_str(&b), b.len, NULL);
	sk_buf_done(&b);
	return v;
}

/* Ports that are in zones of their own until somebody approves of another order. */
static int check_joined(const struct setup *s, struct sk_err *err)
{
	json_t *old = before();
	struct mg_gateway *now = NULL;
	struct fw_policy *base = NULL;
	int r = mg_store_build_base(mg_h_store(s->c), MG_VIEW_ACTIVE, &base, err);

	/* Settings of before that cannot be read name no bridge; the policy still names ports. */
	if (r == 0 && old)
		mg_gateway_parse(old, &now, NULL);
	if (r == 0)
		r = mg_gateway_check_joined(s->g, now, base->zones, base->n_zones, err);
	fw_policy_free(base);
	mg_gateway_free(now);
	json_decref(old);
	return r;
}

/* What s->doc says, on this machine. */
static int understand(struct setup *s, struct sk_err *err)
{
	struct mg_gw_iface ifaces[MG_BOX_IFACES_MAX];
	size_t n = 0;
	int r = s->doc ? mg_gateway_parse(s->doc, &s->g, err) : -EINVAL;
	if (r == 0)
		r = is_first(s->c, &s->first, err);
	if (r == 0 && s->first)
		r = mg_gateway_check_first(s->g, err);
	if (r == 0)
		r = mg_box_ifaces(ifaces, MG_BOX_IFACES_MAX, &n, err);
	if (r == 0)
		r = mg_gateway_resolve(s->g, ifaces, n, err);
	return r == 0 && !s->first ? check_joined(s, err) : r;
}

static int read_document(struct setup *s, struct sk_err *err)
{
	const void *data;
	size_t len;
	int r = mg_arg_file(s->c, "document", &data, &len, NULL, err);

	if (r < 0)
		return r;
	s->doc = sk_json_parse_secret(data, len, err);
	return understand(s, err);
}

static int may(const struct setup *s, struct sk_err *err)
{
	const unsigned roles = s->c->who.roles;

	if (s->first && !(roles & MG_CONSOLE))
		return sk_err_set(err, -EPERM, NULL, "only the console (root) sets a gateway up",
			"初期設定はコンソール (root) だけが実行できます");
	if (!s->first && !(roles & MG_ADMIN))
		return sk_err_set(err, -EPERM, NULL,
			"it is set up already: an administrator changes it now",
			"既に設定済みです。変更は管理者が行ってください");
	if (!s->first && s->g->n_people)
		return sk_err_set(err, -EPERM, "people",
			"people are added at the console's menu, accounts are managed with "
			"`sekisho account` now",
			"設定済みの装置では、利用者の追加はコンソールのメニューで、アカウントの管理"
			"は "
			"sekisho account で行ってください");
	return 0;
}

/* ---- people -----------------------------------------------------------------------------------
 */
static bool taken(const struct setup *s, int64_t uid)
{
	struct mg_account a;
	struct passwd pw, *found = NULL;
	const char *key;
	json_t *v;
	char buf[4096];

	json_object_foreach (s->uids, key, v)
		if (json_integer_value(v) == uid)
			return true;
	return getpwuid_r((uid_t)uid, &pw, buf, sizeof(buf), &found) != 0 || found ||
		mg_account_by_uid(mg_h_store(s->c), uid, &a, NULL) == 0;
}

/* Whoever has a Unix user of that name keeps it; others get the next free number. */
static int64_t unix_user(const struct setup *s, const char *name)
{
	struct passwd pw, *found = NULL;
	int64_t uid = MG_GW_UID_FIRST;
	char buf[4096];

	if (getpwnam_r(name, &pw, buf, sizeof(buf), &found) == 0 && found)
		return (int64_t)found->pw_uid;
	while (uid < MG_GW_UID_LAST && taken(s, uid))
		uid++;
	return uid;
}

static int put_account(struct setup *s, size_t i, struct sk_err *err)
{
	const struct mg_gw_person *p = &s->g->people[i];
	struct mg_account old, a = {.enabled = true, .created = s->c->now, .roles = p->roles};
	bool known = mg_account_get(mg_h_store(s->c), p->name, &old, NULL) == 0;
	char target[96];
	int r;

	a.uid = known && old.uid >= 0 ? old.uid : unix_user(s, p->name);
	if (a.uid < 1000)
		return sk_err_set(err, -EINVAL, "name",
			"%s is a user of the system: choose another name",
			"%s はシステムのユーザー名です。別の名前にしてください", p->name);
	snprintf(a.name, sizeof(a.name), "%s", p->name);
	snprintf(a.display, sizeof(a.display), "%s", p->display);
	json_object_set_new(s->uids, p->name, json_integer(a.uid));
	r = known ? mg_account_update(&s->t, &a, err) : mg_account_add(&s->t, &a, err);
	if (r < 0)
		return r;
	snprintf(target, sizeof(target), "account %s", a.name);
	return mg_h_audit(s->c, &s->t, target, known ? mg_account_to_json(&old) : NULL,
		mg_account_to_json(&a), err);
}

static int put_people(struct setup *s, struct sk_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->g->n_people; i++) {
		r = put_account(s, i, err);
		if (r < 0)
			sk_err_prefix(err, "people[%zu]", i);
	}
	return r;
}

/* ---- first requests ---------------------------------------------------------------------------
 */
static int fill(struct fw_rule *r, const char *const v[6], struct sk_err *err)
{
	if (fw_str_set(&r->source, v[0]) < 0 || fw_str_set(&r->destination, "any") < 0 ||
		fw_str_set(&r->from, v[1]) < 0 || fw_str_set(&r->to, "wan") < 0 ||
		fw_str_set(&r->protocol, v[2]) < 0 || fw_str_set(&r->port, v[3]) < 0 ||
		fw_str_set(&r->purpose, v[4]) < 0 || (v[5] && fw_str_set(&r->nat_to, v[5]) < 0))
		return sk_err_nomem(err);
	return 0;
}

struct same {
	const struct mg_rev *rev;
	bool found;
};

static int same_request(const struct mg_rule_row *row, void *arg)
{
	const struct fw_rule *a = &row->rev->rule;
	struct same *s = arg;
	const struct fw_rule *b = &s->rev->rule;

	s->found = s->found ||
		(a->kind == b->kind && sk_streq(a->source, b->source) &&
			sk_streq(a->from, b->from) && sk_streq(a->to, b->to) &&
			sk_streq(a->port, b->port));
	return 0;
}

/* Is it there already, from a set-up that was not completed? */
static int is_there(struct setup *s, const struct mg_rev *rev, bool *ret, struct sk_err *err)
{
	static const char *const states[] = {"requested", "approved", "active"};
	struct same same = {.rev = rev};
	int r = 0;

	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(states); i++) {
		const struct mg_rule_filter f = {.state = states[i]};

		r = mg_rule_each(mg_h_store(s->c), &f, same_request, &same, err);
	}
	*ret = same.found;
	return r;
}

/* One request in applicant's name: source, zone, protocol, port, purpose, nat_to. */
static int request(
	struct setup *s, const char *applicant, const char *const v[6], struct sk_err *err)
{
	const int days = (int)mg_setting_int(mg_h_store(s->c), "rule.expiry_days_max");
	struct fw_policy *base = NULL;
	char target[48];
	struct mg_rev rev;
	bool there = false;
	int r;

	mg_rev_init(&rev);
	rev.intent = MG_NEW;
	rev.rule.kind = v[5] ? FW_SNAT : FW_ALLOW;
	rev.rule.order = 1000;
	rev.rule.registered = s->c->now;
	rev.rule.expiry = sk_day_add(sk_day_start(s->c->now), days) - 1;
	r = fill(&rev.rule, v, err);
	if (r == 0 && fw_str_set(&rev.rule.applicant, applicant) < 0)
		r = sk_err_nomem(err);
	if (r == 0)
		r = is_there(s, &rev, &there, err);
	if (r == 0 && !there)
		r = mg_store_build_base(mg_h_store(s->c), MG_VIEW_ACTIVE, &base, err);
	if (r == 0 && !there)
		r = mg_rule_check(mg_h_store(s->c), base, &rev.rule, s->c->now, NULL, err);
	if (r == 0 && !there)
		r = mg_rule_insert(&s->t, &rev, false, s->c->now, err);
	snprintf(target, sizeof(target), "rule %u r%u", rev.rule.number, rev.rule.revision);
	if (r == 0 && !there)
		r = mg_h_audit(s->c, &s->t, target, NULL, mg_rev_to_json(&rev), err);
	s->requests += r == 0;
	fw_policy_free(base);
	mg_rev_done(&rev);
	return r;
}

static const char *requester(const struct mg_gateway *g)
{
	for (size_t i = 0; i < g->n_people; i++)
		if (g->people[i].roles & MG_REQUESTER)
			return g->people[i].name;
	return NULL;
}

/*
 * The networks of the office's devices; *ret_four without what is not translated. Which prefix the
 * line will bring, and for how long, nobody knows: any global address, and the reverse path check
 * lets only that of the office's own network in.
 */
static bool office(const struct mg_gateway *g, char *ret, size_t cap, char *ret_four, size_t cap4)
{
	const struct mg_gw_net *lan = &g->nets[MG_GW_LAN];
	const struct mg_gw_net *net_of = g->transparent ? &g->nets[MG_GW_WAN] : lan;
	const struct mg_gw_ip *own[] = {&net_of->ip4.address, &net_of->ip6.address};
	struct mg_gw_ip net;
	char text[64];
	size_t len = 0;

	ret[0] = ret_four[0] = '\0';
	/* A shared network that the router hands out: the zone says enough. */
	if (g->transparent && lan->present &&
		(net_of->ip4.method == MG_GW_DHCP || net_of->ip6.method == MG_GW_AUTO ||
			net_of->ip6.method == MG_GW_DHCP)) {
		snprintf(ret, cap, "any");
		return true;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(own) && lan->present; i++) {
		if (!own[i]->family)
			continue;
		net = mg_gw_ip_network(own[i]);
		mg_gw_ip_text(&net, true, text, sizeof(text));
		len += (size_t)snprintf(ret + len, cap - len, "%s%s", len ? "," : "", text);
		if (i == 0)
			snprintf(ret_four, cap4, "%s", text);
	}
	if (lan->present && lan->ip6.method == MG_GW_DELEGATED)
		snprintf(ret + len, cap - len, "%s2000::/3", len ? "," : "");
	return ret[0] != '\0';
}

/* The office's way to the web, as records that the approver finds waiting. */
static int first_rules(struct setup *s, struct sk_err *err)
{
	const char *who = requester(s->g);
	char source[160], four[64];
	int r = 0;

	if (!s->g->rules_web || !s->first)
		return 0;
	if (!office(s->g, source, sizeof(source), four, sizeof(four)) || !who)
		return mg_reply_note(s->c,
			"first_rules: needs lan with an address, and a requester",
			"first_rules にはアドレスのある lan と申請者が必要です");
	if (!s->g->transparent && four[0])
		r = request(s, who,
			(const char *const[]){four, "lan", "any", "any",
				"社内LANのアドレス変換 (address translation of the office network)",
				"masquerade"},
			err);
	if (r == 0)
		r = request(s, who,
			(const char *const[]){source, "lan", "tcp", "80,443",
				"社内LANのWeb閲覧 (web access of the office network)", NULL},
			err);
	if (r < 0)
		sk_err_prefix(err, "first_rules");
	return r;
}

/* ---- again ------------------------------------------------------------------------------------
 */
/* A zone or setting that would be another one: asked for, in the caller's name. */
static int ask_change(struct setup *s, enum mg_change_kind kind, const char *name, json_t *value,
	struct sk_err *err)
{
	struct mg_change ch = {.kind = kind, .value = value};
	int r;

	if (!value || fw_str_set(&ch.purpose, "再設定 (set up again)") < 0) {
		mg_change_done(&ch);
		return sk_err_nomem(err);
	}
	snprintf(ch.name, sizeof(ch.name), "%.127s", name);
	snprintf(ch.applicant, sizeof(ch.applicant), "%s", s->c->who.name);
	r = mg_change_request(&s->t, &ch, s->c->now, err);
	if (r == 0) {
		r = mg_h_audit(
			s->c, &s->t, name, json_incref(ch.before), mg_change_to_json(&ch), err);
		s->requests++;
	}
	mg_change_done(&ch);
	return r == -EEXIST ? 0 : r;
}

/* What the registry says of the zone beyond the set-up (a label somebody chose) stays. */
static int ask_zone(struct setup *s, const json_t *wanted, struct sk_err *err)
{
	static const char *const ours[] = {
		"interfaces", "bridge", "dhcp_client", "manage", "serve", "use", "kind"};
	const char *name = json_string_value(json_object_get(wanted, "name"));
	json_t *now = NULL, *next;
	struct fw_zone z;
	int r = mg_target_get(
		mg_h_store(s->c), MG_VIEW_REQUESTED, MG_CH_ZONE, name, &now, NULL, err);

	if (r < 0 && r != -ENOENT)
		return r;
	next = r == -ENOENT ? json_deep_copy(wanted) : json_deep_copy(now);
	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(ours); i++)
		if (json_object_get(wanted, ours[i]))
			json_object_set(next, ours[i], json_object_get(wanted, ours[i]));
	if (!json_object_get(wanted, "bridge"))
		json_object_del(next, "bridge");
	r = fw_zone_from_json(next, &z, err);
	json_decref(next);
	if (r == 0)
		r = ask_change(s, MG_CH_ZONE, name, fw_zone_to_json(&z), err);
	json_decref(now);
	return r;
}

static int ask_again(struct setup *s, struct sk_err *err)
{
	json_t *site = mg_gateway_site(s->g), *zones = json_object_get(site, "zones"), *v;
	const char *key;
	int r = site ? 0 : sk_err_nomem(err);

	for (size_t i = 0; r == 0 && i < json_array_size(zones); i++)
		r = ask_zone(s, json_array_get(zones, i), err);
	json_object_foreach (json_object_get(site, "site"), key, v)
		/* Ports people chose for administration are not the set-up's. */
		if (r == 0 && strcmp(key, "site.manage_ports") != 0)
			r = ask_change(s, MG_CH_SETTING, key, json_incref(v), err);
	json_decref(site);
	return r;
}

/* ---- writing ----------------------------------------------------------------------------------
 */
static int fresh(struct setup *s, struct sk_err *err)
{
	json_t *site = mg_gateway_site(s->g);
	int r = site ? put_people(s, err) : sk_err_nomem(err);

	if (r == 0)
		r = mg_h_site_put(s->c, &s->t, site, err);
	if (r == 0)
		r = first_rules(s, err);
	json_decref(site);
	return r;
}

/* A request to sekisho-setup, answered within WRITE_MS; args is stolen. */
static int ask_box(const struct setup *s, const char *op, json_t *args, const json_t *doc,
	json_t **ret_end, struct sk_err *err)
{
	_cleanup_(sk_closep) int file = -1;
	_cleanup_(sk_closep) int fd = -1;
	char path[512], *text;
	int r;

	snprintf(path, sizeof(path), "%s/setup.sock", s->c->d->o.run_dir);
	if (doc) {
		text = json_dumps(doc, JSON_COMPACT);
		file = text ? sk_memfd("setup", text, strlen(text)) : -ENOMEM;
		if (text)
			explicit_bzero(text, strlen(text));
		free(text);
	}
	fd = doc && file < 0 ? file : sk_ipc_connect(path, err);
	if (fd < 0) {
		json_decref(args);
		return sk_err_set(err, -EHOSTDOWN, NULL,
			"sekisho-setup cannot be reached (%s): see systemctl status "
			"sekisho-setup.socket",
			"sekisho-setup に接続できません (%s)。systemctl status "
			"sekisho-setup.socket で確認してください",
			strerror(-fd));
	}
	/* A set-up is several of these, and a slow machine needs most of the time for each: only
	 * all together would look to the service manager like a daemon that hangs. */
	sd_notify(0, "WATCHDOG=1");
	r = sk_ipc_call(fd, op, args, file, WRITE_MS, NULL, NULL, ret_end, err);
	return r;
}

static int box(
	const struct setup *s, const char *op, json_t *args, const json_t *doc, struct sk_err *err)
{
	return ask_box(s, op, args, doc, NULL, err);
}

static int write_all(struct setup *s, struct sk_err *err)
{
	json_t *old = before();
	int r = mg_txn_begin(&s->t, mg_h_store(s->c), err);

	if (r == 0)
		r = s->first ? fresh(s, err) : ask_again(s, err);
	/* The registry takes it all back if people or files of this start cannot be made. */
	if (r == 0 && !s->c->dry_run) {
		s->stage = WRITING;
		r = box(s, "setup.write", json_pack("{s:O}", "uids", s->uids), s->doc, err);
	}
	if (r == 0)
		r = mg_h_commit(
			s->c, &s->t, "gateway", old, mg_gateway_settings(s->doc, s->g), err);
	else
		json_decref(old);
	if (r == 0 && !s->c->dry_run)
		s->stage = RECORDED;
	return r;
}

static int put_in_force(struct setup *s, struct sk_err *err)
{
	const struct mg_audit_entry who = {.time = s->c->now,
		.account = s->c->who.name,
		.uid = s->c->uid,
		.pid = s->c->pid,
		.op = s->c->cmd->op};
	const struct mg_gen_step step = {
		.what = MG_BUILD_WITH_APPROVED, .kind = "setup", .who = &who};
	int r = s->first ? mg_gen_send(s->c->d, &step, NULL, err) : 0;

	if (r == 0 && s->first)
		s->stage = IN_FORCE;
	return r;
}

/* Settings are kept last: addresses without a policy must not be there at the next start. */
static int finish(struct setup *s, struct sk_err *err)
{
	struct sk_err later = {0};
	int r = put_in_force(s, err);

	if (r == 0)
		r = box(s, "setup.keep", json_object(), s->doc, err);
	if (r == 0 && box(s, "setup.activate", json_object(), NULL, &later) < 0)
		mg_reply_note(s->c, "%s%.0s", "%.0s%s", later.en, sk_err_text(&later, SK_JA));
	return r;
}

/* What stands although it failed: whoever reads the error has to know. */
static void add_stage(const struct setup *s, struct sk_err *err)
{
	static const struct sk_text texts[] = {
		[NOTHING] = {"nothing was changed", "何も変更していません"},
		[WRITING] = {"the registry was not changed; people's Unix users and files of this "
			     "start may be new: set up again",
			"台帳は変更していません。利用者とこの起動中の構成は変わった可能性があります"
			"。もう"
			"一度設定してください"},
		[TRIED] = {"the settings of before count", "以前の設定のままです"},
		[RECORDED] = {"the registry has it, but it is not in force and not kept: set up "
			      "again",
			"台帳には記録しましたが、有効になっておらず、設定も保存していません。もう一"
			"度設定し"
			"てください"},
		[IN_FORCE] = {"the policy is in force, but the settings are not kept: an "
			      "administrator has to set up again",
			"ポリシーは有効ですが、設定を保存していません。管理者がもう一度設定してくだ"
			"さい"},
	};
	const struct sk_text *t = &texts[s->stage];
	char en[sizeof(err->en)], ja[sizeof(err->ja)];
	int n = snprintf(en, sizeof(en), "%s; %s", err->en, t->en);
	int m = snprintf(ja, sizeof(ja), "%s。%s", sk_err_text(err, SK_JA), t->ja);

	/* Never cut within a character. */
	if (n < (int)sizeof(en) && m < (int)sizeof(ja)) {
		memcpy(err->en, en, sizeof(en));
		memcpy(err->ja, ja, sizeof(ja));
	}
}

static int report(struct setup *s, struct sk_err *err)
{
	json_t *v =
		json_pack("{s:s, s:s, s:I, s:I}", "site", s->g->site, "hostname", s->g->hostname,
			"people", (json_int_t)s->g->n_people, "requests", (json_int_t)s->requests);
	int r = v ? mg_reply_record(s->c, v) : sk_err_nomem(err);

	if (r == 0 && s->requests)
		r = mg_reply_note(s->c,
			"%u requests wait for approval (sekisho rule list --state requested, "
			"sekisho change list)",
			"承認待ちの申請が %u 件あります (sekisho rule list --state "
			"requested、sekisho change list)",
			s->requests);
	return r;
}

/* ---- on trial ---------------------------------------------------------------------------------
 */
static json_t *of_trial(const struct setup *s)
{
	return json_pack("{s:s}", "trial", s->trial);
}

static int record_trial(struct setup *s, unsigned seconds, struct sk_err *err)
{
	json_t *after = mg_gateway_settings(s->doc, s->g);
	int r = mg_txn_begin(&s->t, mg_h_store(s->c), err);

	if (after)
		after = json_pack("{s:s, s:I, s:o}", "trial", s->trial, "trial_seconds",
			(json_int_t)seconds, "settings", after);
	if (r == 0)
		return mg_h_commit(s->c, &s->t, "gateway", before(), after, err);
	json_decref(after);
	return r;
}

static int say_trial(struct setup *s, unsigned seconds, struct sk_err *err)
{
	json_t *v = json_pack("{s:s, s:s, s:I}", "site", s->g->site, "hostname", s->g->hostname,
		"confirm_deadline", (json_int_t)s->c->now + (json_int_t)seconds);
	int r = v ? mg_reply_record(s->c, v) : sk_err_nomem(err);

	return r < 0 ? r
		     : mg_reply_note(s->c,
			       "on trial for %u seconds: `sekisho setup confirm` keeps it; without "
			       "it the settings of before return by themselves",
			       "%u 秒間の試行です。sekisho setup confirm で確定します。確定しなけれ"
			       "ば自動で以前の設定に戻ります",
			       seconds);
}

/*
 * Files of this start, then the services. The settings that are kept stay the ones of before.
 * *ret_none: there are none of before (an earlier set-up did not come that far).
 */
static int use_for_now(struct setup *s, unsigned seconds, bool *ret_none, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	struct mg_daemon *d = s->c->d;
	struct sk_err later = {0};
	int r = mg_trial_prepare(d, s->trial, err);

	if (r < 0)
		return r;
	s->stage = TRIED;
	r = ask_box(s, "setup.write", json_pack("{s:O, s:s}", "uids", s->uids, "trial", s->trial),
		s->doc, &end, err);
	*ret_none = r == 0 && !json_is_true(json_object_get(end, "trial"));
	if (*ret_none) {
		mg_trial_end(d);
		return mg_reply_note(s->c,
			"there are no settings of before that could return: this is no trial, but "
			"final",
			"戻すべき以前の設定がないため、試行ではなく確定しました");
	}
	/* Refused before anything was written: there is nothing to take back. */
	if (r == -ENODATA) {
		s->stage = NOTHING;
		mg_trial_end(d);
		return r;
	}
	if (r == 0)
		r = record_trial(s, seconds, err);
	if (r == 0)
		r = mg_trial_begin(d, s->trial, s->doc, seconds, err);
	if (r < 0) {
		if (box(s, "setup.revert", of_trial(s), NULL, &later) == 0)
			mg_trial_end(d);
		else
			mg_trial_fail(d, s->trial, "failed");
		return r;
	}
	if (box(s, "setup.activate", of_trial(s), s->doc, &later) < 0)
		mg_reply_note(s->c, "%s%.0s", "%.0s%s", later.en, sk_err_text(&later, SK_JA));
	return say_trial(s, seconds, err);
}

/* Would the registry take it? Asked for is it when it is confirmed. */
static int rehearse(struct setup *s, struct sk_err *err)
{
	int r = mg_txn_begin(&s->t, mg_h_store(s->c), err);

	if (r == 0)
		r = ask_again(s, err);
	mg_txn_abort(&s->t);
	s->requests = 0;
	return r;
}

/* 1: nothing to return to, so there is no trial. */
static int try_out(struct setup *s, unsigned seconds, struct sk_err *err)
{
	bool none = false;
	int r = rehearse(s, err);

	if (r == 0)
		r = use_for_now(s, seconds, &none, err);
	return r == 0 && none ? 1 : r;
}

static int not_now(const struct mg_call *c, struct sk_err *err)
{
	return mg_trial_busy(c->d)
		? sk_err_set(err, -EBUSY, NULL,
			  "a set-up is on trial: confirm it (sekisho setup confirm) or take it "
			  "back (sekisho setup revert) first",
			  "試行中の設定があります。先に確定 (sekisho setup confirm) または取り消し "
			  "(sekisho setup revert) を行ってください")
		: 0;
}

int mg_h_setup_apply(struct mg_call *c, struct sk_err *err)
{
	const json_t *confirm = json_object_get(c->args, "confirm");
	const unsigned seconds = confirm ? (unsigned)json_integer_value(confirm) : MG_TRIAL_S;
	struct setup s = {.c = c, .uids = json_object()};
	int tried = 1, r = read_document(&s, err);

	if (r == 0)
		r = may(&s, err);
	if (r == 0)
		r = not_now(c, err);
	/* Without the firewall there would be addresses and no policy. */
	if (r == 0 && s.first && !c->dry_run)
		r = mg_daemon_fw_call(c->d, "status", NULL, -1, NULL, err);
	if (r == 0 && !s.first && seconds && !c->dry_run) {
		tried = try_out(&s, seconds, err);
		r = SK_MIN(tried, 0);
	}
	if (r == 0 && tried)
		r = write_all(&s, err);
	if (r == 0 && tried && !c->dry_run)
		r = finish(&s, err);
	if (r < 0 && !c->dry_run)
		add_stage(&s, err);
	if (r == 0 && tried)
		r = report(&s, err);
	done(&s);
	return r;
}

/* The settings, and by which trial: see mg_trial_id(). */
static json_t *confirmed(const struct setup *s)
{
	json_t *v = mg_gateway_settings(s->doc, s->g);

	if (v)
		json_object_set_new(v, "trial", json_string(s->trial));
	return v;
}

/* What the second set-up always was, by somebody who still reaches the gateway. */
int mg_h_setup_confirm(struct mg_call *c, struct sk_err *err)
{
	struct setup s = {
		.c = c, .uids = json_object(), .doc = json_incref(mg_trial_document(c->d))};
	json_t *old = before();
	struct sk_err later = {0};
	int r;

	snprintf(s.trial, sizeof(s.trial), "%s", mg_trial_id(c->d));
	r = s.doc ? understand(&s, err)
		  : sk_err_set(err, -ENOENT, NULL,
			    "no set-up is on trial; one that nobody confirmed in time was "
			    "taken back (sekisho audit list)",
			    "試行中の設定はありません。時間内に確定しなかった設定は取り消されて"
			    "います (sekisho audit list で確認)");

	if (r == 0)
		r = mg_txn_begin(&s.t, mg_h_store(c), err);
	if (r == 0)
		r = ask_again(&s, err);
	if (r == 0)
		r = box(&s, "setup.keep", of_trial(&s), s.doc, err);
	/* What ends before this is taken back, and what ends after it stays. */
	if (r == 0)
		r = mg_h_commit(c, &s.t, "gateway", old, confirmed(&s), err);
	else
		json_decref(old);
	if (r == 0)
		mg_trial_end(c->d);
	/* Name servers that the line brought meanwhile. */
	if (r == 0 &&
		box(&s, "setup.activate", json_pack("{s:b}", "recorded", true), NULL, &later) < 0)
		sk_log_err(LOG_WARNING, "set-up", &later);
	if (r == 0)
		r = report(&s, err);
	done(&s);
	return r;
}

/* Whoever should have asked could not read the document: said here, for the audit log. */
int mg_h_setup_failed(struct mg_call *c, struct sk_err *err)
{
	return sk_err_en(err, -EIO, NULL, "set-up from %.120s: %s", mg_arg_str(c, "where"),
		mg_arg_str(c, "why"));
}

int mg_h_setup_revert(struct mg_call *c, struct sk_err *err)
{
	return mg_trial_return(c, err);
}

int mg_h_setup_check(struct mg_call *c, struct sk_err *err)
{
	struct setup s = {.c = c, .uids = json_object()};
	int r = read_document(&s, err);

	if (r == 0)
		r = report(&s, err);
	done(&s);
	return r;
}

/* Whose turn it is: asked by the wizard and by the console's menu. */
int mg_h_setup_state(struct mg_call *c, struct sk_err *err)
{
	bool first = false;
	int r = is_first(c, &first, err);

	return r < 0 ? r
		     : mg_reply_record(c,
			       json_pack("{s:b, s:I}", "first", first, "confirm_within",
				       (json_int_t)mg_trial_left(c->d)));
}

int mg_h_setup_show(struct mg_call *c, struct sk_err *err)
{
	json_t *v = before();

	if (!v)
		return sk_err_set(err, -ENOENT, NULL, "the gateway is not set up yet",
			"本装置はまだ設定されていません");
	return mg_reply_record(c, v);
}
