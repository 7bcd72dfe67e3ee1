/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a record as one table: what is not in it cannot happen. Called by the workflow, which
 * adds who may do it; the table only knows what.
 */
#include "fw/registry/state.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"

/* Next state plus one; 0: impossible. */
#define TO(s) ((s) + 1)

static const uint8_t table[FW_STATES][FW_EVENTS] = {
	[FW_DRAFT] = {[FW_EV_SUBMIT] = TO(FW_REQUESTED), [FW_EV_REMOVE] = TO(FW_REMOVED)},
	[FW_REQUESTED] = {[FW_EV_APPROVE] = TO(FW_APPROVED),
		[FW_EV_RETURN] = TO(FW_RETURNED),
		[FW_EV_WITHDRAW] = TO(FW_DRAFT),
		[FW_EV_REMOVE] = TO(FW_REMOVED)},
	[FW_RETURNED] = {[FW_EV_SUBMIT] = TO(FW_REQUESTED), [FW_EV_REMOVE] = TO(FW_REMOVED)},
	[FW_APPROVED] = {[FW_EV_APPLY] = TO(FW_ACTIVE),
		[FW_EV_SUSPEND] = TO(FW_SUSPENDED),
		[FW_EV_EXPIRE] = TO(FW_EXPIRED),
		[FW_EV_REMOVE] = TO(FW_REMOVED)},
	[FW_ACTIVE] = {[FW_EV_SUSPEND] = TO(FW_SUSPENDED),
		[FW_EV_EXPIRE] = TO(FW_EXPIRED),
		[FW_EV_REMOVE] = TO(FW_REMOVED)},
	[FW_SUSPENDED] = {[FW_EV_RESUME] = TO(FW_APPROVED),
		[FW_EV_EXPIRE] = TO(FW_EXPIRED),
		[FW_EV_REMOVE] = TO(FW_REMOVED)},
	[FW_EXPIRED] = {[FW_EV_RENEW] = TO(FW_APPROVED), [FW_EV_REMOVE] = TO(FW_REMOVED)},
};

static const struct {
	const char *name;
	struct sk_text text;
} states[FW_STATES] = {
	[FW_DRAFT] = {"draft", {"Draft", "下書き"}},
	[FW_REQUESTED] = {"requested", {"Waiting for approval", "承認待ち"}},
	[FW_RETURNED] = {"returned", {"Sent back", "差し戻し"}},
	[FW_APPROVED] = {"approved", {"Approved", "承認済み"}},
	[FW_ACTIVE] = {"active", {"In force", "有効"}},
	[FW_SUSPENDED] = {"suspended", {"Suspended", "停止中"}},
	[FW_EXPIRED] = {"expired", {"Expired", "期限切れ"}},
	[FW_REMOVED] = {"removed", {"Removed", "削除済み"}},
};

static const struct {
	const char *name, *ja;
} events[FW_EVENTS] = {
	[FW_EV_SUBMIT] = {"submit", "申請"},
	[FW_EV_APPROVE] = {"approve", "承認"},
	[FW_EV_RETURN] = {"return", "差し戻し"},
	[FW_EV_WITHDRAW] = {"withdraw", "取り下げ"},
	[FW_EV_APPLY] = {"apply", "適用"},
	[FW_EV_SUSPEND] = {"suspend", "停止"},
	[FW_EV_RESUME] = {"resume", "再開"},
	[FW_EV_EXPIRE] = {"expire", "期限切れ"},
	[FW_EV_RENEW] = {"renew", "延長"},
	[FW_EV_REMOVE] = {"remove", "削除"},
};

static bool valid_state(enum fw_state s)
{
	return (unsigned)s < FW_STATES;
}

static void append(char *dst, size_t cap, const char *sep, const char *s)
{
	size_t len = strlen(dst);

	snprintf(dst + len, cap - len, "%s%s", len ? sep : "", s);
}

/* The languages need different words, so the texts are written into err one by one. */
static int refuse(enum fw_state s, enum fw_event ev, struct sk_err *err)
{
	char en[160] = "", ja[200] = "";

	for (unsigned e = 0; e < FW_EVENTS; e++) {
		if (!table[s][e])
			continue;
		append(en, sizeof(en), ", ", events[e].name);
		append(ja, sizeof(ja), "、", events[e].ja);
	}
	sk_err_set(err, -ESTALE, "state", "%s", "%s", "");
	if (!err)
		return -ESTALE;
	snprintf(err->en, sizeof(err->en),
		"%s is not possible while the record is %s; possible now: %s", events[ev].name,
		states[s].name, en[0] ? en : "nothing");
	snprintf(err->ja, sizeof(err->ja), "「%s」の記録に「%s」はできません。今できる操作: %s",
		states[s].text.ja, events[ev].ja, ja[0] ? ja : "なし");
	return -ESTALE;
}

int fw_state_next(enum fw_state s, enum fw_event ev, enum fw_state *ret, struct sk_err *err)
{
	if (!valid_state(s) || (unsigned)ev >= FW_EVENTS)
		return sk_err_set(err, -ESTALE, "state", "unknown state or event",
			"状態または操作が不明です");
	if (!table[s][ev])
		return refuse(s, ev, err);
	*ret = (enum fw_state)(table[s][ev] - 1);
	return 0;
}

bool fw_state_in_kernel(enum fw_state s)
{
	return s == FW_APPROVED || s == FW_ACTIVE;
}

const char *fw_state_name(enum fw_state s)
{
	return valid_state(s) ? states[s].name : "unknown";
}

const struct sk_text *fw_state_text(enum fw_state s)
{
	static const struct sk_text unknown = {"Unknown", "不明"};

	return valid_state(s) ? &states[s].text : &unknown;
}

int fw_state_parse(const char *s, enum fw_state *ret)
{
	for (unsigned i = 0; s && i < FW_STATES; i++) {
		if (strcmp(states[i].name, s) == 0) {
			*ret = (enum fw_state)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *fw_event_name(enum fw_event ev)
{
	return (unsigned)ev < FW_EVENTS ? events[ev].name : "unknown";
}
