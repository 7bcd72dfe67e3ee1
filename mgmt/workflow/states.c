/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of the workflow: what a revision asks for, and the life of a change of settings. */
#include <errno.h>

#include "lib/util.h"
#include "mgmt/workflow/workflow.h"

struct word {
	const char *name;
	struct sk_text text;
};

static const struct word intents[MG_INTENTS] = {
	[MG_NEW] = {"new", {"new rule", "新規"}},
	[MG_MODIFY] = {"change", {"change", "変更"}},
	[MG_EXTEND] = {"extend", {"extension", "延長"}},
	[MG_REMOVAL] = {"remove", {"removal", "削除"}},
	[MG_IMPORT] = {"import", {"import", "取込み"}},
};

static const struct word states[MG_CHANGE_STATES] = {
	[MG_CHS_REQUESTED] = {"requested", {"waiting for approval", "承認待ち"}},
	[MG_CHS_RETURNED] = {"returned", {"returned", "差し戻し"}},
	[MG_CHS_APPROVED] = {"approved", {"approved, not applied yet", "承認済み (適用待ち)"}},
	[MG_CHS_ACTIVE] = {"active", {"in force", "適用中"}},
	[MG_CHS_SUPERSEDED] = {"superseded", {"superseded", "置き換え済み"}},
};

/* -1: not possible */
static const signed char next[MG_CHANGE_STATES][MG_CHE_EVENTS] = {
	[MG_CHS_REQUESTED] = {[MG_CHE_APPROVE] = MG_CHS_APPROVED,
		[MG_CHE_RETURN] = MG_CHS_RETURNED,
		[MG_CHE_APPLY] = -1,
		[MG_CHE_SUPERSEDE] = -1},
	[MG_CHS_RETURNED] = {-1, -1, -1, -1},
	[MG_CHS_APPROVED] = {[MG_CHE_APPROVE] = -1,
		[MG_CHE_RETURN] = -1,
		[MG_CHE_APPLY] = MG_CHS_ACTIVE,
		[MG_CHE_SUPERSEDE] = MG_CHS_SUPERSEDED},
	[MG_CHS_ACTIVE] = {[MG_CHE_APPROVE] = -1,
		[MG_CHE_RETURN] = -1,
		[MG_CHE_APPLY] = -1,
		[MG_CHE_SUPERSEDE] = MG_CHS_SUPERSEDED},
	[MG_CHS_SUPERSEDED] = {-1, -1, -1, -1},
};

const char *mg_intent_name(enum mg_intent i)
{
	return intents[i].name;
}

const struct sk_text *mg_intent_text(enum mg_intent i)
{
	return &intents[i].text;
}

int mg_intent_parse(const char *s, enum mg_intent *ret)
{
	for (size_t i = 0; i < MG_INTENTS; i++) {
		if (sk_streq(s, intents[i].name)) {
			*ret = (enum mg_intent)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* sk_err_set gives both languages the same arguments; a state's word differs. */
static int refuse(struct sk_err *err, const struct sk_text *state)
{
	if (err == NULL)
		return -ESTALE;
	sk_err_en(err, -ESTALE, "state", "not possible any more");
	snprintf(err->en, sizeof(err->en), "the change is \"%s\": this is not possible any more",
		state->en);
	snprintf(err->ja, sizeof(err->ja), "この変更は「%s」のため、この操作はできません",
		state->ja);
	return -ESTALE;
}

int mg_change_next(enum mg_change_state s, enum mg_change_event ev, enum mg_change_state *ret,
	struct sk_err *err)
{
	signed char to = next[s][ev];

	if (to < 0)
		return refuse(err, &states[s].text);
	*ret = (enum mg_change_state)to;
	return 0;
}

const char *mg_change_state_name(enum mg_change_state s)
{
	return states[s].name;
}

const struct sk_text *mg_change_state_text(enum mg_change_state s)
{
	return &states[s].text;
}

int mg_change_state_parse(const char *s, enum mg_change_state *ret)
{
	for (size_t i = 0; i < MG_CHANGE_STATES; i++) {
		if (sk_streq(s, states[i].name)) {
			*ret = (enum mg_change_state)i;
			return 0;
		}
	}
	return -EINVAL;
}
