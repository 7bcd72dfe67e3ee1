/* SPDX-License-Identifier: GPL-2.0-or-later */
/* API keys of feeds, a line each. */
#include "mgmt/feeds/fetch/secrets.h"

#include <errno.h>
#include <string.h>

#include "mgmt/feeds/definition.h"

struct line {
	const char *name, *value; /* name NULL: a comment, or no "=" */
	size_t name_len, value_len;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int copy(const char *s, size_t n, char *dst, size_t cap)
{
	while (n && blank(s[0]))
		s++, n--;
	while (n && blank(s[n - 1]))
		n--;
	if (n >= cap)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f)
			return -EINVAL;
	memcpy(dst, s, n);
	dst[n] = '\0';
	return n ? (int)n : -ENOENT;
}

static struct line split(const char *s, size_t n)
{
	const char *end = s + n, *eq = memchr(s, '=', n);
	size_t k = eq ? (size_t)(eq - s) : 0;

	while (k && blank(s[0]))
		s++, k--;
	while (k && blank(s[k - 1]))
		k--;
	if (!eq || s[0] == '#')
		return (struct line){0};
	return (struct line){s, eq + 1, k, (size_t)(end - eq - 1)};
}

int mg_fetch_secret(const char *secrets, const char *name, char *dst, size_t cap)
{
	const size_t len = strlen(name);

	while (secrets && *secrets) {
		const size_t n = strcspn(secrets, "\n");
		const struct line l = split(secrets, n);

		secrets += n + (secrets[n] == '\n');
		if (l.name && l.name_len == len && memcmp(l.name, name, len) == 0)
			return copy(l.value, l.value_len, dst, cap);
	}
	return -ENOENT;
}

/* As mg_feed_name_valid(). A key that stands where a name should is none. */
static bool name_ok(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') ||
			    (i > 0 && ((s[i] >= '0' && s[i] <= '9') || s[i] == '-'))))
			return false;
	return n && n < MG_FEED_NAME_MAX;
}

static bool nothing(const char *s, size_t n)
{
	while (n && blank(s[0]))
		s++, n--;
	return !n || s[0] == '#';
}

int mg_fetch_secret_line(
	const char *s, size_t n, const char **ret, size_t *ret_len, struct sk_err *err)
{
	const struct line l = split(s, n);
	char key[MG_FETCH_SECRET_MAX];
	int r;

	if (nothing(s, n))
		return 0;
	if (!l.name || !name_ok(l.name, l.name_len))
		return sk_err_set(err, -EINVAL, NULL, "is not NAME = KEY (the name of a blocklist)",
			"「不正サイト一覧の名称 = API キー」の形ではありません");
	r = copy(l.value, l.value_len, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	if (r == -ENOENT)
		return sk_err_set(err, -EINVAL, NULL, "the key is missing", "API キーがありません");
	if (r < 0)
		return sk_err_set(err, r, NULL,
			"the key must be at most %d printable ASCII characters without blanks",
			"API キーは空白を含まない ASCII 文字、最大 %d 文字にしてください",
			MG_FETCH_SECRET_MAX - 1);
	*ret = l.name;
	*ret_len = l.name_len;
	return 1;
}
