/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Root, server and device certificates made with GnuTLS; PKCS#12 for the devices. */
#include "nac/ca/ca.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/pkcs12.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/util.h"
#include "nac/ca/store.h"

#define DAY 86400
#define ROOT_DAYS 3650
#define SERVER_DAYS 730
#define RENEW_DAYS 60
#define BEFORE_S 300 /* clocks of devices are not exact */

enum role { ROOT, SERVER, DEVICE };

struct request {
	enum role role;
	const char *name, *organisation;
	gnutls_x509_privkey_t key;
	int64_t from, until;
	uint8_t serial[16];
};

/* ---- certificates (RFC 5280) ------------------------------------------------------------------
 */

static int set_names(gnutls_x509_crt_t c, const struct request *q)
{
	int r = gnutls_x509_crt_set_dn_by_oid(
		c, GNUTLS_OID_X520_COMMON_NAME, 0, q->name, (unsigned)strlen(q->name));

	if (r >= 0 && q->organisation && q->organisation[0])
		r = gnutls_x509_crt_set_dn_by_oid(c, GNUTLS_OID_X520_ORGANIZATION_NAME, 0,
			q->organisation, (unsigned)strlen(q->organisation));
	if (r >= 0 && q->role == SERVER)
		r = gnutls_x509_crt_set_subject_alt_name(
			c, GNUTLS_SAN_DNSNAME, q->name, (unsigned)strlen(q->name), GNUTLS_FSAN_SET);
	return r;
}

