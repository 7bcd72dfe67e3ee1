/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes a record complete and meaningful: guideline item No.104's nine fields, and that text,
 * kind and translation agree. Every door into the gateway goes through here: forms, CSV, API, and
 * the policy loader.
 */
#include <errno.h>
#include <string.h>

#include "fw/registry/rule.h"
#include "fw/registry/rule_fields.h"
#include "fw/registry/text.h"
#include "lib/clock.h"
#include "lib/util.h"

#define TEXT_MAX_DEFAULT 1000
#define DAY INT64_C(86400)

static bool blank(const char *s)
{
	return !s || !s[0];
}

static int check_head(const struct fw_rule *r, struct sk_err *err)
{
	if ((unsigned)r->kind >= FW_KINDS)
		return sk_err_set(err, -EINVAL, "kind",
			"unknown kind; write allow, deny, dnat or snat",
			"種別が不明です。許可、遮断、ポート転送、送信元変換のどれかにしてください");
	if ((unsigned)r->state >= FW_STATES)
		return sk_err_set(err, -EINVAL, "state", "unknown state", "状態が不明です");
	if (r->number > FW_NUMBER_MAX)
		return sk_err_set(err, -EINVAL, "number", "the number must be at most %u",
			"番号は %u 以下にしてください", FW_NUMBER_MAX);
	if (r->order < 1 || r->order > FW_ORDER_MAX)
		return sk_err_set(err, -EINVAL, "order",
			"the order must be from 1 to %d; smaller comes first",
			"優先順は 1〜%d で書いてください(小さい方が先)", FW_ORDER_MAX);
	return 0;
}

