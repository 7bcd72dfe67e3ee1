/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fingerprints: compared, merged, as JSON; see print.h. */
#include "nac/observe/print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"

/* The texts in one table: name in documents, place, the bit of a difference, whether it is weak. */
static const struct {
	const char *name;
	size_t off, cap;
	unsigned bit;
	bool weak;
} texts[] = {
#define TEXT(field, bit, weak)                                                                     \
	{                                                                                          \
#field, offsetof(struct nac_print, field), sizeof(((struct nac_print *)0)->field), \
			bit, weak                                                                  \
	}
	TEXT(dhcp_params, NAC_PRINT_DHCP_PARAMS, false),
	TEXT(dhcp_vendor, NAC_PRINT_DHCP_VENDOR, false),
	TEXT(dhcp6, NAC_PRINT_DHCP6, true),
	TEXT(hostname, NAC_PRINT_HOSTNAME, true),
	TEXT(tcp, NAC_PRINT_TCP, false),
#undef TEXT
};

static char *at(struct nac_print *p, size_t i)
{
	return (char *)p + texts[i].off;
}

static const char *at_const(const struct nac_print *p, size_t i)
{
	return (const char *)p + texts[i].off;
}

static unsigned service_count(const struct nac_print *p)
{
	unsigned n = 0;

	while (n < NAC_PRINT_SERVICES && p->services[n])
		n++;
	return n;
}

static bool has_service(const struct nac_print *p, uint16_t port)
{
	for (unsigned i = 0; i < NAC_PRINT_SERVICES && p->services[i]; i++) {
		if (p->services[i] == port)
			return true;
	}
	return false;
}

bool nac_print_service_add(struct nac_print *p, uint16_t port)
{
	unsigned n = service_count(p), i;

	if (n == NAC_PRINT_SERVICES || port == 0 || has_service(p, port))
		return false;
	for (i = n; i > 0 && p->services[i - 1] > port; i--)
		p->services[i] = p->services[i - 1];
	p->services[i] = port;
	return true;
}

/* Other services: both lists have some, and not one is in both. */
static bool services_differ(const struct nac_print *a, const struct nac_print *b, bool *ret_more)
{
	unsigned n = service_count(b), common = 0;

	for (unsigned i = 0; i < n; i++)
		common += has_service(a, b->services[i]);
	*ret_more = common < n;
	return service_count(a) > 0 && n > 0 && common == 0;
}

enum nac_print_verdict nac_print_compare(
	const struct nac_print *known, const struct nac_print *seen, unsigned *ret_differs)
{
	unsigned differs = 0, weak = 0, strong = 0;
	bool more;

	if (services_differ(known, seen, &more)) {
		differs |= NAC_PRINT_SERVICES_OTHER;
		weak++;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++) {
		const char *k = at_const(known, i), *s = at_const(seen, i);

		if (!*k && *s)
			more = true;
		if (!*k || !*s || strcmp(k, s) == 0)
			continue;
		differs |= texts[i].bit;
		if (texts[i].weak)
			weak++;
		else
			strong++;
	}
	if (ret_differs)
		*ret_differs = differs;
	if (strong > 0 || weak > 1)
		return NAC_PRINT_CHANGED;
	if (weak > 0)
		return NAC_PRINT_DRIFT;
	return more ? NAC_PRINT_MORE : NAC_PRINT_SAME;
}

bool nac_print_is_empty(const struct nac_print *p)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++) {
		if (*at_const(p, i))
			return false;
	}
	return p->services[0] == 0;
}

void nac_print_merge(struct nac_print *known, const struct nac_print *seen)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++) {
		if (!*at(known, i))
			memcpy(at(known, i), at_const(seen, i), texts[i].cap);
	}
	for (unsigned i = 0; i < NAC_PRINT_SERVICES && seen->services[i]; i++)
		nac_print_service_add(known, seen->services[i]);
}

char *nac_print_differs_text(unsigned differs, char *dst, size_t cap)
{
	size_t len = 0;

	if (cap == 0)
		return dst;
	dst[0] = '\0';
	for (size_t i = 0; i <= SK_ARRAY_SIZE(texts); i++) {
		bool last = i == SK_ARRAY_SIZE(texts);
		int n;

		if (!(differs & (last ? (unsigned)NAC_PRINT_SERVICES_OTHER : texts[i].bit)))
			continue;
		n = snprintf(dst + len, cap - len, "%s%s", len ? "," : "",
			last ? "services" : texts[i].name);
		if (n < 0 || (size_t)n >= cap - len) {
			dst[len] = '\0'; /* whole words */
			break;
		}
		len += (size_t)n;
	}
	return dst;
}

json_t *nac_print_to_json(const struct nac_print *p)
{
	json_t *obj = json_object(), *ports;

	if (!obj)
		return NULL;
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++) {
		if (*at_const(p, i) &&
			json_object_set_new(obj, texts[i].name, json_string(at_const(p, i))) != 0)
			goto nomem;
	}
	if (p->services[0] == 0)
		return obj;
	ports = json_array();
	if (json_object_set_new(obj, "services", ports) != 0)
		goto nomem;
	for (unsigned i = 0; i < NAC_PRINT_SERVICES && p->services[i]; i++) {
		if (json_array_append_new(ports, json_integer(p->services[i])) != 0)
			goto nomem;
	}
	return obj;
nomem:
	json_decref(obj);
	return NULL;
}

static int text_from_json(struct nac_print *p, size_t i, const json_t *obj, struct sk_err *err)
{
	const char *s = NULL;
	int ret = sk_json_str(obj, texts[i].name, false, &s, err);

	if (ret < 0 || !s)
		return ret;
	if (strlen(s) >= texts[i].cap)
		return sk_err_set(err, -EINVAL, texts[i].name, "longer than %zu bytes",
			"%zu バイトを超えています", texts[i].cap - 1);
	memcpy(at(p, i), s, strlen(s));
	return 0;
}

int nac_print_from_json(const json_t *obj, struct nac_print *ret, struct sk_err *err)
{
	static const char *const keys[] = {
		"dhcp_params", "dhcp_vendor", "dhcp6", "hostname", "tcp", "services", NULL};
	struct nac_print p = {.services = {0}};
	json_t *ports = NULL, *v;
	size_t i;
	int r;

	if (!json_is_object(obj))
		return sk_err_set(
			err, -EINVAL, NULL, "not an object", "オブジェクトではありません");
	r = sk_json_only(obj, keys, err);
	for (i = 0; r == 0 && i < SK_ARRAY_SIZE(texts); i++)
		r = text_from_json(&p, i, obj, err);
	if (r == 0)
		r = sk_json_array(obj, "services", false, &ports, err);
	if (r < 0)
		return r;
	json_array_foreach (ports, i, v) {
		json_int_t n = json_is_integer(v) ? json_integer_value(v) : 0;

		if (n < 1 || n > 65535 || i >= NAC_PRINT_SERVICES)
			return sk_err_set(err, -EINVAL, "services",
				"at most %d TCP ports from 1 to 65535",
				"1〜65535 のTCPポートを%d個まで指定できます", NAC_PRINT_SERVICES);
		nac_print_service_add(&p, (uint16_t)n);
	}
	*ret = p;
	return 0;
}
