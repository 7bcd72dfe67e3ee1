/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hostapd is told about one port: its configuration and the table of EAP users, as texts.
 * Pure. */
#ifndef NAC_DOT1X_CONF_H
#define NAC_DOT1X_CONF_H

#include "lib/buf.h"
#include "lib/err.h"

/* Paths and texts are borrowed; none may hold a line's end. */
struct nac_hostapd_conf {
	const char *port;
	const char *control_dir;
	unsigned reauth;             /* seconds */
	const char *ca, *cert, *key; /* ca: with the CRL behind the certificates */
	bool check_crl;
	const char *users; /* path of the table below */
	/* A RADIUS server in place of the built-in one; NULL: none. */
	const char *radius_address, *radius_secret;
	uint16_t radius_port;
};

/* -EINVAL: a text that cannot stand in the file. */
int nac_hostapd_conf_write(struct sk_buf *b, const struct nac_hostapd_conf *c, struct sk_err *err);

struct nac_eap_methods {
	bool tls, peap, ttls;
};
/*
 * Users from their JSON: {"format":"sekisho-eap-users","users":[{"name":"…","nt_hash":"32 hex
 * digits"}]} (MD4 of the password in UTF-16LE: what MSCHAPv2 needs). text NULL: none. The names
 * stand for PEAP-MSCHAPv2 and TTLS-MSCHAPv2 inside the tunnel only.
 */
int nac_eap_users_write(struct sk_buf *b, const struct nac_eap_methods *m, const char *text,
	size_t n, struct sk_err *err);

#endif