static int check_texts(const struct fw_rule *r, size_t max, struct sk_err *err)
{
	const struct {
		const char *field, *value;
		size_t min, max;
	} texts[] = {
		{"applicant", r->applicant, 1, SK_MIN(max, (size_t)FW_WORDS_MAX)},
		{"purpose", r->purpose, 2, max},
		{"approver", r->approver, 1, SK_MIN(max, (size_t)FW_WORDS_MAX)},
		{"partner", r->partner, 1, SK_MIN(max, (size_t)FW_WORDS_MAX)},
		{"ticket", r->ticket, 1, SK_MIN(max, (size_t)FW_WORDS_MAX)},
	};
	int ret;

	if (blank(r->applicant))
		return sk_err_set(err, -EINVAL, "applicant",
			"the applicant is missing; write who asks for this rule",
			"申請者がありません。このルールを必要とする人の名前を書いてください");
	if (blank(r->purpose))
		return sk_err_set(err, -EINVAL, "purpose",
			"the purpose is missing; write what this traffic is used for",
			"利用用途がありません。何に使う通信かを書いてください");
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++) {
		if (blank(texts[i].value))
			continue;
		ret = fw_text_check(
			texts[i].field, texts[i].value, texts[i].min, texts[i].max, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int check_direction(const struct fw_rule *r, struct sk_err *err)
{
	bool from_self, to_self;

	if (blank(r->from) || blank(r->to))
		return sk_err_set(err, -EINVAL, "direction",
			"the direction is missing; write it as zones, such as lan->wan",
			"通信方向がありません。lan->wan のようにゾーンで書いてください");
	if (!fw_rule_zone_valid(r->from) || !fw_rule_zone_valid(r->to)) {
		char q[FW_QUOTE_MAX];

		return sk_err_set(err, -EINVAL, "direction",
			"'%s' is not a zone name: a lower-case letter, then at most 14 letters, "
			"digits or _",
			"「%s」はゾーン名として使えません。英小文字で始め、英小文字・数字・_ "
			"で15文字以内です",
			fw_quote(q, fw_rule_zone_valid(r->from) ? r->to : r->from));
	}
	from_self = strcmp(r->from, FW_ZONE_SELF) == 0;
	to_self = strcmp(r->to, FW_ZONE_SELF) == 0;
	if (from_self && to_self)
		return sk_err_set(err, -EINVAL, "direction",
			"traffic from the gateway to itself needs no rule; choose another zone",
			"本装置から本装置への通信にルールは要りません。別のゾーンを選んでください");
	if (r->kind == FW_DNAT && from_self)
		return sk_err_set(err, -EINVAL, "direction",
			"port forwarding is for traffic that arrives; choose the zone it comes "
			"from",
			"ポート転送は届いた通信に対する設定です。通信が来るゾーンを選んでください");
	if (r->kind == FW_SNAT && to_self)
		return sk_err_set(err, -EINVAL, "direction",
			"source translation is for traffic that leaves; choose the zone it goes to",
			"送信元変換は出ていく通信に対する設定です。通信が出るゾーンを選んでくださ"
			"い");
	return 0;
}

/* The last second at which a record may expire: the end of the last day, in civil time. */
static bool beyond(int64_t expiry, int64_t base, int days)
{
	if (expiry <= base + days * DAY)
		return false;
	if (expiry > base + (days + 2) * DAY)
		return true;
	return expiry >= sk_day_add(sk_day_start(base), days + 1);
}

static int check_times(
	const struct fw_rule *r, const struct fw_rule_limits *lim, struct sk_err *err)
{
	int days = lim->expiry_days_max > 0 ? lim->expiry_days_max : FW_EXPIRY_DAYS_DEFAULT;
	int64_t base = lim->now ? lim->now : r->registered;
	char date[16];

	if (r->registered <= 0)
		return sk_err_set(err, -EINVAL, "registered",
			"the registration date is missing; write it as 2026-04-01",
			"登録日がありません。2026-04-01 のように書いてください");
	if (r->registered > FW_TIME_MAX || (lim->now && r->registered > lim->now + DAY))
		return sk_err_set(err, -EINVAL, "registered",
			"the registration date is in the future; write the day of registration",
			"登録日が未来です。登録した日を書いてください");
	if (r->expiry <= 0)
		return sk_err_set(err, -EINVAL, "expiry",
			"the expiry date is missing; write the last day of use, such as 2027-03-31",
			"有効期限がありません。最後に使う日を 2027-03-31 のように書いてください");
	if (r->expiry <= r->registered)
		return sk_err_set(err, -EINVAL, "expiry",
			"the expiry date is not after the registration date; write a later day",
			"有効期限が登録日より後になっていません。後の日付を書いてください");
	if (r->expiry <= base)
		return sk_err_set(err, -EINVAL, "expiry",
			"the expiry date is past; write a day in the future",
			"有効期限が過ぎています。これからの日付を書いてください");
	if (r->expiry <= FW_TIME_MAX && !beyond(r->expiry, base, days))
		return 0;
	return sk_err_set(err, -EINVAL, "expiry",
		"the expiry date is more than %d days ahead; write %s or earlier",
		"有効期限が %d 日より先です。%s 以前の日付を書いてください", days,
		sk_date_format(sk_day_add(base, days), date, sizeof(date)));
}

static int check_history(const struct fw_rule *r, struct sk_err *err)
{
	const struct {
		const char *field;
		int64_t value;
	} times[] = {{"approved_at", r->approved_at}, {"last_reviewed", r->last_reviewed},
		{"last_hit", r->last_hit}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(times); i++)
		if (times[i].value < 0 || times[i].value > FW_TIME_MAX)
			return sk_err_set(err, -EINVAL, times[i].field, "the time is out of range",
				"日時が範囲外です");
	return 0;
}

int fw_rule_validate(const struct fw_rule *r, const struct fw_objects *o,
	const struct fw_rule_limits *lim, struct fw_match *ret_match, struct sk_err *err)
{
	static const struct fw_rule_limits defaults;
	struct fw_match m;
	int ret;

	if (!lim)
		lim = &defaults;
	ret = check_head(r, err);
	if (ret == 0)
		ret = check_texts(r, lim->text_max ? lim->text_max : TEXT_MAX_DEFAULT, err);
	if (ret == 0)
		ret = check_direction(r, err);
	if (ret == 0)
		ret = check_times(r, lim, err);
	if (ret == 0)
		ret = check_history(r, err);
	if (ret == 0)
		ret = fw_match_compile(r, o, &m, err);
	if (ret < 0)
		return ret;
	if (ret_match)
		*ret_match = m;
	else
		fw_match_done(&m);
	return 0;
}
