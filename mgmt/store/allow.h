/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The allow-list: addresses, names, URLs and fingerprints that no blocklist blocks, whatever it
 * says. Records with applicant, purpose, expiry and approval; their life is that of records.h.
 */
#ifndef MG_STORE_ALLOW_H
#define MG_STORE_ALLOW_H

#include "lib/blocklist.h"
#include "mgmt/store/records.h"

#define MG_ALLOW_MAX 20000 /* that may be in force at once */

struct mg_allow {
	struct mg_record rec; /* first */
	enum sk_bl_kind kind;
	char value[SK_BL_VALUE_MAX + 1]; /* canonical once it is stored */
};
extern const struct mg_record_kind mg_allow_kind;

/*
 * A value as somebody typed it: kind by its name, or NULL: guessed; "*.example.com" and
 * ".example.com" are suffixes. dst: SK_BL_VALUE_MAX + 1 bytes. -EINVAL with path "value".
 */
int mg_bl_typed(const char *kind, const char *value, enum sk_bl_kind *ret_kind, char *dst,
	struct sk_err *err);
/* So wide that it cannot be meant: beyond /8 (IPv4) or /16 (IPv6), all of co.jp. -EINVAL. */
int mg_bl_width(enum sk_bl_kind kind, const char *value, struct sk_err *err);

#endif
