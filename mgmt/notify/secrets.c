// SPDX-License-Identifier: GPL-2.0-or-later
/* What the mail server and the webhook want to hear. */
#include "mgmt/notify/secrets.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

static int take(struct mg_notify_secrets *v, const char *s, size_t n, const char **ret,
	size_t *ret_len, struct sk_err *err)
{
	const struct {
		const char *key;
		char *dst;
		size_t cap;
	} keys[] = {
		{"smtp_user", v->user, sizeof(v->user)},
		{"smtp_password", v->password, sizeof(v->password)},
		{"webhook_authorization", v->authorization, sizeof(v->authorization)},
		{"ca_file", v->ca_file, sizeof(v->ca_file)},
	};
	const char *eq;
	size_t i = 0, len;

	if (n && s[n - 1] == '\r')
		n--;
	if (n == 0 || s[0] == '#')
		return 0;
	eq = memchr(s, '=', n);
	while (eq && i < SK_ARRAY_SIZE(keys) &&
		(strlen(keys[i].key) != (size_t)(eq - s) ||
			strncmp(keys[i].key, s, (size_t)(eq - s)) != 0))
		i++;
	if (!eq || i == SK_ARRAY_SIZE(keys))
		return sk_err_set(err, -EINVAL, NULL,
			"does not begin with smtp_user=, smtp_password=, webhook_authorization= or "
			"ca_file= (without blanks)",
			"smtp_user=、smtp_password=、webhook_authorization=、ca_file= "
			"のいずれかで始まって"
			"いません(空白なし)");
	len = n - (size_t)(eq + 1 - s);
	if (len >= keys[i].cap)
		return sk_err_set(err, -EINVAL, NULL, "the value is longer than %zu bytes",
			"値が長すぎます(最大 %zu バイト)", keys[i].cap - 1);
	snprintf(keys[i].dst, keys[i].cap, "%.*s", (int)len, eq + 1);
	*ret = s;
	*ret_len = (size_t)(eq - s);
	return 1;
}

int mg_notify_secrets_parse(struct mg_notify_secrets *s, const char *text, struct sk_err *err)
{
	struct sk_err why = {0};
	const char *key;
	size_t len;

	for (unsigned line = 1; *text; line++) {
		const size_t n = strcspn(text, "\n");

		if (take(s, text, n, &key, &len, &why) < 0)
			return sk_err_set(err, -EINVAL, "secrets", "line %u: %s%.0s",
				"%u 行目: %.0s%s", line, why.en, why.ja);
		text += n + (text[n] == '\n');
	}
	return 0;
}

int mg_notify_secret_line(
	const char *s, size_t n, const char **ret, size_t *ret_len, struct sk_err *err)
{
	struct mg_notify_secrets v = {0};
	int r = take(&v, s, n, ret, ret_len, err);

	explicit_bzero(&v, sizeof(v));
	return r;
}
