/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the handlers of records share. */
#include "mgmt/mgmtd/h_common.h"

#include <errno.h>
#include <string.h>

#include "fw/policy/builtin.h"
#include "lib/clock.h"
#include "lib/util.h"

struct mg_store *mg_h_store(struct mg_call *c)
{
	return mg_daemon_store(c->d);
}

struct mg_actor mg_h_actor(const struct mg_call *c, const char *text)
{
	return (struct mg_actor){
		.who = {.name = c->who.name, .roles = c->who.roles, .enabled = c->who.enabled},
		.now = c->now,
		.text = text};
}

static struct mg_audit_entry entry(
	const struct mg_call *c, const char *target, const json_t *before, const json_t *after)
{
	return (struct mg_audit_entry){.time = c->now,
		.account = c->who.name,
		.uid = c->uid,
		.pid = c->pid,
		.op = c->cmd->op,
		.target = target,
		.before = before,
		.after = after,
		.result = "ok"};
}

int mg_h_audit(struct mg_call *c, struct mg_txn *t, const char *target, json_t *before,
	json_t *after, struct sk_err *err)
{
	const struct mg_audit_entry a = entry(c, target, before, after);
	int r = mg_audit_add(t, &a, err);

	json_decref(before);
	json_decref(after);
	return r;
}

int mg_h_commit(struct mg_call *c, struct mg_txn *t, const char *target, json_t *before,
	json_t *after, struct sk_err *err)
{
	const struct mg_audit_entry a = entry(c, target, before, after);
	int r = 0;

	if (c->dry_run) {
		mg_txn_abort(t);
		mg_reply_note(c, "dry run: nothing was changed", "試行のみ: 何も変更していません");
	} else {
		r = mg_txn_commit(t, &a, err);
		if (r == 0)
			mg_daemon_registry_changed(c->d);
	}
	json_decref(before);
	json_decref(after);
	return r;
}

bool mg_h_number(const struct mg_call *c, size_t i, uint32_t *ret)
{
	const json_t *v = json_array_get(json_object_get(c->args, "numbers"), i);

	if (!json_is_integer(v))
		return false;
	*ret = (uint32_t)json_integer_value(v);
	return true;
}

json_t *mg_h_state(const char *name)
{
	return json_pack("{ss}", "state", name);
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

unsigned mg_h_risk(const struct fw_rule *r, const struct fw_policy *base)
{
	const struct fw_zone *z =
		r->from ? fw_zone_find(base->zones, base->n_zones, r->from) : NULL;
	struct fw_match m = {0};
	unsigned bits;

	if (fw_match_compile(r, base->objects, &m, NULL) < 0)
		return 0;
	bits = fw_rule_risk(r, &m, z && z->kind == FW_ZONE_OUTSIDE);
	fw_match_done(&m);
	return bits;
}

static json_t *risk_json(unsigned bits)
{
	struct sk_buf b;
	json_t *v;

	sk_buf_init(&b, 1024);
	for (unsigned i = 0; i < FW_RISK_BITS; i++)
		if (bits & 1u << i)
			sk_buf_printf(&b, "%s%s", b.len ? "," : "", fw_risk_name(i));
	v = json_string(sk_buf_str(&b));
	sk_buf_done(&b);
	return v;
}

json_t *mg_h_rev_row(const struct mg_rev *r, const struct fw_policy *base)
{
	json_t *v = mg_rev_to_json(r);
	unsigned bits = base && r->rule.kind != FW_DENY ? mg_h_risk(&r->rule, base) : 0;

	if (v == NULL)
		return NULL;
	if (r->rule.from && r->rule.to)
		json_object_set_new(
			v, "direction", json_sprintf("%s->%s", r->rule.from, r->rule.to));
	json_object_del(v, "from");
	json_object_del(v, "to");
	json_object_set_new(v, "risk", risk_json(bits));
	return v;
}

json_t *mg_h_builtin_row(const struct fw_builtin *b, enum sk_lang lang)
{
	json_t *v = mg_builtin_to_json(b);

	if (v)
		json_object_set_new(v, "purpose", json_string(sk_text(&b->purpose, lang)));
	return v;
}

/* ---- differences --------------------------------------------------------------------------------
 */

static void put_value(struct sk_buf *b, const char *key, const json_t *v)
{
	char date[40];

	if (json_is_string(v))
		sk_buf_puts(b, json_string_value(v));
	else if (json_is_integer(v) && strcmp(key, "expiry") == 0)
		sk_buf_puts(b, sk_date_format(json_integer_value(v), date, sizeof(date)));
	else if (json_is_boolean(v))
		sk_buf_puts(b, json_is_true(v) ? "yes" : "no");
	else if (json_is_integer(v))
		sk_buf_printf(b, "%lld", (long long)json_integer_value(v));
	else
		sk_buf_puts(b, "-");
}

char *mg_h_diff_text(const struct fw_rule *before, const struct fw_rule *after)
{
	static const char *const keys[] = {"kind", "source", "destination", "from", "to",
		"protocol", "port", "purpose", "expiry", "nat_to", "order", "log", "partner",
		"ticket"};
	json_t *diff = fw_rule_diff(before, after);
	struct sk_buf b;

	sk_buf_init(&b, 1u << 20);
	for (size_t i = 0; diff && i < SK_ARRAY_SIZE(keys); i++) {
		const json_t *pair = json_object_get(diff, keys[i]);

		if (pair == NULL)
			continue;
		sk_buf_printf(&b, "%s%s: ", b.len ? "; " : "", keys[i]);
		put_value(&b, keys[i], json_array_get(pair, 0));
		sk_buf_puts(&b, " → ");
		put_value(&b, keys[i], json_array_get(pair, 1));
	}
	json_decref(diff);
	if (b.len == 0) {
		sk_buf_done(&b);
		return NULL;
	}
	return sk_buf_take(&b);
}
