/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which version is newer, and whether an offered one may be installed. */
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/update/update.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int mg_version_check(const char *v, struct sk_err *err)
{
	bool fits = v && is_digit(v[0]) && strlen(v) < MG_VERSION_MAX;

	for (const char *p = v; fits && *p; p++)
		fits = is_digit(*p) || is_letter(*p) || strchr(".+~-", *p);
	return fits ? 0
		    : sk_err_set(err, -EINVAL, "version", "is no version such as 1.2.3",
			      "バージョン (例: 1.2.3) ではありません");
}

/* "~" before the end, the end before letters, letters before all else. */
static int rank(char c)
{
	if (c == '~')
		return -1;
	if (!c || is_digit(c))
		return 0;
	return is_letter(c) ? c : c + 256;
}

static int order_text(const char **a, const char **b)
{
	while ((**a && !is_digit(**a)) || (**b && !is_digit(**b))) {
		const int d = rank(**a) - rank(**b);

		if (d)
			return d;
		*a += **a && !is_digit(**a);
		*b += **b && !is_digit(**b);
	}
	return 0;
}

static int order_number(const char **a, const char **b)
{
	int d = 0;

	while (**a == '0')
		++*a;
	while (**b == '0')
		++*b;
	for (; is_digit(**a) && is_digit(**b); ++*a, ++*b)
		if (!d)
			d = **a - **b;
	if (is_digit(**a))
		return 1;
	return is_digit(**b) ? -1 : d;
}

int mg_version_order(const char *a, const char *b)
{
	while (*a || *b) {
		int d = order_text(&a, &b);

		if (!d)
			d = order_number(&a, &b);
		if (d)
			return d;
	}
	return 0;
}

int mg_update_allowed(const struct mg_offer *o, struct sk_err *err)
{
	int d, r = mg_version_check(o->version, err);

	if (r < 0)
		return r;
	if (!sk_streq(o->compatible, o->running_compatible))
		return sk_err_set(err, -EINVAL, "compatible",
			"is for another kind of machine (%s, this one is %s)",
			"別の機種用です (%s、本装置は %s)", o->compatible, o->running_compatible);
	d = mg_version_order(o->version, o->running);
	if (d > 0 || o->downgrade)
		return 0;
	if (d == 0)
		return sk_err_set(err, -EALREADY, "version",
			"version %s already runs; to write it once more: --downgrade",
			"版 %s は既に動作中です。もう一度書き込む場合は --downgrade "
			"を付けてください",
			o->version);
	return sk_err_set(err, -EPERM, "version",
		"version %s is older than %s, which runs: an older version brings its flaws back; "
		"if "
		"that is what you want: --downgrade",
		"版 %s は動作中の %s より古い版です。古い版には修正済みの欠陥が残っています。"
		"それでも入れる場合は --downgrade を付けてください",
		o->version, o->running);
}

/* ---- the base system ----
 * Debian 12 and 13: full support three years after the release, LTS two more (debian.org/lts).
 */
#define DAY 86400ll
#define NOTICE (180 * DAY)

static const struct {
	const char *version;
	int64_t full, lts; /* first second without */
} bases[] = {
	{"12", 1781049600, 1846022400}, /* 2026-06-10, 2028-07-01 */
	{"13", 1849478400, 1909094400}, /* 2028-08-10, 2030-07-01 */
};

const struct sk_text *mg_base_support(const char *os_version, int64_t now)
{
	static const struct sk_text over = {
		"the base system (Debian) no longer gets security fixes: update to a newer version",
		"基本システム (Debian) のセキュリティ修正の提供が終了しています。新しい版に"
		"更新してください"};
	static const struct sk_text soon = {
		"security fixes for the base system (Debian) end within six months",
		"基本システム (Debian) のセキュリティ修正の提供が半年以内に終了します"};
	static const struct sk_text lts = {
		"the base system (Debian) gets only long-term fixes: plan the update to a newer "
		"version",
		"基本システム (Debian) は長期サポート期間に入っています。新しい版への更新を計画して"
		"ください"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(bases); i++) {
		if (!sk_streq(bases[i].version, os_version))
			continue;
		if (now >= bases[i].lts)
			return &over;
		if (now >= bases[i].lts - NOTICE)
			return &soon;
		return now >= bases[i].full ? &lts : NULL;
	}
	return NULL;
}
