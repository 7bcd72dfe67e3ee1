/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures of releases: CMS signed data as RAUC and `openssl cms` write it, by a certificate of
 * the authority in the keyring. GnuTLS does the work.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>
#include <string.h>

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/update/run/run.h"

#define KEYRING_MAX (256u << 10)

static gnutls_datum_t datum(const void *p, size_t n)
{
	return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)p, .size = (unsigned)n};
}

static int trust(const char *keyring, gnutls_x509_trust_list_t *ret, struct sk_err *err)
{
	gnutls_x509_trust_list_t list = NULL;
	struct sk_buf b;
	int r, n = -1;

	sk_buf_init(&b, KEYRING_MAX);
	r = sk_file_read(keyring, &b, NULL);
	if (r == 0 && gnutls_x509_trust_list_init(&list, 0) == 0) {
		const gnutls_datum_t cas = datum(b.data, b.len);

		n = gnutls_x509_trust_list_add_trust_mem(
			list, &cas, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	}
	sk_buf_done(&b);
	if (n <= 0) {
		if (list)
			gnutls_x509_trust_list_deinit(list, 1);
		return sk_err_set(err, -ENOKEY, NULL,
			"the certificate of the update authority (%s) cannot be read, so nothing "
			"can be verified",
			"更新の署名を確認する証明書 (%s) を読み取れないため、検証できません",
			keyring);
	}
	*ret = list;
	return 0;
}

/* The certificate in the signature that its first signer names. */
static void find_signer(gnutls_pkcs7_t p7, struct mg_signer *ret)
{
	gnutls_pkcs7_signature_info_st info = {0};
	const int n = gnutls_pkcs7_get_crt_count(p7);

	if (gnutls_pkcs7_get_signature_info(p7, 0, &info) < 0)
		return;
	for (int i = 0; i < n; i++) {
		unsigned char serial[64], sum[32];
		size_t len = sizeof(serial), name = sizeof(ret->name), sum_len = sizeof(sum);
		gnutls_datum_t der = {0};
		gnutls_x509_crt_t crt;

		if (gnutls_pkcs7_get_crt_raw2(p7, (unsigned)i, &der) < 0)
			continue;
		if (gnutls_x509_crt_init(&crt) == 0) {
			if (gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) == 0 &&
				gnutls_x509_crt_get_serial(crt, serial, &len) == 0 &&
				len == info.signer_serial.size &&
				memcmp(serial, info.signer_serial.data, len) == 0 &&
				gnutls_x509_crt_get_dn(crt, ret->name, &name) == 0 &&
				gnutls_x509_crt_get_fingerprint(
					crt, GNUTLS_DIG_SHA256, sum, &sum_len) == 0)
				sk_hex(ret->sha256, sum, sum_len);
			gnutls_x509_crt_deinit(crt);
		}
		gnutls_free(der.data);
	}
	gnutls_pkcs7_signature_info_deinit(&info);
}

/* Does it fit the certificate that came with it, whoever made that? */
static bool is_intact(gnutls_pkcs7_t p7, const gnutls_datum_t *data)
{
	const int n = gnutls_pkcs7_get_crt_count(p7);
	bool intact = false;

	for (int i = 0; i < n && !intact; i++) {
		gnutls_datum_t der = {0};
		gnutls_x509_crt_t crt;

		if (gnutls_pkcs7_get_crt_raw2(p7, (unsigned)i, &der) < 0)
			continue;
		if (gnutls_x509_crt_init(&crt) == 0) {
			intact = gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) == 0 &&
				gnutls_pkcs7_verify_direct(p7, crt, 0, data, 0) == 0;
			gnutls_x509_crt_deinit(crt);
		}
		gnutls_free(der.data);
	}
	return intact;
}

static int refused(int rc, bool intact, struct sk_err *err)
{
	if (!intact)
		return sk_err_set(err, -EBADMSG, "signature",
			"the signature does not fit: the content was changed or damaged",
			"署名が一致しません。内容が改変されたか、破損しています");
	return sk_err_set(err, -EKEYREJECTED, "signature",
		"not signed by the update authority of this gateway, or its certificate is not "
		"valid "
		"now (is the clock right?): %s",
		"本装置の更新用の認証局による署名でないか、証明書の有効期間外です "
		"(時計を確認してください): %s",
		gnutls_strerror(rc));
}

static int take_content(gnutls_pkcs7_t p7, struct sk_buf *content)
{
	gnutls_datum_t d = {0};
	int rc = gnutls_pkcs7_get_embedded_data(p7, 0, &d);

	if (rc < 0)
		return rc;
	sk_buf_put(content, d.data, d.size);
	gnutls_free(d.data);
	return sk_buf_error(content) ? GNUTLS_E_MEMORY_ERROR : 0;
}

static int verify(gnutls_pkcs7_t p7, gnutls_x509_trust_list_t list, const struct mg_cms *c,
	struct sk_buf *content, struct sk_err *err)
{
	const gnutls_datum_t sig = datum(c->sig, c->sig_len), data = datum(c->data, c->data_len);
	int rc = gnutls_pkcs7_import(p7, &sig, GNUTLS_X509_FMT_DER);

	if (rc < 0)
		return sk_err_set(err, -EBADMSG, "signature", "is no signature: %s",
			"署名ではありません: %s", gnutls_strerror(rc));
	rc = gnutls_pkcs7_verify(
		p7, list, NULL, 0, 0, c->data ? &data : NULL, GNUTLS_VERIFY_DISABLE_CRL_CHECKS);
	if (rc < 0)
		return refused(rc, is_intact(p7, c->data ? &data : NULL), err);
	rc = c->data ? 0 : take_content(p7, content);
	return rc < 0 ? sk_err_set(err, -EBADMSG, "signature", "holds no content",
				"署名に内容が含まれていません")
		      : 0;
}

int mg_cms_verify(const char *keyring, const struct mg_cms *c, struct sk_buf *content,
	struct mg_signer *ret, struct sk_err *err)
{
	gnutls_x509_trust_list_t list = NULL;
	gnutls_pkcs7_t p7;
	int r = trust(keyring, &list, err);

	if (r < 0)
		return r;
	if (gnutls_pkcs7_init(&p7) < 0) {
		gnutls_x509_trust_list_deinit(list, 1);
		return sk_err_nomem(err);
	}
	r = verify(p7, list, c, content, err);
	if (r == 0)
		find_signer(p7, ret);
	gnutls_pkcs7_deinit(p7);
	gnutls_x509_trust_list_deinit(list, 1);
	return r;
}
