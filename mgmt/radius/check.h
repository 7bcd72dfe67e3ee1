/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of the export in canonical form, or what is wrong with them. Pure; for export.c. */
#ifndef MG_RADIUS_CHECK_H
#define MG_RADIUS_CHECK_H

#include "mgmt/radius/export.h"
#include "mgmt/radius/mac.h"

#define MG_RADIUS_SERIAL 65
#define MG_RADIUS_VLAN_MAX 32

/* Sorted, each once; …_at: where it stood in the record. */
struct mg_radius_keys {
	char macs[MG_RADIUS_MACS_MAX][MG_RADIUS_MAC];
	size_t mac_at[MG_RADIUS_MACS_MAX], n_macs;
	char names[MG_RADIUS_NAMES_MAX][2 * MG_RADIUS_IDENTITY_MAX + 1]; /* hex */
	size_t name_at[MG_RADIUS_NAMES_MAX], n_names;
};

/* 0, or -EINVAL with the field's path ("macs[0]"). */
int mg_radius_check_device(
	const struct mg_radius_device *d, struct mg_radius_keys *ret, struct sk_err *err);
/* address: canonical (46 bytes). */
int mg_radius_check_switch(const struct mg_radius_switch *w, char *address, struct sk_err *err);
int mg_radius_check_settings(const struct mg_radius_settings *s, struct sk_err *err);
/* Lower-case hex without leading zero bytes. */
int mg_radius_check_serial(const char *serial, char dst[MG_RADIUS_SERIAL], struct sk_err *err);

#endif
