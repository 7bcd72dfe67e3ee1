/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How contacts lie in their file: the kind's character, the value as a blob whose bytes sort as
 * ranges and suffixes need it (addresses in network order, names with their labels reversed), the
 * device's address as text. For this folder only.
 */
#ifndef MG_CONTACTS_PRIVATE_H
#define MG_CONTACTS_PRIVATE_H

#include "mgmt/contacts/contacts.h"

#define MG_CONTACTS_VERSION 1
#define MG_CONTACTS_SCHEMA                                                                         \
	"CREATE TABLE contact(kind INTEGER NOT NULL, value BLOB NOT NULL, device TEXT NOT NULL,"   \
	" first INTEGER NOT NULL, last INTEGER NOT NULL, days INTEGER NOT NULL,"                   \
	" count INTEGER NOT NULL, PRIMARY KEY(kind, value, device)) WITHOUT ROWID, STRICT;"        \
	"CREATE INDEX contact_last ON contact(last);"

#define MG_NAME_MAX 253 /* RFC 1035: of a name as text */

/* A value as it is stored. */
struct mg_contact_key {
	int kind; /* '4', '6', 'd' */
	uint8_t b[MG_NAME_MAX + 1];
	size_t len;
};

/* One contact of an event. */
struct mg_contact_row {
	struct mg_contact_key key;
	char device[46];
	int64_t first, last; /* seconds */
	uint64_t count;
};
/* -EINVAL: is none. Pure; now bounds the times. */
int mg_contact_decode(const json_t *v, int64_t now, struct mg_contact_row *ret);

/* "www.example.com" → "com.example.www". dst: n bytes; a name of no bytes gives none. */
void mg_name_reverse(const char *name, size_t n, uint8_t *dst);
/* An address in network order; 4 or 16 bytes. */
size_t mg_contact_put_addr(enum sk_bl_kind k, unsigned __int128 a, uint8_t *dst);
/* A stored value as text: ret_text ≥ 254 bytes. -EUCLEAN: is none. */
int mg_contact_text(int kind, const void *value, size_t len, char *ret_text);
enum sk_bl_kind mg_contact_kind(int kind);

#endif
