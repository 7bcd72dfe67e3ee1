/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The admission document read into structs, all of it checked before any of it is used. Texts are
 * borrowed from the JSON value, which the document keeps.
 */
#include "nac/admission/document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "nac/admission/document_int.h"

#define SECONDS_MIN 30
#define SECONDS_MAX (30 * 86400)

static const char *const modes[NAC_MODES] = {"learn", "rehearse", "enforce"};
static const char *const methods[NAC_METHODS] = {"none", "dot1x", "mac"};
static const char *const kinds[NAC_KINDS] = {
	"pc", "printer", "plc", "phone", "ap", "switch", "server", "other"};
static const char *const isolations[] = {"off", "observe", "on"};
static const char *const radius_downs[] = {"keep", "grace", "close"};
static const char *const alarms[] = {"alarm", "quarantine"};

static int word(const char *s, const char *const *list, size_t n, unsigned *ret)
{
	for (size_t i = 0; s && i < n; i++) {
		if (strcmp(list[i], s) == 0) {
			*ret = (unsigned)i;
			return 0;
		}
	}
	return -EINVAL;
}

int nac_doc_word(const json_t *v, const char *key, const char *const *list, size_t n, unsigned *ret,
	struct sk_err *err)
{
	const char *s = NULL;
	int r = sk_json_str(v, key, false, &s, err);
	char all[160] = "";

	if (r < 0 || !s || word(s, list, n, ret) == 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(all);

		snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "", list[i]);
	}
	return sk_err_set(err, -EINVAL, key, "must be one of %s",
		"は次のいずれかを指定してください: %s", all);
}

int nac_doc_text(const json_t *v, const char *key, bool required, size_t cap, const char **ret,
	struct sk_err *err)
{
	const char *s = "";
	int r = sk_json_str(v, key, required, &s, err);

	if (r < 0)
		return r;
	if (strlen(s) >= cap || (required && !s[0]))
		return sk_err_set(err, -EINVAL, key, "must have 1 to %zu bytes",
			"は 1〜%zu バイトで指定してください", cap - 1);
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return sk_err_set(err, -EINVAL, key, "has control characters",
				"に制御文字が含まれています");
	*ret = s;
	return 0;
}

/* An interface's or a zone's name goes into paths, file names and other programs' settings. */
int nac_doc_name(
	const json_t *v, const char *key, char *dst, size_t cap, bool required, struct sk_err *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *s = "";
	int r = nac_doc_text(v, key, required, cap, &s, err);

	if (r < 0)
		return r;
	if (s[strspn(s, allowed)] || s[0] == '.' || s[0] == '-')
		return sk_err_set(err, -EINVAL, key, "has characters other than a-z 0-9 . _ -",
			"に使えない文字が含まれています (英数字 . _ - のみ)");
	snprintf(dst, cap, "%s", s);
	return 0;
}

static int number(const json_t *v, const char *key, int64_t min, int64_t max, unsigned *ret,
	struct sk_err *err)
{
	int64_t n = *ret;
	int r = sk_json_int(v, key, false, &n, err);

	if (r == 0 && (n < min || n > max))
		r = sk_err_set(err, -ERANGE, key, "must be between %lld and %lld",
			"は %lld〜%lld で指定してください", (long long)min, (long long)max);
	if (r == 0)
		*ret = (unsigned)n;
	return r;
}

