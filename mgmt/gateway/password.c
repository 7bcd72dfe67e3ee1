// SPDX-License-Identifier: GPL-2.0-or-later
/* What a password must be (guideline No.115). */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/gateway/gateway.h"

#define LENGTH_MIN 10
#define LENGTH_FREE 20 /* from here on it may be words alone */
#define RUN_MAX 4      /* aaaa, 1234, qwer */

static unsigned classes(const char *s)
{
	unsigned seen = 0;

	for (; *s; s++) {
		const unsigned char c = (unsigned char)*s;

		seen |= islower(c) ? 1u : isupper(c) ? 2u : isdigit(c) ? 4u : 8u;
	}
	return (unsigned)__builtin_popcount(seen);
}

/* The same character, one step up or down, or a row of the keyboard. */
static bool sequence(const char *s)
{
	static const char *const rows[] = {"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"};
	const size_t n = strlen(s);
	char low[RUN_MAX + 1];

	for (size_t i = 0; i + RUN_MAX <= n; i++) {
		bool same = true, up = true, down = true;

		for (size_t k = 0; k < RUN_MAX; k++)
			low[k] = (char)tolower((unsigned char)s[i + k]);
		low[RUN_MAX] = '\0';
		for (size_t k = 1; k < RUN_MAX; k++) {
			same = same && low[k] == low[0];
			up = up && low[k] == low[k - 1] + 1;
			down = down && low[k] == low[k - 1] - 1;
		}
		if (same || up || down)
			return true;
		for (size_t k = 0; k < SK_ARRAY_SIZE(rows); k++)
			if (strstr(rows[k], low))
				return true;
	}
	return false;
}

static bool known(const char *s, const char *name)
{
	static const char *const words[] = {"password", "passwd", "sekisho", "admin", "letmein"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(words); i++)
		if (strcasestr(s, words[i]))
			return true;
	return name && strlen(name) >= 3 && strcasestr(s, name);
}

int mg_gateway_check_password(const char *password, const char *name, struct sk_err *err)
{
	const size_t n = strlen(password);

	if (n < LENGTH_MIN)
		return sk_err_set(err, -EINVAL, "password", "at least %d characters",
			"%d 文字以上にしてください", LENGTH_MIN);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)password[i] < ' ' || password[i] == 0x7f)
			return sk_err_set(err, -EINVAL, "password", "has a control character",
				"制御文字は使えません");
	if (n < LENGTH_FREE && classes(password) < 3)
		return sk_err_set(err, -EINVAL, "password",
			"use three of: small letters, capitals, digits, others; or %d characters",
			"英小文字・英大文字・数字・記号のうち 3 種類を使うか、%d 文字以上にしてくだ"
			"さい",
			LENGTH_FREE);
	if (sequence(password))
		return sk_err_set(err, -EINVAL, "password",
			"no sequences such as 1234, aaaa or qwer",
			"1234、aaaa、qwer のような並びは使えません");
	if (known(password, name))
		return sk_err_set(err, -EINVAL, "password",
			"contains the user's name or a well-known word",
			"利用者名や推測されやすい語が含まれています");
	return 0;
}
