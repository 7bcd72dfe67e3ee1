/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device's record says of it: fields as people type them, brought into the one form they
 * are kept in. Shared by the registry, the commands and the CSV lists. Pure.
 */
#ifndef MG_DEVICE_H
#define MG_DEVICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"
#include "nac/admission/document.h"

enum mg_device_field {
	MG_DEV_NAME,
	MG_DEV_KIND,
	MG_DEV_MAC,
	MG_DEV_METHOD,
	MG_DEV_IDENTITY,
	MG_DEV_OWNER,
	MG_DEV_DEPARTMENT,
	MG_DEV_LOCATION,
	MG_DEV_SERIAL,
	MG_DEV_OS,
	MG_DEV_PORTS,
	MG_DEV_ZONES,
	MG_DEV_VLAN,
	MG_DEV_INFRASTRUCTURE,
	MG_DEV_FIELDS
};

/* Lists are joined with ','. "" where nothing was said: any port, any zone, the port's own VLAN. */
struct mg_device_info {
	char name[128], kind[16];
	char mac[NAC_MACS_MAX * NAC_MAC_TEXT];
	char method[16];
	char identity[1024];
	char owner[128], department[128], location[128], serial[64], os[64];
	char ports[NAC_NAMES_MAX * NAC_NAME_MAX], zones[NAC_NAMES_MAX * NAC_ZONE_MAX];
	char vlan[33];
	char infrastructure[4]; /* "yes" or "no" */
};

const char *mg_device_field_name(enum mg_device_field f); /* "mac": argument, JSON key */
const struct sk_text *mg_device_field_text(enum mg_device_field f);
const char *mg_device_get(const struct mg_device_info *d, enum mg_device_field f);
/*
 * As somebody typed it: lists separated by ',', ';', blanks or line ends, MAC addresses in any
 * spelling, kinds in Japanese too. -EINVAL with the field as path, d untouched.
 */
int mg_device_set(
	struct mg_device_info *d, enum mg_device_field f, const char *text, struct sk_err *err);
/* Kind and method where nobody said: other; 802.1X where there is an identity. */
void mg_device_defaults(struct mg_device_info *d);
/* What belongs together is there: a name, an owner, addresses or identities for its methods. */
int mg_device_check(const struct mg_device_info *d, struct sk_err *err);
bool mg_device_same(const struct mg_device_info *a, const struct mg_device_info *b);
/* Its fields into v. */
void mg_device_info_json(const struct mg_device_info *d, json_t *v);
/* The first (next) item of a list field into dst; NULL at its end. Begin with s = the field. */
const char *mg_device_item(const char *s, char *dst, size_t cap);
/* Some address of it is one that phones and notebooks make up for each network. */
bool mg_device_randomised(const struct mg_device_info *d);

#endif