static int parse_port(const json_t *v, struct nac_port *p, struct sk_err *err)
{
	static const char *const keys[] = {"name", "mode", "zone", "dot1x", "mac", "quarantine",
		"reauth", "hold", "max_devices", "guest", NULL};
	unsigned mode = NAC_LEARN;
	int r;

	*p = (struct nac_port){.reauth = 3600, .hold = 3600, .max_devices = 32};
	r = sk_json_only(v, keys, err);
	if (r == 0)
		r = nac_doc_name(v, "name", p->name, sizeof(p->name), true, err);
	if (r == 0)
		r = nac_doc_name(v, "zone", p->zone, sizeof(p->zone), false, err);
	if (r == 0)
		r = nac_doc_word(v, "mode", modes, NAC_MODES, &mode, err);
	if (r == 0)
		r = sk_json_bool(v, "dot1x", false, &p->dot1x, err);
	if (r == 0)
		r = sk_json_bool(v, "mac", false, &p->mac, err);
	if (r == 0)
		r = sk_json_bool(v, "quarantine", false, &p->quarantine, err);
	if (r == 0)
		r = sk_json_bool(v, "guest", false, &p->guest, err);
	if (r == 0)
		r = number(v, "reauth", SECONDS_MIN, SECONDS_MAX, &p->reauth, err);
	if (r == 0)
		r = number(v, "hold", SECONDS_MIN, SECONDS_MAX, &p->hold, err);
	if (r == 0)
		r = number(v, "max_devices", 1, 1024, &p->max_devices, err);
	p->mode = (enum nac_mode)mode;
	return r;
}

static int parse_ports(struct nac_document *d, json_t *list, struct sk_err *err)
{
	json_t *v;
	size_t i;

	if (json_array_size(list) > NAC_PORTS_MAX)
		return sk_err_set(
			err, -E2BIG, "ports", "at most %d", "は %d 個までです", NAC_PORTS_MAX);
	json_array_foreach (list, i, v) {
		int r = parse_port(v, &d->ports[i], err);

		if (r == 0 && nac_document_port(d, d->ports[i].name))
			r = sk_err_set(err, -EEXIST, "name", "is there twice", "が重複しています");
		if (r < 0) {
			sk_err_prefix(err, "ports[%zu]", i);
			return r;
		}
		d->n_ports = i + 1;
	}
	return 0;
}

int nac_doc_strings(
	const json_t *v, const char *key, size_t max, const char ***ret, struct sk_err *err)
{
	json_t *list = NULL, *s;
	const char **a;
	size_t i;
	int r = sk_json_array(v, key, false, &list, err);

	if (r < 0 || !list)
		return r;
	if (json_array_size(list) > max)
		return sk_err_set(err, -E2BIG, key, "at most %zu", "は %zu 個までです", max);
	a = calloc(json_array_size(list) + 1, sizeof(*a));
	if (!a)
		return sk_err_nomem(err);
	json_array_foreach (list, i, s) {
		a[i] = json_string_value(s);
		if (a[i] && a[i][0] && json_string_length(s) == strlen(a[i]) &&
			strlen(a[i]) < NAC_IDENTITY_MAX)
			continue;
		free(a);
		sk_err_set(err, -EINVAL, NULL, "must be a text of 1 to %d bytes",
			"は 1〜%d バイトの文字列で指定してください", NAC_IDENTITY_MAX - 1);
		sk_err_prefix(err, "%s[%zu]", key, i);
		return -EINVAL;
	}
	*ret = a;
	return 0;
}

static int parse_mac(const json_t *v, struct nac_mac *ret)
{
	const char *s = json_string_value(v);
	int r = s ? nac_mac_parse(s, ret) : -EINVAL;

	return r == 0 && (nac_mac_is_zero(ret) || nac_mac_is_group(ret)) ? -EINVAL : r;
}

int nac_doc_macs(const json_t *v, const char *key, size_t max, struct nac_mac *ret, size_t *ret_n,
	struct sk_err *err)
{
	json_t *list = NULL, *s;
	size_t i;
	int r = sk_json_array(v, key, false, &list, err);

	if (r < 0 || !list)
		return r;
	if (json_array_size(list) > max)
		return sk_err_set(err, -E2BIG, key, "at most %zu", "は %zu 個までです", max);
	json_array_foreach (list, i, s) {
		if (parse_mac(s, &ret[i]) == 0)
			continue;
		sk_err_set(err, -EINVAL, NULL, "is not a device's MAC address",
			"端末の MAC アドレスではありません");
		sk_err_prefix(err, "%s[%zu]", key, i);
		return -EINVAL;
	}
	*ret_n = i;
	return 0;
}

