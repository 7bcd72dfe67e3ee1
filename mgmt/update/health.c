/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this start a good one? See health.h. */
#include "mgmt/update/health.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

static const struct {
	const char *name;
	struct sk_text wrong;
} checks[MG_HEALTH_CHECKS] = {
	[MG_HEALTH_MANAGEMENT] = {"management",
		{"the management daemon does not answer", "管理デーモンが応答しません"}},
	[MG_HEALTH_POLICY] = {"policy",
		{"the policy is not in force", "ポリシーが反映されていません"}},
	[MG_HEALTH_TABLE] = {"kernel",
		{"the kernel does not hold the firewall's table",
			"カーネルにファイアウォールの表がありません"}},
	[MG_HEALTH_INSPECTION] = {"inspection",
		{"the inspection does not answer", "検査エンジンが応答しません"}},
	[MG_HEALTH_ADMISSION] = {"admission",
		{"the admission of devices does not answer", "端末の接続許可が応答しません"}},
};

const char *mg_health_name(enum mg_health_check c)
{
	return checks[c].name;
}

const struct sk_text *mg_health_text(enum mg_health_check c)
{
	return &checks[c].wrong;
}

int mg_health_parse(const char *name, enum mg_health_check *ret)
{
	for (int i = 0; i < MG_HEALTH_CHECKS; i++)
		if (sk_streq(name, checks[i].name)) {
			*ret = (enum mg_health_check)i;
			return 0;
		}
	return -EINVAL;
}

static const char *str(const json_t *v, const char *key)
{
	return json_string_value(json_object_get(v, key));
}

/* A new gateway has no policy yet: all is blocked. One that has rules in force must have one. */
static bool policy_stands(const json_t *status)
{
	const json_t *rules = json_object_get(status, "rules_by_state");
	const char *state = str(status, "state");

	if (!sk_streq(str(status, "fwd"), "reachable"))
		return false;
	if (sk_streq(state, "none"))
		return json_integer_value(json_object_get(rules, "active")) == 0;
	return sk_streq(state, "running") || sk_streq(state, "confirming");
}

static bool inspection_answers(const json_t *ips)
{
	const char *state = str(ips, "state");

	return sk_streq(state, "inspecting") || sk_streq(state, "no_rules");
}

/* Where no port is under admission, nacd need not run. */
static bool admission_answers(const json_t *status, const json_t *nac)
{
	const json_t *a = json_object_get(status, "admission");
	const char *state = str(a, "document_state");

	if (json_integer_value(json_object_get(a, "ports_admitting")) == 0)
		return true;
	return nac && !sk_streq(state, "unreachable") && !sk_streq(state, "refused");
}

unsigned mg_health_judge(const struct mg_health_answers *a)
{
	unsigned failed = 0;

	if (!a->table)
		failed |= 1u << MG_HEALTH_TABLE;
	if (!a->status)
		return failed | 1u << MG_HEALTH_MANAGEMENT;
	if (!policy_stands(a->status))
		failed |= 1u << MG_HEALTH_POLICY;
	if (!inspection_answers(a->ips))
		failed |= 1u << MG_HEALTH_INSPECTION;
	if (!admission_answers(a->status, a->nac))
		failed |= 1u << MG_HEALTH_ADMISSION;
	return failed;
}

bool mg_health_protected(unsigned failed)
{
	return !(failed &
		(1u << MG_HEALTH_MANAGEMENT | 1u << MG_HEALTH_POLICY | 1u << MG_HEALTH_TABLE));
}

enum mg_health_verdict mg_health_decide(unsigned failed, bool known_good, bool other_slot)
{
	return failed ? mg_health_unmarked(known_good, other_slot) : MG_HEALTH_GOOD;
}

enum mg_health_verdict mg_health_unmarked(bool known_good, bool other_slot)
{
	return known_good || !other_slot ? MG_HEALTH_STAY : MG_HEALTH_RETURN;
}
