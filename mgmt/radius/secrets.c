// SPDX-License-Identifier: GPL-2.0-or-later
/* Secrets of switches, by name: what the agent signs with and the server verifies with. */
#include "mgmt/radius/secrets.h"

#include <errno.h>
#include <string.h>

#include "mgmt/radius/coa.h"

#define SECRET_MIN 8
#define NAME_MAX_LEN 63 /* as in a switch's record */

static int copy(const char *s, size_t n, char *dst, size_t cap)
{
	if (n < SECRET_MIN || n >= cap)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f || s[i] == ':')
			return -EINVAL;
	memcpy(dst, s, n);
	dst[n] = '\0';
	return 0;
}

int mg_radius_secret(const char *text, const char *name, char *dst, size_t cap)
{
	const size_t len = strlen(name);

	while (text && *text) {
		const size_t n = strcspn(text, "\n");

		if (text[0] != '#' && n > len && memcmp(text, name, len) == 0 && text[len] == ':')
			return copy(text + len + 1, n - len - 1, dst, cap);
		text += n + (text[n] == '\n');
	}
	return -ENOENT;
}

/* As a switch's record can name it. A secret that stands where a name should is mostly none. */
static bool name_ok(const char *s, size_t n)
{
	static const char ok[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

	for (size_t i = 0; i < n; i++)
		if (!s[i] || !strchr(ok, s[i]))
			return false;
	return n && n <= NAME_MAX_LEN;
}

int mg_radius_secret_line(
	const char *s, size_t n, const char **ret, size_t *ret_len, struct sk_err *err)
{
	const char *colon = memchr(s, ':', n);
	char secret[MG_COA_SECRET_MAX + 1];
	int r;

	if (!n || s[0] == '#')
		return 0;
	if (s[n - 1] == '\r')
		return sk_err_set(err, -EINVAL, NULL,
			"ends as lines of Windows do (CR LF): save the file with Unix line ends",
			"行末が Windows 形式 (CR LF) です。改行コードを LF にして保存してください");
	if (!colon || !name_ok(s, (size_t)(colon - s)))
		return sk_err_set(err, -EINVAL, NULL,
			"is not NAME:SECRET (a name of at most %d letters, digits, '-', '_', '.', "
			"a "
			"colon, the secret)",
			"「名前:共有鍵」の形ではありません(名前は英数字と「-」「_」「.」の %d "
			"文字以内)",
			NAME_MAX_LEN);
	r = copy(colon + 1, n - (size_t)(colon + 1 - s), secret, sizeof(secret));
	explicit_bzero(secret, sizeof(secret));
	if (r < 0)
		return sk_err_set(err, r, NULL,
			"the secret must be %d to %d printable ASCII characters without blank and "
			"colon",
			"共有鍵は %d〜%d 文字の ASCII 文字(空白とコロンを除く)にしてください",
			SECRET_MIN, MG_COA_SECRET_MAX);
	*ret = s;
	*ret_len = (size_t)(colon - s);
	return 1;
}
