/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exchanges by MAC in a keyed table; when it is full, those without a certificate go first. */
#include "nac/dot1x/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "lib/table.h"

#define EXCHANGES 1024
#define OLD_US 20000000 /* hostapd gives up sooner */

struct nac_exchanges {
	struct sk_table *t;
};

struct sweep {
	int64_t now_us;
	bool all; /* of those without a certificate */
};

static void clear(struct nac_exchange *e)
{
	free(e->name);
	free(e->serial);
	*e = (struct nac_exchange){.at_us = e->at_us, .logoff = e->logoff};
}

static bool sweep(const void *key, void *val, void *arg)
{
	const struct sweep *s = arg;
	struct nac_exchange *e = val;

	if (s->now_us - e->at_us < OLD_US && !(s->all && !e->has_cert))
		return false;
	clear(e);
	return true;
}

static bool drop_all(const void *key, void *val, void *arg)
{
	clear(val);
	return true;
}

struct nac_exchanges *nac_exchanges_new(const uint8_t seed[16])
{
	struct nac_exchanges *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->t = sk_table_new(EXCHANGES, sizeof(struct nac_mac), sizeof(struct nac_exchange), seed);
	if (!x->t) {
		free(x);
		return NULL;
	}
	return x;
}

void nac_exchanges_free(struct nac_exchanges *x)
{
	if (!x)
		return;
	sk_table_walk(x->t, drop_all, NULL);
	sk_table_free(x->t);
	free(x);
}

static struct nac_exchange *entry(
	struct nac_exchanges *x, const struct nac_mac *mac, int64_t now_us)
{
	struct nac_exchange *e = sk_table_put(x->t, mac);

	for (int all = 0; !e && all < 2; all++) {
		struct sweep s = {.now_us = now_us, .all = all};

		sk_table_walk(x->t, sweep, &s);
		e = sk_table_put(x->t, mac);
	}
	return e;
}

void nac_exchanges_line(struct nac_exchanges *x, const struct nac_hostapd_line *l, int64_t now_us)
{
	struct nac_exchange *e;

	if (l->word == NAC_HL_TEXT)
		return;
	e = entry(x, &l->mac, now_us);
	if (!e)
		return;
	e->at_us = now_us;
	switch (l->word) {
	case NAC_HL_BEGIN:
	case NAC_HL_FAILURE: clear(e); break;
	case NAC_HL_METHOD: e->method = l->type; break;
	case NAC_HL_CERT:
		free(e->name);
		free(e->serial);
		e->has_cert = true;
		e->name = strdup(l->name);
		e->serial = strdup(l->serial);
		break;
	case NAC_HL_SUCCESS:
		e->proven = true;
		e->logoff = false;
		break;
	case NAC_HL_LOGOFF:
		clear(e);
		e->logoff = true;
		break;
	default: break;
	}
}

const struct nac_exchange *nac_exchanges_get(struct nac_exchanges *x, const struct nac_mac *mac)
{
	return sk_table_get(x->t, mac);
}

void nac_exchanges_drop(struct nac_exchanges *x, const struct nac_mac *mac)
{
	struct nac_exchange *e = sk_table_get(x->t, mac);

	if (!e)
		return;
	clear(e);
	sk_table_del(x->t, mac);
}