/* Here, so that a check says it and nothing is kept that cannot be used. */
static int check_servers(const char *const *list, struct sk_err *err)
{
	struct nac_mac mac;
	struct nac_ip ip;

	for (size_t i = 0; list[i]; i++) {
		if (nac_mac_parse(list[i], &mac) == 0 || nac_ip_parse(list[i], &ip) == 0)
			continue;
		sk_err_set(err, -EINVAL, NULL, "is neither an address nor a MAC address",
			"が IP アドレスでも MAC アドレスでもありません");
		sk_err_prefix(err, "dhcp_servers[%zu]", i);
		return -EINVAL;
	}
	return 0;
}

static int parse_network(const json_t *v, struct nac_network *n, struct sk_err *err)
{
	static const char *const keys[] = {
		"interface", "zone", "sensor", "isolation", "dhcp_servers", "routers", NULL};
	unsigned isolation = NAC_ISOLATE_OFF;
	int r = sk_json_only(v, keys, err);

	if (r == 0)
		r = nac_doc_name(v, "interface", n->interface, sizeof(n->interface), true, err);
	if (r == 0)
		r = nac_doc_name(v, "zone", n->zone, sizeof(n->zone), false, err);
	if (r == 0)
		r = sk_json_bool(v, "sensor", false, &n->sensor, err);
	if (r == 0)
		r = nac_doc_word(v, "isolation", isolations, 3, &isolation, err);
	if (r == 0)
		r = nac_doc_strings(v, "dhcp_servers", NAC_SERVERS_MAX, &n->dhcp_servers, err);
	if (r == 0 && !n->dhcp_servers) {
		n->dhcp_servers = calloc(1, sizeof(*n->dhcp_servers));
		r = n->dhcp_servers ? 0 : sk_err_nomem(err);
	}
	if (r == 0)
		r = check_servers((const char *const *)n->dhcp_servers, err);
	if (r == 0)
		r = nac_doc_macs(v, "routers", NAC_SERVERS_MAX, n->routers, &n->n_routers, err);
	n->isolation = (enum nac_isolate)isolation;
	return r;
}

static int parse_networks(struct nac_document *d, json_t *list, struct sk_err *err)
{
	json_t *v;
	size_t i;

	if (json_array_size(list) > NAC_NETWORKS_MAX)
		return sk_err_set(err, -E2BIG, "networks", "at most %d", "は %d 個までです",
			NAC_NETWORKS_MAX);
	json_array_foreach (list, i, v) {
		int r;

		d->n_networks = i + 1;
		r = parse_network(v, &d->networks[i], err);
		if (r < 0) {
			sk_err_prefix(err, "networks[%zu]", i);
			return r;
		}
	}
	return 0;
}

/* Paths go into hostapd's settings, a line each. */
static int path(const json_t *v, const char *key, const char **ret, struct sk_err *err)
{
	int r = nac_doc_text(v, key, false, 1024, ret, err);

	if (r == 0 && (*ret)[0] && (*ret)[0] != '/')
		r = sk_err_set(err, -EINVAL, key, "must be an absolute path",
			"は絶対パスで指定してください");
	return r;
}

static int parse_methods(const json_t *v, struct nac_eap *e, struct sk_err *err)
{
	static const char *const words[] = {"tls", "peap", "ttls"};
	json_t *list = NULL, *s;
	size_t i;
	int r = sk_json_array(v, "methods", false, &list, err);

	if (r < 0 || !list)
		return r;
	e->tls = false;
	json_array_foreach (list, i, s) {
		unsigned m;

		if (word(json_string_value(s), words, 3, &m) < 0)
			return sk_err_set(err, -EINVAL, "methods", "must be tls, peap or ttls",
				"は tls、peap、ttls のいずれかを指定してください");
		e->tls |= m == 0;
		e->peap |= m == 1;
		e->ttls |= m == 2;
	}
	return 0;
}

