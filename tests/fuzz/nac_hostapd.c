/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as hostapd's event, answer and log: names are text, and a log cut anywhere reads the
 * same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "nac/dot1x/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t sum;
	struct nac_exchanges *x;
};

static void line(const struct nac_hostapd_line *l, void *arg)
{
	struct seen *s = arg;

	assert(l->name && l->serial);
	if (l->word == NAC_HL_CERT)
		assert(sk_utf8_valid(l->name, strlen(l->name)));
	s->sum = s->sum * 31 + l->word + l->type + strlen(l->name) + l->mac.b[5];
	if (s->x)
		nac_exchanges_line(s->x, l, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = {.x = nac_exchanges_new((const uint8_t[16]){1})}, cut = {.sum = 0};
	struct nac_hostapd_log a = {.fn = line, .arg = &whole}, b = {.fn = line, .arg = &cut};
	struct nac_hostapd_radius radius;
	struct nac_hostapd_sta sta;
	struct nac_mac mac;

	nac_hostapd_event_parse((const char *)data, size, &mac);
	if (nac_hostapd_sta_parse((const char *)data, size, &sta) == 0)
		assert(sk_utf8_valid(sta.identity, strlen(sta.identity)));
	nac_hostapd_radius_parse((const char *)data, size, &radius);
	nac_hostapd_log_feed(&a, data, size);
	for (size_t i = 0; i < size; i++)
		nac_hostapd_log_feed(&b, data + i, 1);
	assert(whole.sum == cut.sum);
	nac_exchanges_free(whole.x);
	return 0;
}
