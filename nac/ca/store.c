/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys, certificates, index and CRL to and from the authority's folder. */
#include "nac/ca/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"

#define FILE_MAX (16u << 20)
#define DAY 86400

int nac_ca_fail(struct sk_err *err, int gnutls, const char *what)
{
	return sk_err_set(err, gnutls == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EIO, NULL,
		"certificate authority: %s: %s", "認証局: %s: %s", what, gnutls_strerror(gnutls));
}

int nac_ca_put(
	const char *dir, const char *name, const void *p, size_t n, mode_t mode, struct sk_err *err)
{
	char path[768];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return sk_file_replace(path, p, n, mode, err);
}

int nac_ca_get(const char *dir, const char *name, struct sk_buf *b, struct sk_err *err)
{
	char path[768];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return sk_file_read(path, b, err);
}

int nac_ca_key_new(gnutls_x509_privkey_t *ret, struct sk_err *err)
{
	gnutls_x509_privkey_t k;
	int r = gnutls_x509_privkey_init(&k);

	if (r < 0)
		return nac_ca_fail(err, r, "key");
	r = gnutls_x509_privkey_generate(
		k, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (r < 0) {
		gnutls_x509_privkey_deinit(k);
		return nac_ca_fail(err, r, "key");
	}
	*ret = k;
	return 0;
}

int nac_ca_key_put(const char *dir, const char *name, gnutls_x509_privkey_t key, struct sk_err *err)
{
	gnutls_datum_t out = {0};
	int r = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &out);

	if (r < 0)
		return nac_ca_fail(err, r, name);
	r = nac_ca_put(dir, name, out.data, out.size, 0600, err);
	gnutls_memset(out.data, 0, out.size);
	gnutls_free(out.data);
	return r;
}

int nac_ca_cert_put(const char *dir, const char *name, gnutls_x509_crt_t c, struct sk_err *err)
{
	gnutls_datum_t out = {0};
	int r = gnutls_x509_crt_export2(c, GNUTLS_X509_FMT_PEM, &out);

	if (r < 0)
		return nac_ca_fail(err, r, name);
	r = nac_ca_put(dir, name, out.data, out.size, 0644, err);
	gnutls_free(out.data);
	return r;
}

/* ---- the index --------------------------------------------------------------------------------
 */

static json_t *cert_json(const struct nac_ca_cert *c)
{
	return json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:s}", "serial", c->serial, "name", c->name,
		"device", (json_int_t)c->device, "issued", (json_int_t)c->issued, "expires",
		(json_int_t)c->expires, "revoked", (json_int_t)c->revoked, "reason", c->reason);
}

json_t *nac_ca_list(const struct nac_ca *ca)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < ca->n; i++)
		json_array_append_new(list, cert_json(&ca->certs[i]));
	return list;
}

int nac_ca_index_save(const struct nac_ca *ca, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = json_pack("{s:s,s:I,s:I,s:o}", "format",
		"sekisho-ca", "crl_number", (json_int_t)ca->crl_number, "crl_next",
		(json_int_t)ca->crl_next, "certificates", nac_ca_list(ca));
	_cleanup_(sk_buf_done) struct sk_buf b;

	sk_buf_init(&b, FILE_MAX);
	if (v)
		sk_json_put(&b, v);
	if (!v || sk_buf_error(&b))
		return sk_err_nomem(err);
	return nac_ca_put(ca->dir, "index.json", b.data, b.len, 0600, err);
}

static int copy(char *dst, size_t cap, const json_t *v, const char *key, struct sk_err *err)
{
	const char *s = "";
	int r = sk_json_str(v, key, true, &s, err);

	if (r == 0 && strlen(s) >= cap)
		r = sk_err_en(err, -EINVAL, key, "is too long");
	if (r == 0)
		snprintf(dst, cap, "%s", s);
	return r;
}