static int parse_radius(const json_t *v, struct nac_eap *e, struct sk_err *err)
{
	static const char *const keys[] = {"address", "port", "secret_file", NULL};
	json_t *radius = NULL;
	unsigned port = 1812;
	int r = sk_json_object(v, "radius", false, &radius, err);

	if (r < 0 || !radius)
		return r;
	r = sk_json_only(radius, keys, err);
	if (r == 0)
		r = nac_doc_text(radius, "address", true, 64, &e->radius_address, err);
	if (r == 0 && e->radius_address[strspn(e->radius_address, "0123456789abcdefABCDEF.:")])
		r = sk_err_set(err, -EINVAL, "address", "must be an IP address",
			"は IP アドレスで指定してください");
	if (r == 0)
		r = number(radius, "port", 1, 65535, &port, err);
	if (r == 0)
		r = path(radius, "secret_file", &e->radius_secret_file, err);
	if (r == 0 && !e->radius_secret_file[0])
		r = sk_err_set(err, -ENOENT, "secret_file", "is missing", "がありません");
	if (r < 0)
		sk_err_prefix(err, "radius");
	e->radius_port = (uint16_t)port;
	return r;
}

static int parse_eap(const json_t *v, struct nac_eap *e, struct sk_err *err)
{
	static const char *const keys[] = {"methods", "tls", "users_file", "radius", NULL};
	static const char *const tls_keys[] = {"ca", "crl", "cert", "key", NULL};
	json_t *tls = NULL;
	int r;

	if (!v)
		return 0;
	r = sk_json_only(v, keys, err);
	if (r == 0)
		r = parse_methods(v, e, err);
	if (r == 0)
		r = path(v, "users_file", &e->users_file, err);
	if (r == 0)
		r = parse_radius(v, e, err);
	if (r == 0)
		r = sk_json_object(v, "tls", false, &tls, err);
	if (r < 0 || !tls)
		return r;
	r = sk_json_only(tls, tls_keys, err);
	if (r == 0)
		r = path(tls, "ca", &e->ca, err);
	if (r == 0)
		r = path(tls, "crl", &e->crl, err);
	if (r == 0)
		r = path(tls, "cert", &e->cert, err);
	if (r == 0)
		r = path(tls, "key", &e->key, err);
	if (r < 0)
		sk_err_prefix(err, "tls");
	return r;
}

static int parse_head(struct nac_document *d, const json_t *v, struct sk_err *err)
{
	static const char *const keys[] = {"format", "version", "generation", "ports", "networks",
		"eap", "radius_down", "grace_seconds", "fingerprint", "conflict", "devices", NULL};
	unsigned down = NAC_RADIUS_KEEP, fp = NAC_ALARM_ONLY, conflict = NAC_ALARM_ONLY;
	const char *format = NULL;
	int64_t version = 0;
	int r = sk_json_only(v, keys, err);

	if (r == 0)
		r = sk_json_str(v, "format", true, &format, err);
	if (r == 0)
		r = sk_json_int(v, "version", true, &version, err);
	if (r == 0 && (strcmp(format, "sekisho-admission") != 0 || version != 1))
		r = sk_err_set(err, -EPROTONOSUPPORT, "format",
			"is not sekisho-admission, version 1",
			"が sekisho-admission (version 1) ではありません");
	if (r == 0)
		r = sk_json_int(v, "generation", true, &d->generation, err);
	if (r == 0 && d->generation < 0)
		r = sk_err_set(err, -ERANGE, "generation", "is negative", "が負の数です");
	if (r == 0)
		r = nac_doc_word(v, "radius_down", radius_downs, 3, &down, err);
	if (r == 0)
		r = number(v, "grace_seconds", 1, SECONDS_MAX, &d->grace_seconds, err);
	if (r == 0)
		r = nac_doc_word(v, "fingerprint", alarms, 2, &fp, err);
	if (r == 0)
		r = nac_doc_word(v, "conflict", alarms, 2, &conflict, err);
	d->radius_down = (enum nac_radius_down)down;
	d->on_fingerprint = (enum nac_alarm)fp;
	d->on_conflict = (enum nac_alarm)conflict;
	return r;
}

