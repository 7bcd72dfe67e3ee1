/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What FreeRADIUS may know: an SQLite file (WAL) that mgmtd writes and the server only reads.
 * Every change is one transaction, and the next request of a switch sees it. The answers themselves
 * are views of the file (schema.h), so that there is one place where "may it enter" is decided.
 * Not for two writers at once, nor across a fork.
 */
#ifndef MG_RADIUS_EXPORT_H
#define MG_RADIUS_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define MG_RADIUS_MACS_MAX 16 /* of a device */
#define MG_RADIUS_NAMES_MAX 16
#define MG_RADIUS_IDENTITY_MAX 253 /* RFC 2865, 5.1 */
#define MG_RADIUS_DEVICES_MAX 20000
#define MG_RADIUS_SWITCHES_MAX 4096

enum mg_radius_state { MG_RADIUS_ACTIVE, MG_RADIUS_QUARANTINED, MG_RADIUS_REVOKED };

enum { MG_RADIUS_BY_MAC = 1, MG_RADIUS_BY_DOT1X = 2 }; /* methods, a bit mask */

/* All texts borrowed. */
struct mg_radius_device {
	int64_t number;
	const char *name;
	enum mg_radius_state state;
	unsigned methods;
	/* In any spelling. With 802.1X a device that has any must come with one of them. */
	const char *const *macs;
	size_t n_macs;
	/*
	 * What 802.1X must prove: the common name or a DNS or UPN name of the certificate, or the
	 * name of the user. Compared without regard to the case of ASCII letters.
	 */
	const char *const *identities;
	size_t n_identities;
	const char *vlan; /* "20" or a name that the switch knows; NULL or "": the port's own */
	int64_t expires;  /* seconds since 1970, 0: never */
};

struct mg_radius_switch {
	const char *address; /* from which it asks, IPv4 */
	const char *name;
	const char *secret; /* name of its line in the secrets file */
	uint16_t coa_port;  /* where it takes RFC 5176 requests; 0: it takes none */
};

struct mg_radius_settings {
	unsigned reauth;             /* seconds of a session, 60…86400 */
	const char *quarantine_vlan; /* NULL or "": a quarantined device is refused */
};

/* The whole. */
struct mg_radius_view {
	const struct mg_radius_device *devices;
	size_t n_devices;
	const struct mg_radius_switch *switches;
	size_t n_switches;
	/* Serial numbers (hex) of certificates that were revoked. */
	const char *const *revoked;
	size_t n_revoked;
	struct mg_radius_settings settings;
};

struct mg_radius_tally {
	size_t added, changed, removed; /* devices and switches */
};

struct mg_radius_export;

/*
 * Creates the file (0640, its folder's group) if there is none; one of another version, or damaged,
 * is made anew, empty: the registry has it all. The gateway itself, 127.0.0.1 with the secret
 * "gateway", is always a client.
 */
int mg_radius_export_open(struct mg_radius_export **ret, const char *path, struct sk_err *err);
void mg_radius_export_close(struct mg_radius_export *x);

/*
 * Make the file hold exactly this: only what differs is written. Refused as a whole, nothing
 * changed: -EINVAL with the field's path ("devices[7].macs[0]"), -EEXIST if two devices have one
 * MAC or identity or two switches one address. ret may be NULL.
 */
int mg_radius_export_all(struct mg_radius_export *x, const struct mg_radius_view *v,
	struct mg_radius_tally *ret, struct sk_err *err);
/* One device, put in the place of what there was of its number. 1: changed, 0: was the same. */
int mg_radius_export_device(
	struct mg_radius_export *x, const struct mg_radius_device *d, struct sk_err *err);
/* 1: removed, 0: there was none. */
int mg_radius_export_forget(struct mg_radius_export *x, int64_t number, struct sk_err *err);
/* A revoked certificate, by its serial number. 1: is new. */
int mg_radius_export_revoke(struct mg_radius_export *x, const char *serial, struct sk_err *err);

/* Name of a device, "" if there is none. Returns dst. */
char *mg_radius_export_name(struct mg_radius_export *x, int64_t number, char *dst, size_t cap);
/* The switch that asks from an address: its row's fields; -ENOENT. */
struct mg_radius_nas {
	char name[64], secret[64];
	uint16_t coa_port;
};
int mg_radius_export_switch(
	struct mg_radius_export *x, const char *address, struct mg_radius_nas *ret);
/*
 * What a switch would be told now, "VERDICT;NUMBER;SECONDS;VLAN" as schema.h has it, or "unknown":
 * about this MAC (twelve digits), or, number not 0, about that device proven by 802.1X from it. 0
 * or -errno.
 */
int mg_radius_export_verdict(struct mg_radius_export *x, const char *mac, int64_t number, char *dst,
	size_t cap, struct sk_err *err);
/* The device with this MAC (twelve digits); 0: none. */
int64_t mg_radius_export_owner(struct mg_radius_export *x, const char *mac);

/* Switches, without the gateway itself. */
int64_t mg_radius_export_switches(struct mg_radius_export *x);

/* Serial numbers in a CRL (PEM): fn is called with each as lower-case hex. Not 0: ends with it. */
int mg_radius_crl_each(const void *pem, size_t n, int (*fn)(const char *serial, void *arg),
	void *arg, struct sk_err *err);

#endif
