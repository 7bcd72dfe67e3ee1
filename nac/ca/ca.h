/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The appliance's own small certificate authority for EAP-TLS: one root, one server certificate for
 * the authenticator, device certificates handed out as PKCS#12 with the key, which is kept nowhere.
 * Everything is in one folder:
 *
 *   ca.key ca.pem          the root (ECDSA P-256)
 *   server.key server.pem  the authenticator's
 *   crl.pem                revoked serial numbers
 *   index.json             what was issued to whom
 *
 * Files are replaced whole and durably; the index before the CRL, so nothing that was revoked is
 * forgotten. Not for two processes at once.
 */
#ifndef NAC_CA_H
#define NAC_CA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

#define NAC_CA_SERIAL 33 /* 16 bytes as hex, with its NUL */
#define NAC_CA_NAME_MAX 64
#define NAC_CA_DAYS_MAX 1826
#define NAC_CA_PASSWORD_MIN 8
#define NAC_CA_CRL_DAYS 30
#define NAC_CA_ISSUED_MAX 50000

struct nac_ca;

struct nac_ca_cert {
	char serial[NAC_CA_SERIAL];
	char name[NAC_CA_NAME_MAX + 1]; /* common name: the identity of the device */
	int64_t device;                 /* its number, 0: none */
	int64_t issued, expires;        /* seconds since 1970 */
	int64_t revoked;                /* 0: not */
	char reason[64];
};

/* -EEXIST: there is one in the folder. Makes root, server certificate and an empty CRL. */
int nac_ca_init(const char *dir, const char *organisation, int64_t now, struct sk_err *err);
/* -ENOENT: none there yet. */
int nac_ca_open(struct nac_ca **ret, const char *dir, struct sk_err *err);
void nac_ca_close(struct nac_ca *ca);

/*
 * A new key and certificate. name: printable ASCII without backslash, as a device's identity in the
 * admission document. p12 gets the PKCS#12 (PBES2, AES-256, SHA-256): key, certificate and root,
 * encrypted with password. Earlier certificates of the name stay valid; revoke them when it is
 * known to have arrived.
 */
int nac_ca_issue(struct nac_ca *ca, const char *name, int64_t device, unsigned days,
	const char *password, int64_t now, struct sk_buf *p12, struct nac_ca_cert *ret,
	struct sk_err *err);
/* -ENOENT: no such serial number; 0 also if it was revoked before. The CRL is written anew. */
int nac_ca_revoke(
	struct nac_ca *ca, const char *serial, const char *reason, int64_t now, struct sk_err *err);
/* Every certificate that is valid of that device, or with that name. How many, or -errno. */
int nac_ca_revoke_device(
	struct nac_ca *ca, int64_t device, const char *reason, int64_t now, struct sk_err *err);

/*
 * What time asks for: a new CRL halfway to its end, a new server certificate in its last 60 days. 1
 * if the server's files changed, 0 if not.
 */
int nac_ca_maintain(struct nac_ca *ca, int64_t now, struct sk_err *err);

/* Index as an array of objects with the fields above. New reference, NULL without memory. */
json_t *nac_ca_list(const struct nac_ca *ca);
/* {"subject", "fingerprint" (SHA-256, hex), "expires", "issued", "revoked"}. */
json_t *nac_ca_status(const struct nac_ca *ca);

#endif
