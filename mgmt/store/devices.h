/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device registry (guideline No.80): records of mgmt/store/records.h that an administrator may
 * hold in quarantine or revoke at once; the table of states is nac/admission/state.h. Beside them:
 * what is known of how a device looks, and the ports, networks and switches of the site.
 */
#ifndef MG_STORE_DEVICES_H
#define MG_STORE_DEVICES_H

#include "mgmt/devices/device.h"
#include "mgmt/store/records.h"
#include "nac/admission/state.h"

#define MG_DEVICES_MAX NAC_DEVICES_MAX

struct mg_device {
	struct mg_record rec; /* first */
	struct mg_device_info info;
	char held_by[64], held_reason[512]; /* who put it into quarantine, released or revoked it */
	int64_t held_at;
};
extern const struct mg_record_kind mg_device_kind;

/*
 * Quarantine, release or revoke x->number at once; x then holds it as it is afterwards. -ESTALE
 * where its state knows no such step. a->text: the reason, required.
 */
int mg_device_step(struct mg_txn *t, enum nac_step step, const struct mg_actor *a,
	struct mg_device *x, struct sk_err *err);

/* The device (in force or requested) with this MAC address, canonical; 0: none. */
int mg_device_by_mac(struct mg_store *s, const char *mac, uint32_t *ret, struct sk_err *err);

/* What it looks like (nac/observe/print.h), learned once it was seen. New reference, may be NULL.
 */
int mg_device_print_get(struct mg_store *s, uint32_t number, json_t **ret, struct sk_err *err);
/* print NULL: forget it; it is then learned anew. */
int mg_device_print_set(struct mg_txn *t, uint32_t number, const json_t *print, const char *who,
	int64_t now, struct sk_err *err);

/* Certificates that the gateway's own authority issued; the authority itself is nacd's. */
struct mg_certificate {
	char serial[64], name[128], issued_by[64], revoked_by[64], reason[256];
	uint32_t number; /* of the device */
	int64_t issued, expires, revoked;
};
int mg_certificate_add(struct mg_txn *t, const struct mg_certificate *c, struct sk_err *err);
/* serial NULL: all of the device that are not yet. *ret_n: how many. */
int mg_certificate_revoke(struct mg_txn *t, uint32_t number, const char *serial,
	const struct mg_actor *a, size_t *ret_n, struct sk_err *err);
/* number 0: of all devices; revoked: only those that are. */
int mg_certificate_each(struct mg_store *s, uint32_t number, bool revoked,
	int (*fn)(const struct mg_certificate *c, void *arg), void *arg, struct sk_err *err);

/* Ports, networks and switches: a name and a JSON object, which mgmt/mgmtd checks. */
enum mg_item_kind { MG_ITEM_PORT, MG_ITEM_NETWORK, MG_ITEM_SWITCH, MG_ITEM_KINDS };
const char *mg_item_kind_name(enum mg_item_kind k);
/* One of which nothing is said yet; NULL without memory. */
json_t *mg_item_new(enum mg_item_kind k);
/* New reference; -ENOENT with a message. */
int mg_item_get(struct mg_store *s, enum mg_item_kind k, const char *name, json_t **ret,
	struct sk_err *err);
int mg_item_each(struct mg_store *s, enum mg_item_kind k,
	int (*fn)(const char *name, const json_t *value, void *arg), void *arg, struct sk_err *err);
/* value NULL: removed. */
int mg_item_set(struct mg_txn *t, enum mg_item_kind k, const char *name, const json_t *value,
	const struct mg_actor *a, struct sk_err *err);

#endif
