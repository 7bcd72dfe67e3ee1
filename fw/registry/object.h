/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named objects: addresses, services, and groups of either (an object whose items name other
 * objects of its kind). Names begin with a letter, contain no ',', ':', '/', '@', '"', white space
 * or control character, are at most 63 bytes of UTF-8 and are not "any" or "self"; Japanese names
 * are welcome.
 */
#ifndef FW_OBJECT_H
#define FW_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "fw/registry/addr.h"
#include "fw/registry/svc.h"

#define FW_OBJECT_ITEMS_MAX 200000
#define FW_OBJECT_DEPTH_MAX 8

enum fw_object_kind { FW_OBJECT_ADDRESS, FW_OBJECT_SERVICE };

struct fw_objects; /* a table by name */

struct fw_objects *fw_objects_new(void);
void fw_objects_free(struct fw_objects *o);
/*
 * Define name (-EEXIST if taken in the same kind, or a built-in service's). items: comma- or
 * newline-separated text of the kind's syntax (addresses: addr.h items; services: "tcp/80",
 * "udp/1024-2047", "icmp/echo-request", "https") or names; not "any". Syntax is checked here
 * (errors name "name" or "items"); names are resolved later. Without names in it the object is
 * resolved at once.
 */
int fw_objects_add(struct fw_objects *o, enum fw_object_kind kind, const char *name,
	const char *items, struct sk_err *err);
bool fw_objects_has(const struct fw_objects *o, enum fw_object_kind kind, const char *name);
size_t fw_objects_count(const struct fw_objects *o);
/* The i-th object in the order of definition, borrowed; false past the last. For encoders. */
bool fw_objects_get(const struct fw_objects *o, size_t i, enum fw_object_kind *kind,
	const char **name, const char **items);
/* Resolve every object once, finding loops ("a → b → a"), unknown names, excess depth and size.
 * Else each is resolved when first used. Errors name "objects[NAME]". */
int fw_objects_check(struct fw_objects *o, struct sk_err *err);

bool fw_object_name_valid(const char *name);

/*
 * A rule's address field: a comma-separated list of items and object names, or "any". Normalised. o
 * may be NULL: then no name is known. ret is overwritten, not freed. Errors have no path: the
 * caller knows the field.
 */
int fw_addrs_parse(
	const char *spec, const struct fw_objects *o, struct fw_addrs *ret, struct sk_err *err);
/* The members of a service object, copied (ret overwritten). Errors name "port". */
int fw_objects_service(
	const struct fw_objects *o, const char *name, struct fw_svcs *ret, struct sk_err *err);
/* The resolved address object, borrowed (valid until the table is freed); NULL if there is none. */
const struct fw_addrs *fw_objects_address(
	const struct fw_objects *o, const char *name, struct sk_err *err);

const char *fw_object_kind_name(enum fw_object_kind kind); /* "address", "service" */
int fw_object_kind_parse(const char *s, enum fw_object_kind *ret);

#endif
