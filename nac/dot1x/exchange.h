/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each device's running 802.1X exchange has shown, as the log tells it: which method, whose
 * certificate, and whether it is proven. Bounded; strangers cannot push out those who have shown a
 * certificate. Pure.
 */
#ifndef NAC_DOT1X_EXCHANGE_H
#define NAC_DOT1X_EXCHANGE_H

#include "nac/dot1x/parse.h"

struct nac_exchanges;

struct nac_exchange {
	unsigned method; /* IANA EAP method, 0: none yet */
	bool proven;     /* success, and nothing has begun since */
	bool has_cert;
	bool logoff;         /* it has said that it leaves, and proven nothing since */
	char *name, *serial; /* of the certificate, owned by the table */
	int64_t at_us;       /* of its last line */
};

struct nac_exchanges *nac_exchanges_new(const uint8_t seed[16]);
void nac_exchanges_free(struct nac_exchanges *x);
void nac_exchanges_line(struct nac_exchanges *x, const struct nac_hostapd_line *l, int64_t now_us);
/* NULL: nothing known. Valid until the next line. */
const struct nac_exchange *nac_exchanges_get(struct nac_exchanges *x, const struct nac_mac *mac);
void nac_exchanges_drop(struct nac_exchanges *x, const struct nac_mac *mac);

#endif
