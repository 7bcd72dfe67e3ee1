/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The authority's folder and its index. Not for use outside nac/ca. */
#ifndef NAC_CA_STORE_H
#define NAC_CA_STORE_H

#include <gnutls/x509.h>

#include "nac/ca/ca.h"

struct nac_ca {
	char dir[512];
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t root;
	struct nac_ca_cert *certs;
	size_t n, cap;
	int64_t crl_number, crl_next;
};

int nac_ca_fail(struct sk_err *err, int gnutls, const char *what);
int nac_ca_put(const char *dir, const char *name, const void *p, size_t n, mode_t mode,
	struct sk_err *err);
int nac_ca_get(const char *dir, const char *name, struct sk_buf *b, struct sk_err *err);
int nac_ca_index_load(struct nac_ca *ca, struct sk_err *err);
int nac_ca_index_save(const struct nac_ca *ca, struct sk_err *err);
int nac_ca_crl_write(struct nac_ca *ca, int64_t now, struct sk_err *err);

/* A P-256 key with its PEM written to name. */
int nac_ca_key_new(gnutls_x509_privkey_t *ret, struct sk_err *err);
int nac_ca_key_put(
	const char *dir, const char *name, gnutls_x509_privkey_t key, struct sk_err *err);
int nac_ca_cert_put(const char *dir, const char *name, gnutls_x509_crt_t c, struct sk_err *err);

#endif
