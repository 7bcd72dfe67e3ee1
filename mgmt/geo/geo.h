/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Country and network operator (AS) of an address, from databases in MaxMind's format (GeoLite2,
 * DB-IP, IPinfo …) if the site has any. None is needed: without one nothing is said.
 */
#ifndef MG_GEO_H
#define MG_GEO_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

struct mg_geo;

/*
 * The first country and the first AS database among *.mmdb of dir, or (dir NULL) of /var/lib/GeoIP,
 * then /usr/share/GeoIP. A file that is none is passed over. NULL only without memory.
 */
struct mg_geo *mg_geo_open(const char *dir);
void mg_geo_close(struct mg_geo *g);
bool mg_geo_any(const struct mg_geo *g); /* is there a database */

struct mg_geo_info {
	char country[3];   /* ISO 3166: "JP"; empty: not known */
	char name[64];     /* of the country, in lang */
	uint32_t asn;      /* 0: not known */
	char operator[96]; /* of the AS, empty: not known */
};
/* false: nothing is known of it. */
bool mg_geo_look(
	const struct mg_geo *g, const char *addr, enum sk_lang lang, struct mg_geo_info *ret);

/* The same as "country", "asn" and "operator" of a row. */
void mg_geo_row(const struct mg_geo *g, const char *addr, json_t *row);

#endif
