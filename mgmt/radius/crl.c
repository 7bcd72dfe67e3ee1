// SPDX-License-Identifier: GPL-2.0-or-later
/* Serial numbers of a CRL, so that the export refuses a certificate the moment it is revoked. */
#include <errno.h>
#include <gnutls/x509.h>

#include "lib/util.h"
#include "mgmt/radius/export.h"

#define REVOKED_MAX 100000
#define SERIAL_BYTES 32

static void crl_done(gnutls_x509_crl_t *crl)
{
	if (*crl)
		gnutls_x509_crl_deinit(*crl);
}

static int fail(struct sk_err *err, int code)
{
	return sk_err_set(err, code == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EBADMSG, NULL,
		"is no certificate revocation list: %s", "証明書失効リストではありません: %s",
		gnutls_strerror(code));
}

int mg_radius_crl_each(const void *pem, size_t n, int (*fn)(const char *serial, void *arg),
	void *arg, struct sk_err *err)
{
	_cleanup_(crl_done) gnutls_x509_crl_t crl = NULL;
	gnutls_datum_t data;
	int code = gnutls_x509_crl_init(&crl), count, r = 0;

	data.data = (void *)pem;
	data.size = (unsigned)n;
	if (code == 0)
		code = gnutls_x509_crl_import(crl, &data, GNUTLS_X509_FMT_PEM);
	if (code < 0)
		return fail(err, code);
	count = gnutls_x509_crl_get_crt_count(crl);
	if (count > REVOKED_MAX)
		return fail(err, GNUTLS_E_INVALID_REQUEST);
	for (int i = 0; r == 0 && i < count; i++) {
		unsigned char serial[SERIAL_BYTES];
		char hex[2 * SERIAL_BYTES + 1];
		size_t len = sizeof(serial);
		time_t at;

		code = gnutls_x509_crl_get_crt_serial(crl, (unsigned)i, serial, &len, &at);
		if (code < 0)
			return fail(err, code);
		r = fn(sk_hex(hex, serial, len), arg);
	}
	return r;
}