static int set_usage(gnutls_x509_crt_t c, enum role role)
{
	int r = gnutls_x509_crt_set_basic_constraints(c, role == ROOT, role == ROOT ? 0 : -1);

	if (r >= 0)
		r = gnutls_x509_crt_set_key_usage(c,
			role == ROOT ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
				     : GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (r >= 0 && role != ROOT)
		r = gnutls_x509_crt_set_key_purpose_oid(
			c, role == SERVER ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT, 0);
	return r;
}

static int set_ids(gnutls_x509_crt_t c, gnutls_x509_crt_t root)
{
	uint8_t id[64];
	size_t n = sizeof(id);
	int r = gnutls_x509_crt_get_key_id(c, 0, id, &n);

	if (r >= 0)
		r = gnutls_x509_crt_set_subject_key_id(c, id, n);
	n = sizeof(id);
	if (r >= 0 && root)
		r = gnutls_x509_crt_get_subject_key_id(root, id, &n, NULL);
	if (r >= 0 && root)
		r = gnutls_x509_crt_set_authority_key_id(c, id, n);
	return r;
}

/* root NULL: it signs itself. */
static int make(gnutls_x509_crt_t *ret, struct request *q, gnutls_x509_crt_t root,
	gnutls_x509_privkey_t root_key, struct sk_err *err)
{
	gnutls_x509_crt_t c;
	int r = gnutls_x509_crt_init(&c);

	if (r < 0)
		return nac_ca_fail(err, r, "certificate");
	r = gnutls_rnd(GNUTLS_RND_RANDOM, q->serial, sizeof(q->serial));
	/* Positive, and never with a zero first byte (RFC 5280, 4.1.2.2). */
	q->serial[0] = (uint8_t)((q->serial[0] & 0x3f) | 0x40);
	if (r >= 0)
		r = gnutls_x509_crt_set_version(c, 3);
	if (r >= 0)
		r = gnutls_x509_crt_set_serial(c, q->serial, sizeof(q->serial));
	if (r >= 0)
		r = gnutls_x509_crt_set_activation_time(c, (time_t)q->from);
	if (r >= 0)
		r = gnutls_x509_crt_set_expiration_time(c, (time_t)q->until);
	if (r >= 0)
		r = gnutls_x509_crt_set_key(c, q->key);
	if (r >= 0)
		r = set_names(c, q);
	if (r >= 0)
		r = set_usage(c, q->role);
	if (r >= 0)
		r = set_ids(c, root);
	if (r >= 0)
		r = gnutls_x509_crt_sign2(c, root ? root : c, root_key, GNUTLS_DIG_SHA256, 0);
	if (r < 0) {
		gnutls_x509_crt_deinit(c);
		return nac_ca_fail(err, r, "certificate");
	}
	*ret = c;
	return 0;
}

/* The key before its certificate: a crash between leaves a pair that is made anew. */
static int make_server(const char *dir, gnutls_x509_crt_t root, gnutls_x509_privkey_t root_key,
	int64_t now, struct sk_err *err)
{
	struct request q = {.role = SERVER,
		.name = "sekisho",
		.from = now - BEFORE_S,
		.until = now + (int64_t)SERVER_DAYS * DAY};
	gnutls_x509_crt_t c = NULL;
	int r = nac_ca_key_new(&q.key, err);

	if (r < 0)
		return r;
	r = make(&c, &q, root, root_key, err);
	if (r == 0)
		r = nac_ca_key_put(dir, "server.key", q.key, err);
	if (r == 0)
		r = nac_ca_cert_put(dir, "server.pem", c, err);
	if (c)
		gnutls_x509_crt_deinit(c);
	gnutls_x509_privkey_deinit(q.key);
	return r;
}

int nac_ca_init(const char *dir, const char *organisation, int64_t now, struct sk_err *err)
{
	struct nac_ca ca = {.crl_number = 0};
	struct request q = {.role = ROOT,
		.name = "Sekisho device CA",
		.organisation = organisation,
		.from = now - BEFORE_S,
		.until = now + (int64_t)ROOT_DAYS * DAY};
	_cleanup_(sk_buf_done) struct sk_buf old;
	int r;

	sk_buf_init(&old, 1 << 20);
	if (strlen(organisation) > NAC_CA_NAME_MAX ||
		!sk_utf8_valid(organisation, strlen(organisation)))
		return sk_err_set(err, -EINVAL, "organisation", "must have at most %d bytes",
			"は %d バイト以内で指定してください", NAC_CA_NAME_MAX);
	if (nac_ca_get(dir, "index.json", &old, NULL) != -ENOENT)
		return sk_err_set(err, -EEXIST, NULL, "there is a certificate authority already",
			"認証局はすでに作成されています");
	snprintf(ca.dir, sizeof(ca.dir), "%s", dir);
	r = sk_mkdir_p(dir, 0700, err);
	if (r == 0)
		r = nac_ca_key_new(&q.key, err);
	if (r < 0)
		return r;
	ca.key = q.key;
	r = make(&ca.root, &q, NULL, q.key, err);
	if (r == 0)
		r = nac_ca_key_put(dir, "ca.key", q.key, err);
	if (r == 0)
		r = nac_ca_cert_put(dir, "ca.pem", ca.root, err);
	if (r == 0)
		r = make_server(dir, ca.root, ca.key, now, err);
	/* Last, and with it the index: only now there is one. */
	if (r == 0)
		r = nac_ca_crl_write(&ca, now, err);
	if (ca.root)
		gnutls_x509_crt_deinit(ca.root);
	gnutls_x509_privkey_deinit(ca.key);
	return r;
}

/* ---- the folder -------------------------------------------------------------------------------
 */

static int load_key(struct nac_ca *ca, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	gnutls_datum_t in;
	int r;

	sk_buf_init(&b, 1 << 16);
	r = nac_ca_get(ca->dir, "ca.key", &b, err);
	if (r < 0)
		return r;
	in = (gnutls_datum_t){.data = b.data, .size = (unsigned)b.len};
	r = gnutls_x509_privkey_init(&ca->key);
	if (r >= 0)
		r = gnutls_x509_privkey_import(ca->key, &in, GNUTLS_X509_FMT_PEM);
	gnutls_memset(b.data, 0, b.len);
	return r < 0 ? nac_ca_fail(err, r, "ca.key") : 0;
}

static int load_cert(const char *dir, const char *name, gnutls_x509_crt_t *ret, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	gnutls_datum_t in;
	int r;

	sk_buf_init(&b, 1 << 16);
	r = nac_ca_get(dir, name, &b, err);
	if (r < 0)
		return r;
	in = (gnutls_datum_t){.data = b.data, .size = (unsigned)b.len};
	r = gnutls_x509_crt_init(ret);
	if (r >= 0)
		r = gnutls_x509_crt_import(*ret, &in, GNUTLS_X509_FMT_PEM);
	return r < 0 ? nac_ca_fail(err, r, name) : 0;
}

int nac_ca_open(struct nac_ca **ret, const char *dir, struct sk_err *err)
{
	struct nac_ca *ca = calloc(1, sizeof(*ca));
	int r;

	if (!ca)
		return sk_err_nomem(err);
	snprintf(ca->dir, sizeof(ca->dir), "%s", dir);
	r = nac_ca_index_load(ca, err);
	if (r == 0)
		r = load_key(ca, err);
	if (r == 0)
		r = load_cert(dir, "ca.pem", &ca->root, err);
	if (r < 0) {
		nac_ca_close(ca);
		return r;
	}
	*ret = ca;
	return 0;
}

void nac_ca_close(struct nac_ca *ca)
{
	if (!ca)
		return;
	if (ca->key)
		gnutls_x509_privkey_deinit(ca->key);
	if (ca->root)
		gnutls_x509_crt_deinit(ca->root);
	free(ca->certs);
	free(ca);
}

/* ---- devices ----------------------------------------------------------------------------------
 */

static int add_bag(gnutls_pkcs12_t p12, gnutls_x509_crt_t c, gnutls_x509_privkey_t key,
	const char *name, const char *password)
{
	uint8_t id[64];
	size_t n = sizeof(id);
	gnutls_datum_t key_id, pk8 = {0};
	gnutls_pkcs12_bag_t bag;
	int r = gnutls_pkcs12_bag_init(&bag), index = 0;

	if (r < 0)
		return r;
	r = gnutls_x509_crt_get_key_id(c, 0, id, &n);
	key_id = (gnutls_datum_t){.data = id, .size = (unsigned)n};
	if (r >= 0 && key) {
		r = gnutls_x509_privkey_export2_pkcs8(
			key, GNUTLS_X509_FMT_DER, password, GNUTLS_PKCS_PBES2_AES_256, &pk8);
		if (r >= 0)
			r = index = gnutls_pkcs12_bag_set_data(
				bag, GNUTLS_BAG_PKCS8_ENCRYPTED_KEY, &pk8);
		gnutls_free(pk8.data);
	} else if (r >= 0) {
		r = index = gnutls_pkcs12_bag_set_crt(bag, c);
	}
	if (r >= 0 && name)
		r = gnutls_pkcs12_bag_set_friendly_name(bag, index, name);
	/* It ties the key to its certificate; the root has none. */
	if (r >= 0 && name)
		r = gnutls_pkcs12_bag_set_key_id(bag, index, &key_id);
	if (r >= 0 && !key)
		r = gnutls_pkcs12_bag_encrypt(bag, password, GNUTLS_PKCS_PBES2_AES_256);
	if (r >= 0)
		r = gnutls_pkcs12_set_bag(p12, bag);
	gnutls_pkcs12_bag_deinit(bag);
	return r;
}

/* RFC 7292. */
static int pack(const struct nac_ca *ca, gnutls_x509_crt_t c, gnutls_x509_privkey_t key,
	const char *name, const char *password, struct sk_buf *b)
{
	gnutls_datum_t out = {0};
	gnutls_pkcs12_t p12;
	int r = gnutls_pkcs12_init(&p12);

	if (r < 0)
		return r;
	r = add_bag(p12, c, NULL, name, password);
	if (r >= 0)
		r = add_bag(p12, ca->root, NULL, NULL, password);
	if (r >= 0)
		r = add_bag(p12, c, key, name, password);
	if (r >= 0)
		r = gnutls_pkcs12_generate_mac2(p12, GNUTLS_MAC_SHA256, password);
	if (r >= 0)
		r = gnutls_pkcs12_export2(p12, GNUTLS_X509_FMT_DER, &out);
	if (r >= 0)
		sk_buf_put(b, out.data, out.size);
	gnutls_free(out.data);
	gnutls_pkcs12_deinit(p12);
	return r;
}

static int check_request(const struct nac_ca *ca, const char *name, unsigned days,
	const char *password, struct sk_err *err)
{
	size_t n = strlen(name);

	if (n == 0 || n > NAC_CA_NAME_MAX)
		return sk_err_set(err, -EINVAL, "name", "must have 1 to %d characters",
			"は 1〜%d 文字で指定してください", NAC_CA_NAME_MAX);
	for (size_t i = 0; i < n; i++)
		if (name[i] < 0x20 || name[i] > 0x7e || name[i] == '\\' || name[i] == '"')
			return sk_err_set(err, -EINVAL, "name",
				"may have printable ASCII only, no quotes and backslashes",
				"に使えるのは ASCII の印字可能文字 (引用符と \\ を除く) だけです");
	if (days == 0 || days > NAC_CA_DAYS_MAX)
		return sk_err_set(err, -ERANGE, "days", "must be 1 to %d",
			"は 1〜%d で指定してください", NAC_CA_DAYS_MAX);
	if (strlen(password) < NAC_CA_PASSWORD_MIN)
		return sk_err_set(err, -EINVAL, "password", "must have at least %d characters",
			"は %d 文字以上にしてください", NAC_CA_PASSWORD_MIN);
	if (ca->n >= NAC_CA_ISSUED_MAX)
		return sk_err_set(err, -ENOSPC, NULL, "%d certificates are the limit",
			"証明書の発行数の上限 (%d) に達しています", NAC_CA_ISSUED_MAX);
	return 0;
}

static int record(struct nac_ca *ca, const struct nac_ca_cert *c, struct sk_err *err)
{
	int r = sk_grow(&ca->certs, &ca->cap, ca->n + 1, sizeof(*ca->certs));

	if (r < 0)
		return sk_err_nomem(err);
	ca->certs[ca->n++] = *c;
	r = nac_ca_index_save(ca, err);
	if (r < 0)
		ca->n--;
	return r;
}

int nac_ca_issue(struct nac_ca *ca, const char *name, int64_t device, unsigned days,
	const char *password, int64_t now, struct sk_buf *p12, struct nac_ca_cert *ret,
	struct sk_err *err)
{
	struct request q = {.role = DEVICE, .name = name, .from = now - BEFORE_S};
	struct nac_ca_cert made = {.device = device, .issued = now};
	gnutls_x509_crt_t c = NULL;
	int r = check_request(ca, name, days, password, err);

	if (r == 0)
		r = nac_ca_key_new(&q.key, err);
	if (r < 0)
		return r;
	/* None outlives the root. */
	q.until = SK_MIN(
		now + (int64_t)days * DAY, (int64_t)gnutls_x509_crt_get_expiration_time(ca->root));
	made.expires = q.until;
	r = make(&c, &q, ca->root, ca->key, err);
	if (r == 0) {
		r = pack(ca, c, q.key, name, password, p12);
		r = r < 0 ? nac_ca_fail(err, r, "PKCS#12") : sk_buf_error(p12);
	}
	if (r == 0) {
		sk_hex(made.serial, q.serial, sizeof(q.serial));
		snprintf(made.name, sizeof(made.name), "%s", name);
		r = record(ca, &made, err);
	}
	if (r == 0)
		*ret = made;
	if (c)
		gnutls_x509_crt_deinit(c);
	gnutls_x509_privkey_deinit(q.key);
	return r;
}

static int mark(struct nac_ca *ca, struct nac_ca_cert *c, const char *reason, int64_t now,
	struct sk_err *err)
{
	if (strlen(reason) >= sizeof(c->reason) || !sk_utf8_valid(reason, strlen(reason)))
		return sk_err_set(err, -EINVAL, "reason", "must have at most %zu bytes",
			"は %zu バイト以内で指定してください", sizeof(c->reason) - 1);
	c->revoked = now;
	snprintf(c->reason, sizeof(c->reason), "%s", reason);
	return 0;
}

int nac_ca_revoke(
	struct nac_ca *ca, const char *serial, const char *reason, int64_t now, struct sk_err *err)
{
	for (size_t i = 0; i < ca->n; i++) {
		struct nac_ca_cert *c = &ca->certs[i], was = *c;
		int r;

		if (strcasecmp(c->serial, serial) != 0)
			continue;
		if (c->revoked)
			return 0;
		r = mark(ca, c, reason, now, err);
		if (r == 0)
			r = nac_ca_crl_write(ca, now, err);
		if (r < 0)
			*c = was;
		return r;
	}
	return sk_err_set(err, -ENOENT, "serial", "no certificate has this serial number",
		"このシリアル番号の証明書はありません");
}

int nac_ca_revoke_device(
	struct nac_ca *ca, int64_t device, const char *reason, int64_t now, struct sk_err *err)
{
	int n = 0, r = 0;

	for (size_t i = 0; i < ca->n && r == 0; i++) {
		struct nac_ca_cert *c = &ca->certs[i];

		if (c->device != device || c->revoked || c->expires <= now)
			continue;
		r = mark(ca, c, reason, now, err);
		n += r == 0;
	}
	if (r == 0 && n)
		r = nac_ca_crl_write(ca, now, err);
	return r < 0 ? r : n;
}

int nac_ca_maintain(struct nac_ca *ca, int64_t now, struct sk_err *err)
{
	gnutls_x509_crt_t server = NULL;
	int64_t until = 0;
	int r;

	if (load_cert(ca->dir, "server.pem", &server, NULL) == 0)
		until = gnutls_x509_crt_get_expiration_time(server);
	if (server)
		gnutls_x509_crt_deinit(server);
	if (ca->crl_next - now < (int64_t)NAC_CA_CRL_DAYS * DAY / 2) {
		r = nac_ca_crl_write(ca, now, err);
		if (r < 0)
			return r;
	}
	if (until - now > (int64_t)RENEW_DAYS * DAY)
		return 0;
	r = make_server(ca->dir, ca->root, ca->key, now, err);
	return r < 0 ? r : 1;
}

json_t *nac_ca_status(const struct nac_ca *ca)
{
	char subject[256] = "", hex[65] = "";
	uint8_t sum[32];
	size_t n = sizeof(subject), len = sizeof(sum), revoked = 0;

	gnutls_x509_crt_get_dn(ca->root, subject, &n);
	if (gnutls_x509_crt_get_fingerprint(ca->root, GNUTLS_DIG_SHA256, sum, &len) >= 0)
		sk_hex(hex, sum, len);
	for (size_t i = 0; i < ca->n; i++)
		revoked += ca->certs[i].revoked != 0;
	return json_pack("{s:s,s:s,s:I,s:I,s:I,s:I}", "subject", subject, "fingerprint", hex,
		"expires", (json_int_t)gnutls_x509_crt_get_expiration_time(ca->root), "issued",
		(json_int_t)ca->n, "revoked", (json_int_t)revoked, "crl_next",
		(json_int_t)ca->crl_next);
}