static int parse(struct nac_document *d, const json_t *v, struct sk_err *err)
{
	json_t *ports = NULL, *networks = NULL, *eap = NULL, *devices = NULL;
	int r;

	if (!json_is_object(v))
		return sk_err_set(
			err, -EINVAL, NULL, "must be an object", "オブジェクトで指定してください");
	r = parse_head(d, v, err);
	if (r == 0)
		r = sk_json_array(v, "ports", true, &ports, err);
	if (r == 0)
		r = parse_ports(d, ports, err);
	if (r == 0)
		r = sk_json_array(v, "networks", false, &networks, err);
	if (r == 0)
		r = parse_networks(d, networks, err);
	if (r == 0)
		r = sk_json_object(v, "eap", false, &eap, err);
	if (r == 0) {
		r = parse_eap(eap, &d->eap, err);
		if (r < 0)
			sk_err_prefix(err, "eap");
	}
	if (r == 0)
		r = sk_json_array(v, "devices", true, &devices, err);
	return r == 0 ? nac_doc_devices(d, devices, err) : r;
}

struct nac_document *nac_document_parse(const char *text, size_t n, struct sk_err *err)
{
	struct nac_document *d = calloc(1, sizeof(*d));

	if (!d) {
		sk_err_nomem(err);
		return NULL;
	}
	d->grace_seconds = 900;
	d->eap = (struct nac_eap){.tls = true,
		.ca = "",
		.crl = "",
		.cert = "",
		.key = "",
		.users_file = "",
		.radius_address = "",
		.radius_secret_file = ""};
	if (n > NAC_BYTES_MAX)
		sk_err_set(err, -EFBIG, NULL, "larger than %u bytes", "%u バイトを超えています",
			NAC_BYTES_MAX);
	else
		d->json = sk_json_parse(text, n, err);
	if (!d->json || parse(d, d->json, err) < 0) {
		nac_document_free(d);
		return NULL;
	}
	return d;
}

void nac_document_free(struct nac_document *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_networks; i++)
		free(d->networks[i].dhcp_servers);
	nac_doc_devices_free(d);
	json_decref(d->json);
	free(d);
}

const struct nac_port *nac_document_port(const struct nac_document *d, const char *name)
{
	for (size_t i = 0; i < d->n_ports; i++)
		if (strcmp(d->ports[i].name, name) == 0)
			return &d->ports[i];
	return NULL;
}

const char *nac_mode_name(enum nac_mode m)
{
	return (unsigned)m < NAC_MODES ? modes[m] : "unknown";
}

int nac_mode_parse(const char *s, enum nac_mode *ret)
{
	unsigned v;

	if (word(s, modes, NAC_MODES, &v) < 0)
		return -EINVAL;
	*ret = (enum nac_mode)v;
	return 0;
}

const char *nac_method_name(enum nac_method m)
{
	return (unsigned)m < NAC_METHODS ? methods[m] : "unknown";
}

int nac_method_parse(const char *s, enum nac_method *ret)
{
	unsigned v;

	if (word(s, methods, NAC_METHODS, &v) < 0)
		return -EINVAL;
	*ret = (enum nac_method)v;
	return 0;
}

const char *nac_kind_name(enum nac_kind k)
{
	return (unsigned)k < NAC_KINDS ? kinds[k] : "unknown";
}

int nac_kind_parse(const char *s, enum nac_kind *ret)
{
	unsigned v;

	if (word(s, kinds, NAC_KINDS, &v) < 0)
		return -EINVAL;
	*ret = (enum nac_kind)v;
	return 0;
}
