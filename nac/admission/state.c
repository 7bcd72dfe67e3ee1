/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a registered device as one table: what is not in it cannot happen. Called by the
 * workflow, which adds who may do it.
 */
#include "nac/admission/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"

/* Next state plus one; 0: impossible. */
#define TO(s) ((s) + 1)

static const uint8_t table[NAC_STATES][NAC_STEPS] = {
	[NAC_DRAFT] = {[NAC_STEP_SUBMIT] = TO(NAC_REQUESTED), [NAC_STEP_REMOVE] = TO(NAC_REMOVED)},
	[NAC_REQUESTED] = {[NAC_STEP_APPROVE] = TO(NAC_ACTIVE),
		[NAC_STEP_RETURN] = TO(NAC_RETURNED),
		[NAC_STEP_WITHDRAW] = TO(NAC_DRAFT),
		[NAC_STEP_REMOVE] = TO(NAC_REMOVED)},
	[NAC_RETURNED] =
		{[NAC_STEP_SUBMIT] = TO(NAC_REQUESTED), [NAC_STEP_REMOVE] = TO(NAC_REMOVED)},
	[NAC_ACTIVE] = {[NAC_STEP_QUARANTINE] = TO(NAC_QUARANTINED),
		[NAC_STEP_EXPIRE] = TO(NAC_EXPIRED),
		[NAC_STEP_RENEW] = TO(NAC_ACTIVE),
		[NAC_STEP_REVOKE] = TO(NAC_REVOKED),
		[NAC_STEP_REMOVE] = TO(NAC_REMOVED)},
	[NAC_QUARANTINED] = {[NAC_STEP_RELEASE] = TO(NAC_ACTIVE),
		[NAC_STEP_EXPIRE] = TO(NAC_EXPIRED),
		[NAC_STEP_REVOKE] = TO(NAC_REVOKED),
		[NAC_STEP_REMOVE] = TO(NAC_REMOVED)},
	[NAC_EXPIRED] = {[NAC_STEP_RENEW] = TO(NAC_ACTIVE),
		[NAC_STEP_REVOKE] = TO(NAC_REVOKED),
		[NAC_STEP_REMOVE] = TO(NAC_REMOVED)},
	[NAC_REVOKED] =
		{[NAC_STEP_SUBMIT] = TO(NAC_REQUESTED), [NAC_STEP_REMOVE] = TO(NAC_REMOVED)},
};

static const struct {
	const char *name;
	struct sk_text text;
} states[NAC_STATES] = {
	[NAC_DRAFT] = {"draft", {"Draft", "下書き"}},
	[NAC_REQUESTED] = {"requested", {"Waiting for approval", "承認待ち"}},
	[NAC_RETURNED] = {"returned", {"Sent back", "差し戻し"}},
	[NAC_ACTIVE] = {"active", {"Permitted", "許可"}},
	[NAC_QUARANTINED] = {"quarantined", {"Quarantined", "隔離"}},
	[NAC_EXPIRED] = {"expired", {"Expired", "期限切れ"}},
	[NAC_REVOKED] = {"revoked", {"Revoked", "許可取消"}},
	[NAC_REMOVED] = {"removed", {"Removed", "削除済み"}},
};

static const struct {
	const char *name, *ja;
} events[NAC_STEPS] = {
	[NAC_STEP_SUBMIT] = {"submit", "申請"},
	[NAC_STEP_APPROVE] = {"approve", "承認"},
	[NAC_STEP_RETURN] = {"return", "差し戻し"},
	[NAC_STEP_WITHDRAW] = {"withdraw", "取り下げ"},
	[NAC_STEP_QUARANTINE] = {"quarantine", "隔離"},
	[NAC_STEP_RELEASE] = {"release", "隔離解除"},
	[NAC_STEP_EXPIRE] = {"expire", "期限切れ"},
	[NAC_STEP_RENEW] = {"renew", "延長"},
	[NAC_STEP_REVOKE] = {"revoke", "許可取消"},
	[NAC_STEP_REMOVE] = {"remove", "削除"},
};

static bool valid_state(enum nac_state s)
{
	return (unsigned)s < NAC_STATES;
}

static void append(char *dst, size_t cap, const char *sep, const char *s)
{
	size_t len = strlen(dst);

	snprintf(dst + len, cap - len, "%s%s", len ? sep : "", s);
}

/* The languages need different words, so the texts are written into err one by one. */
static int refuse(enum nac_state s, enum nac_step ev, struct sk_err *err)
{
	char en[160] = "", ja[200] = "";

	for (unsigned e = 0; e < NAC_STEPS; e++) {
		if (!table[s][e])
			continue;
		append(en, sizeof(en), ", ", events[e].name);
		append(ja, sizeof(ja), "、", events[e].ja);
	}
	sk_err_set(err, -ESTALE, "state", "%s", "%s", "");
	if (!err)
		return -ESTALE;
	snprintf(err->en, sizeof(err->en),
		"%s is not possible while the device is %s; possible now: %s", events[ev].name,
		states[s].name, en[0] ? en : "nothing");
	snprintf(err->ja, sizeof(err->ja), "「%s」の端末に「%s」はできません。今できる操作: %s",
		states[s].text.ja, events[ev].ja, ja[0] ? ja : "なし");
	return -ESTALE;
}

int nac_state_next(enum nac_state s, enum nac_step ev, enum nac_state *ret, struct sk_err *err)
{
	if (!valid_state(s) || (unsigned)ev >= NAC_STEPS)
		return sk_err_set(err, -ESTALE, "state", "unknown state or event",
			"状態または操作が不明です");
	if (!table[s][ev])
		return refuse(s, ev, err);
	*ret = (enum nac_state)(table[s][ev] - 1);
	return 0;
}

bool nac_state_in_document(enum nac_state s)
{
	return s == NAC_ACTIVE || s == NAC_QUARANTINED || s == NAC_REVOKED;
}

bool nac_state_expiring(enum nac_state s, int64_t expires, int64_t now)
{
	return s == NAC_ACTIVE && expires > now &&
		expires - now <= (int64_t)NAC_EXPIRING_DAYS * 86400;
}

const char *nac_state_name(enum nac_state s)
{
	return valid_state(s) ? states[s].name : "unknown";
}

const struct sk_text *nac_state_text(enum nac_state s)
{
	static const struct sk_text unknown = {"Unknown", "不明"};

	return valid_state(s) ? &states[s].text : &unknown;
}

int nac_state_parse(const char *s, enum nac_state *ret)
{
	for (unsigned i = 0; s && i < NAC_STATES; i++) {
		if (strcmp(states[i].name, s) == 0) {
			*ret = (enum nac_state)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *nac_step_name(enum nac_step ev)
{
	return (unsigned)ev < NAC_STEPS ? events[ev].name : "unknown";
}