static int load_cert(struct nac_ca *ca, const json_t *v, struct sk_err *err)
{
	struct nac_ca_cert c = {.device = 0};
	int r = copy(c.serial, sizeof(c.serial), v, "serial", err);

	if (r == 0)
		r = copy(c.name, sizeof(c.name), v, "name", err);
	if (r == 0)
		r = copy(c.reason, sizeof(c.reason), v, "reason", err);
	if (r == 0)
		r = sk_json_int(v, "device", true, &c.device, err);
	if (r == 0)
		r = sk_json_int(v, "issued", true, &c.issued, err);
	if (r == 0)
		r = sk_json_int(v, "expires", true, &c.expires, err);
	if (r == 0)
		r = sk_json_int(v, "revoked", true, &c.revoked, err);
	if (r == 0)
		r = sk_grow(&ca->certs, &ca->cap, ca->n + 1, sizeof(*ca->certs));
	if (r == 0)
		ca->certs[ca->n++] = c;
	return r;
}

int nac_ca_index_load(struct nac_ca *ca, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	_cleanup_(sk_json_decrefp) json_t *v = NULL;
	json_t *list = NULL, *e;
	size_t i;
	int r;

	sk_buf_init(&b, FILE_MAX);
	r = nac_ca_get(ca->dir, "index.json", &b, err);
	if (r < 0)
		return r;
	v = sk_json_parse(sk_buf_str(&b), b.len, err);
	r = v ? sk_json_int(v, "crl_number", true, &ca->crl_number, err) : -EINVAL;
	if (r == 0)
		r = sk_json_int(v, "crl_next", true, &ca->crl_next, err);
	if (r == 0)
		r = sk_json_array(v, "certificates", true, &list, err);
	if (r < 0)
		return r;
	json_array_foreach (list, i, e) {
		r = load_cert(ca, e, err);
		if (r < 0) {
			sk_err_prefix(err, "index.json: certificates[%zu]", i);
			return r;
		}
	}
	return 0;
}

/* ---- the CRL (RFC 5280, 5) --------------------------------------------------------------------
 */

static int unhex(const char *s, uint8_t *dst, size_t cap)
{
	size_t n = strlen(s) / 2;

	if (n > cap || strlen(s) % 2)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		unsigned v;

		if (sscanf(s + 2 * i, "%2x", &v) != 1)
			return -EINVAL;
		dst[i] = (uint8_t)v;
	}
	return (int)n;
}

static int crl_fill(gnutls_x509_crl_t crl, const struct nac_ca *ca, int64_t now)
{
	uint8_t number[8];
	int r = gnutls_x509_crl_set_version(crl, 2);

	for (int i = 0; i < 8; i++)
		number[i] = (uint8_t)((uint64_t)ca->crl_number >> (56 - 8 * i));
	if (r >= 0)
		r = gnutls_x509_crl_set_this_update(crl, (time_t)now);
	if (r >= 0)
		r = gnutls_x509_crl_set_next_update(crl, (time_t)ca->crl_next);
	if (r >= 0)
		r = gnutls_x509_crl_set_number(crl, number, sizeof(number));
	for (size_t i = 0; r >= 0 && i < ca->n; i++) {
		uint8_t serial[20];
		int n;

		/* Past its end it is refused anyway. */
		if (!ca->certs[i].revoked || ca->certs[i].expires < now - DAY)
			continue;
		n = unhex(ca->certs[i].serial, serial, sizeof(serial));
		if (n > 0)
			r = gnutls_x509_crl_set_crt_serial(
				crl, serial, (size_t)n, (time_t)ca->certs[i].revoked);
	}
	return r;
}

int nac_ca_crl_write(struct nac_ca *ca, int64_t now, struct sk_err *err)
{
	gnutls_datum_t out = {0};
	gnutls_x509_crl_t crl;
	int r = gnutls_x509_crl_init(&crl), saved;

	if (r < 0)
		return nac_ca_fail(err, r, "CRL");
	ca->crl_number++;
	ca->crl_next = now + (int64_t)NAC_CA_CRL_DAYS * DAY;
	saved = nac_ca_index_save(ca, err);
	if (saved < 0) {
		gnutls_x509_crl_deinit(crl);
		return saved;
	}
	r = crl_fill(crl, ca, now);
	if (r >= 0)
		r = gnutls_x509_crl_sign2(crl, ca->root, ca->key, GNUTLS_DIG_SHA256, 0);
	if (r >= 0)
		r = gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &out);
	gnutls_x509_crl_deinit(crl);
	if (r < 0)
		return nac_ca_fail(err, r, "CRL");
	r = nac_ca_put(ca->dir, "crl.pem", out.data, out.size, 0644, err);
	gnutls_free(out.data);
	return r;
}
