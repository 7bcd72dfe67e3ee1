/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decisions about people and times: who may approve, review or manage whom, and when reminders are
 * due. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/utf8.h"
#include "lib/util.h"
#include "mgmt/command/command.h"
#include "mgmt/workflow/workflow.h"

#define DAY 86400
#define YEAR (366 * (int64_t)DAY)

static bool same_person(const char *a, const char *b)
{
	return a && b && strcasecmp(a, b) == 0;
}

static int check_enabled(const struct mg_person *who, struct sk_err *err)
{
	return who->enabled ? 0
			    : sk_err_set(err, -EPERM, NULL, "the account %s is disabled",
				      "アカウント %s は無効です", who->name);
}

int mg_wf_decide(const char *applicant, const struct mg_person *who, struct sk_err *err)
{
	if (check_enabled(who, err) < 0)
		return -EPERM;
	if (!(who->roles & MG_APPROVER))
		return sk_err_set(err, -EPERM, NULL, "only an approver decides about a request",
			"申請を承認・差し戻しできるのは承認者だけです");
	if (applicant == NULL || same_person(applicant, who->name))
		return sk_err_set(err, -EPERM, NULL,
			"this is your own request: another approver has to decide",
			"ご自身の申請です。別の承認者が判断する必要があります");
	return 0;
}

int mg_wf_own(const char *applicant, const struct mg_person *who, struct sk_err *err)
{
	if (check_enabled(who, err) < 0)
		return -EPERM;
	if (!same_person(applicant, who->name))
		return sk_err_set(err, -EPERM, NULL, "only the applicant %s may do this",
			"この操作ができるのは申請者 %s だけです", applicant ? applicant : "-");
	return 0;
}

int mg_wf_suspend(enum fw_kind kind, struct sk_err *err)
{
	if (kind != FW_DENY)
		return 0;
	return sk_err_set(err, -EPERM, NULL,
		"a deny rule cannot be suspended, because that would open the boundary: request "
		"its "
		"removal",
		"遮断ルールは停止できません (通信が許可されてしまうため)。削除を申請してください");
}

int mg_wf_reason(const char *field, const char *text, struct sk_err *err)
{
	for (const char *p = text; p && *p; p++)
		if (!isspace((unsigned char)*p))
			return 0;
	return sk_err_set(err, -EINVAL, field, "write down a reason", "理由を入力してください");
}

int mg_wf_text(const char *field, const char *text, size_t max, bool multi, struct sk_err *err)
{
	size_t len = strlen(text), n;
	uint32_t c;

	if (len > max)
		return sk_err_set(err, -EINVAL, field, "longer than %zu bytes",
			"%zu バイトを超えています", max);
	for (size_t off = 0; off < len; off += n) {
		n = sk_utf8_next(text + off, len - off, &c);
		if (n == 0)
			return sk_err_set(err, -EINVAL, field, "not valid UTF-8 text",
				"UTF-8 として正しくない文字列です");
		if ((multi && (c == '\n' || c == '\t')) ||
			!(c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
				(c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029))
			continue;
		return sk_err_set(err, -EINVAL, field, "contains a control character (U+%04X)",
			"制御文字 (U+%04X) が含まれています", (unsigned)c);
	}
	return 0;
}

int mg_wf_notice(int64_t now, int64_t expiry, int last)
{
	static const int steps[] = {1, 7, 30};

	if (expiry < now)
		return 0;
	for (size_t i = 0; i < SK_ARRAY_SIZE(steps); i++)
		if (expiry - now <= (int64_t)steps[i] * DAY)
			return last && last <= steps[i] ? 0 : steps[i];
	return 0;
}

int mg_wf_review(const char *applicant, const struct mg_person *who, struct sk_err *err)
{
	if (check_enabled(who, err) < 0)
		return -EPERM;
	if (same_person(applicant, who->name))
		return sk_err_set(err, -EPERM, NULL,
			"you applied for this rule: somebody else has to review it",
			"ご自身が申請したルールです。別の担当者が棚卸しを行う必要があります");
	return 0;
}

bool mg_wf_review_direct(const char *applicant, const struct mg_person *who)
{
	return mg_wf_decide(applicant, who, NULL) == 0;
}

bool mg_wf_review_overdue(int64_t last_finished, int64_t first_active, int64_t now)
{
	int64_t since = last_finished ? last_finished : first_active;

	return since && now - since > YEAR;
}

bool mg_wf_account_name(const char *name)
{
	static const char *const reserved[] = {"system", "console", "root", "analysis"};
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	if (n == 0 || n > 63 || name[n] || name[0] < 'a' || name[0] > 'z')
		return false;
	for (size_t i = 0; i < SK_ARRAY_SIZE(reserved); i++)
		if (sk_streq(name, reserved[i]))
			return false;
	return true;
}

/* The last enabled administrator stays. */
static int check_last(const struct mg_account_step *st, struct sk_err *err)
{
	bool was = !st->is_new && st->enabled_before && (st->roles_before & MG_ADMIN);
	bool is = st->enabled_after && (st->roles_after & MG_ADMIN);

	if (!was || is || st->admins > 1)
		return 0;
	return sk_err_set(err, -EPERM, NULL,
		"%s is the last enabled administrator: make another one first",
		"%s は最後の有効な管理者です。先に別の管理者を登録してください", st->name);
}

bool mg_wf_account_grants(const struct mg_account_step *st)
{
	return st->is_new || (st->roles_after & ~st->roles_before) ||
		st->uid_before != st->uid_after || (st->enabled_after && !st->enabled_before);
}

int mg_wf_account_approve(const struct mg_account_step *st, const char *applicant,
	const struct mg_person *who, struct sk_err *err)
{
	int r = mg_wf_decide(applicant, who, err);

	if (r == 0 && same_person(st->name, who->name))
		r = sk_err_set(err, -EPERM, NULL,
			"this is your own account: another approver has to decide",
			"ご自身のアカウントです。別の承認者が判断する必要があります");
	return r < 0 ? r : check_last(st, err);
}

int mg_wf_account(const struct mg_account_step *st, const struct mg_person *who, struct sk_err *err)
{
	bool self = same_person(st->name, who->name);

	if (check_enabled(who, err) < 0)
		return -EPERM;
	if (!(who->roles & (MG_ADMIN | MG_CONSOLE)))
		return sk_err_set(err, -EPERM, NULL, "only an administrator manages accounts",
			"アカウントを管理できるのは管理者だけです");
	if (self && st->roles_before != st->roles_after)
		return sk_err_set(err, -EPERM, "roles",
			"nobody changes their own roles: ask another administrator",
			"ご自身の役割は変更できません。別の管理者に依頼してください");
	if (self && st->enabled_before != st->enabled_after)
		return sk_err_set(err, -EPERM, NULL, "nobody disables or enables their own account",
			"ご自身のアカウントの有効・無効は変更できません");
	return check_last(st, err);
}
