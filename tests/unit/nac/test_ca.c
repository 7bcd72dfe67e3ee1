/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An authority in a folder: what it issues opens with its password and verifies; what it revoked is
 * in the CRL; all of it after opening it again. */
#include "tests/unit/lib/unit.h"

#include <gnutls/pkcs12.h>
#include <gnutls/x509.h>
#include <unistd.h>

#include "lib/file.h"
#include "nac/ca/ca.h"

static char dir[] = "/tmp/test-nac-ca-XXXXXX";

static void pem(const char *name, struct sk_buf *b, gnutls_datum_t *ret)
{
	char path[256];

	sk_buf_init(b, 1 << 20);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(sk_file_read(path, b, NULL), 0);
	*ret = (gnutls_datum_t){.data = b->data, .size = (unsigned)b->len};
}

/* Issuer, CRL and validity as a TLS server looks at them. */
static unsigned verify(gnutls_x509_crt_t c)
{
	gnutls_x509_trust_list_t list;
	gnutls_x509_crl_t crl;
	unsigned status = 0;
	gnutls_datum_t d;
	struct sk_buf b;

	gnutls_x509_trust_list_init(&list, 0);
	pem("ca.pem", &b, &d);
	assert_int_equal(
		gnutls_x509_trust_list_add_trust_mem(list, &d, NULL, GNUTLS_X509_FMT_PEM, 0, 0), 1);
	sk_buf_done(&b);
	pem("crl.pem", &b, &d);
	gnutls_x509_crl_init(&crl);
	assert_int_equal(gnutls_x509_crl_import(crl, &d, GNUTLS_X509_FMT_PEM), 0);
	assert_int_equal(gnutls_x509_trust_list_add_crls(list, &crl, 1, 0, 0), 1);
	sk_buf_done(&b);
	assert_int_equal(gnutls_x509_trust_list_verify_crt(list, &c, 1, 0, &status, NULL), 0);
	gnutls_x509_trust_list_deinit(list, 1);
	return status;
}

static int unpack(const struct sk_buf *p12, const char *password, gnutls_x509_crt_t *ret)
{
	gnutls_datum_t d = {.data = p12->data, .size = (unsigned)p12->len};
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t *chain = NULL;
	unsigned n = 0;
	gnutls_pkcs12_t p;
	int r;

	gnutls_pkcs12_init(&p);
	r = gnutls_pkcs12_import(p, &d, GNUTLS_X509_FMT_DER, 0);
	if (r >= 0)
		r = gnutls_pkcs12_verify_mac(p, password);
	if (r >= 0)
		r = gnutls_pkcs12_simple_parse(p, password, &key, &chain, &n, NULL, NULL, NULL, 0);
	gnutls_pkcs12_deinit(p);
	if (r < 0)
		return r;
	assert_non_null(key);
	assert_true(n >= 1);
	*ret = chain[0];
	for (unsigned i = 1; i < n; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
	gnutls_x509_privkey_deinit(key);
	return 0;
}

static void all(void **state)
{
	const int64_t now = (int64_t)time(NULL);
	struct nac_ca_cert one, two;
	struct sk_err err = {0};
	gnutls_x509_crt_t a, b;
	struct nac_ca *ca;
	struct sk_buf p12, other;
	json_t *list;

	assert_int_equal(nac_ca_open(&ca, dir, &err), -ENOENT);
	assert_int_equal(nac_ca_init(dir, "株式会社テスト", now, &err), 0);
	assert_int_equal(nac_ca_init(dir, "again", now, &err), -EEXIST);
	assert_int_equal(nac_ca_open(&ca, dir, &err), 0);
	sk_buf_init(&p12, 65536);
	sk_buf_init(&other, 65536);
	assert_int_equal(
		nac_ca_issue(ca, "host/pc-001", 1, 365, "password-1", now, &p12, &one, &err), 0);
	assert_int_equal(
		nac_ca_issue(ca, "pc-002", 2, 99, "password-2", now, &other, &two, &err), 0);
	assert_string_not_equal(one.serial, two.serial);
	assert_true(unpack(&p12, "password-2", &a) < 0);
	assert_int_equal(unpack(&p12, "password-1", &a), 0);
	assert_int_equal(unpack(&other, "password-2", &b), 0);
	assert_int_equal(verify(a), 0);
	assert_int_equal(nac_ca_revoke(ca, "00", "x", now, &err), -ENOENT);
	assert_int_equal(nac_ca_revoke(ca, one.serial, "紛失", now, &err), 0);
	assert_true(verify(a) & GNUTLS_CERT_REVOKED);
	assert_int_equal(verify(b), 0);
	nac_ca_close(ca);
	/* Opened again, half a month later: the CRL is renewed, and still has it. */
	assert_int_equal(nac_ca_open(&ca, dir, &err), 0);
	list = nac_ca_list(ca);
	assert_int_equal(json_array_size(list), 2);
	json_decref(list);
	assert_int_equal(nac_ca_maintain(ca, now, &err), 0);
	assert_int_equal(nac_ca_maintain(ca, now + 16 * 86400, &err), 0);
	assert_true(verify(a) & GNUTLS_CERT_REVOKED);
	assert_int_equal(nac_ca_revoke_device(ca, 2, "", now, &err), 1);
	assert_int_equal(nac_ca_revoke_device(ca, 2, "", now, &err), 0);
	assert_true(verify(b) & GNUTLS_CERT_REVOKED);
	/* The server's certificate in its last days. */
	assert_int_equal(nac_ca_maintain(ca, now + 700 * 86400, &err), 1);
	nac_ca_close(ca);
	gnutls_x509_crt_deinit(a);
	gnutls_x509_crt_deinit(b);
	sk_buf_done(&p12);
	sk_buf_done(&other);
}

static void refused(void **state)
{
	static const char *const names[] = {"", "a\\b", "a\"b", "端末", "a\nb",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct nac_ca_cert c;
	struct sk_err err = {0};
	struct nac_ca *ca;
	struct sk_buf p12;

	assert_int_equal(nac_ca_open(&ca, dir, &err), 0);
	sk_buf_init(&p12, 65536);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(nac_ca_issue(ca, names[i], 1, 10, "password-1", 0, &p12, &c, &err),
			-EINVAL);
	assert_int_equal(nac_ca_issue(ca, "a", 1, 0, "password-1", 0, &p12, &c, &err), -ERANGE);
	assert_int_equal(nac_ca_issue(ca, "a", 1, 9999, "password-1", 0, &p12, &c, &err), -ERANGE);
	assert_int_equal(nac_ca_issue(ca, "a", 1, 10, "short", 0, &p12, &c, &err), -EINVAL);
	sk_buf_done(&p12);
	nac_ca_close(ca);
}

static int make(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int clean(void **state)
{
	static const char *const files[] = {
		"ca.key", "ca.pem", "server.key", "server.pem", "crl.pem", "index.json"};
	char path[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all), cmocka_unit_test(refused)};

	return cmocka_run_group_tests(tests, make, clean);
}
