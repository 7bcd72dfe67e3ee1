// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Contacts out of events of fwd and ipsd. The names in them were chosen by whoever spoke on the
 * network, so nothing is taken that is not a contact in every respect. Pure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/contacts/private.h"

#define US 1000000
#define COUNT_MAX (1ll << 32)
#define EARLIEST 1704067200ll /* 2024: before, a clock was not set */

void mg_name_reverse(const char *name, size_t n, uint8_t *dst)
{
	size_t end = n, at = 0;

	while (end > 0) {
		size_t begin = end;

		while (begin > 0 && name[begin - 1] != '.')
			begin--;
		memcpy(dst + at, name + begin, end - begin);
		at += end - begin;
		if (begin == 0)
			return;
		dst[at++] = '.';
		end = begin - 1;
	}
}

size_t mg_contact_put_addr(enum sk_bl_kind k, unsigned __int128 a, uint8_t *dst)
{
	size_t n = k == SK_BL_ADDR4 ? 4 : 16;

	for (size_t i = n; i-- > 0; a >>= 8)
		dst[i] = (uint8_t)a;
	return n;
}

enum sk_bl_kind mg_contact_kind(int kind)
{
	return kind == '4' ? SK_BL_ADDR4 : kind == '6' ? SK_BL_ADDR6 : SK_BL_DOMAIN;
}

int mg_contact_text(int kind, const void *value, size_t len, char *ret_text)
{
	if (kind == 'd') {
		if (len == 0 || len > MG_NAME_MAX || memchr(value, 0, len))
			return -EUCLEAN;
		mg_name_reverse(value, len, (uint8_t *)ret_text);
		ret_text[len] = '\0';
		return 0;
	}
	if (len != (kind == '4' ? 4 : 16))
		return -EUCLEAN;
	inet_ntop(kind == '4' ? AF_INET : AF_INET6, value, ret_text, INET6_ADDRSTRLEN);
	return 0;
}

static int decode_value(const char *kind, const char *text, struct mg_contact_key *ret)
{
	char name[SK_BL_VALUE_MAX + 1];
	int n;

	ret->kind = kind[0];
	if (sk_streq(kind, "4") || sk_streq(kind, "6")) {
		ret->len = kind[0] == '4' ? 4 : 16;
		return inet_pton(kind[0] == '4' ? AF_INET : AF_INET6, text, ret->b) == 1 ? 0
											 : -EINVAL;
	}
	if (!sk_streq(kind, "d") || strlen(text) > MG_NAME_MAX)
		return -EINVAL;
	n = sk_bl_canonical(SK_BL_DOMAIN, text, strlen(text), name, sizeof(name));
	if (n <= 0 || n > MG_NAME_MAX)
		return -EINVAL;
	ret->len = (size_t)n;
	mg_name_reverse(name, ret->len, ret->b);
	return 0;
}

/* The address as inet_ntop writes it, so that a device has one name. */
static int decode_device(const char *text, char *dst, size_t cap)
{
	uint8_t a[16];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	return inet_pton(family, text, a) == 1 && inet_ntop(family, a, dst, (socklen_t)cap)
		? 0
		: -EINVAL;
}

int mg_contact_decode(const json_t *v, int64_t now, struct mg_contact_row *ret)
{
	const char *kind = NULL, *value = NULL, *src = NULL;
	int64_t first = 0, last = 0, count = 0;

	if (!json_is_object(v) || sk_json_str(v, "kind", true, &kind, NULL) < 0 ||
		sk_json_str(v, "value", true, &value, NULL) < 0 ||
		sk_json_str(v, "src", true, &src, NULL) < 0 ||
		sk_json_int(v, "count", true, &count, NULL) < 0 ||
		sk_json_int(v, "first", true, &first, NULL) < 0 ||
		sk_json_int(v, "last", true, &last, NULL) < 0)
		return -EINVAL;
	if (count < 1 || count > COUNT_MAX || last / US < EARLIEST || first > last)
		return -EINVAL;
	/* A clock that ran ahead must not keep a row for ever. */
	ret->last = SK_MIN(last / US, now);
	ret->first = SK_MAX(SK_MIN(first / US, ret->last), EARLIEST);
	ret->count = (uint64_t)count;
	if (decode_device(src, ret->device, sizeof(ret->device)) < 0)
		return -EINVAL;
	return decode_value(kind, value, &ret->key);
}
