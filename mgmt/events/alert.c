// SPDX-License-Identifier: GPL-2.0-or-later
/* What an alert says for its row. Pure; everything comes from the engine's events and is checked.
 */
#include "mgmt/events/alert.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static int64_t number(const json_t *o, const char *key, int64_t min, int64_t max, int64_t def)
{
	const json_t *v = json_object_get(o, key);
	int64_t n = json_is_integer(v) ? json_integer_value(v) : def;

	return n < min || n > max ? def : n;
}

static void address(const json_t *ev, const char *key, struct mg_addr *ret)
{
	memset(ret, 0xff, sizeof(*ret));
	mg_addr_parse(text(ev, key), ret);
}

int mg_alert_decode(const json_t *ev, struct mg_alert_cols *ret)
{
	const json_t *a = json_object_get(ev, "alert"), *s = json_object_get(ev, "sekisho");

	if (!sk_streq(text(ev, "event_type"), "alert") || !json_is_object(a))
		return -ENOENT;
	*ret = (struct mg_alert_cols){
		.gid = number(a, "gid", 0, UINT32_MAX, 1),
		.sid = number(a, "signature_id", 0, UINT32_MAX, 0),
		.severity = number(a, "severity", 0, 255, 3),
		.count = (uint64_t)number(s, "count", 1, INT64_MAX >> 16, 1),
		.decision = text(s, "decision"),
		.class = text(a, "category"),
		.msg = text(a, "signature"),
		.pcap = json_string_value(json_object_get(s, "pcap")),
	};
	if (!ret->decision[0])
		ret->decision = sk_streq(text(a, "action"), "blocked") ? "drop" : "alert";
	address(ev, "src_ip", &ret->src);
	address(ev, "dest_ip", &ret->dst);
	return 0;
}

void *mg_alert_unbase64(const char *b64, size_t *ret_len)
{
	size_t n = strlen(b64), len = 0;
	unsigned char *p;

	if (n / 4 * 3 > MG_ALERT_PCAP_MAX)
		return NULL;
	p = malloc(n / 4 * 3 + 3);
	if (p &&
		sodium_base642bin(p, n / 4 * 3 + 3, b64, n, NULL, &len, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0) {
		free(p);
		return NULL;
	}
	*ret_len = len;
	return p;
}
