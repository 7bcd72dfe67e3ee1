/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of the document, and the two sorted indexes by which they are found: by address and
 * by identity. Sorted arrays, since the keys asked for are strangers' and must not choose the cost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "nac/admission/document_int.h"

struct nac_by_mac {
	struct nac_mac mac;
	uint32_t device;
};

struct nac_by_identity {
	const char *identity;
	uint32_t device;
};

static int parse_methods(const json_t *v, struct nac_record *d, struct sk_err *err)
{
	const char **list = NULL;
	int r = nac_doc_strings(v, "methods", NAC_NAMES_MAX, &list, err);

	for (const char **m = list; r == 0 && m && *m; m++) {
		enum nac_method method;

		if (nac_method_parse(*m, &method) < 0 || method == NAC_BY_NONE)
			r = sk_err_set(err, -EINVAL, "methods", "must be dot1x or mac",
				"は dot1x または mac を指定してください");
		else if (method == NAC_BY_DOT1X)
			d->by_dot1x = true;
		else
			d->by_mac = true;
	}
	free(list);
	return r;
}

static int parse_state(const json_t *v, struct nac_record *d, struct sk_err *err)
{
	const char *s = NULL;
	int r = sk_json_str(v, "state", true, &s, err);

	if (r < 0)
		return r;
	if (nac_state_parse(s, &d->state) < 0 || !nac_state_in_document(d->state))
		return sk_err_set(err, -EINVAL, "state", "must be active, quarantined or revoked",
			"は active、quarantined、revoked のいずれかを指定してください");
	return 0;
}

static int parse_kind(const json_t *v, struct nac_record *d, struct sk_err *err)
{
	const char *s = "other";
	int r = sk_json_str(v, "kind", false, &s, err);

	if (r == 0 && nac_kind_parse(s, &d->kind) < 0)
		r = sk_err_set(
			err, -EINVAL, "kind", "is not a known kind: %s", "は未知の種別です: %s", s);
	return r;
}

static int parse_numbers(const json_t *v, struct nac_record *d, struct sk_err *err)
{
	int r = sk_json_int(v, "number", true, &d->number, err);

	if (r == 0 && d->number <= 0)
		r = sk_err_set(
			err, -ERANGE, "number", "must be positive", "は正の数にしてください");
	if (r == 0)
		r = sk_json_int(v, "revision", false, &d->revision, err);
	if (r == 0)
		r = sk_json_int(v, "expires", false, &d->expires, err);
	if (r == 0 && d->expires < 0)
		r = sk_err_set(err, -ERANGE, "expires", "is negative", "が負の数です");
	if (r == 0)
		r = sk_json_bool(v, "infrastructure", false, &d->infrastructure, err);
	return r;
}

static int parse_texts(const json_t *v, struct nac_record *d, struct sk_err *err)
{
	int r = nac_doc_text(v, "name", false, NAC_TEXT_MAX, &d->name, err);

	if (r == 0)
		r = nac_doc_text(v, "owner", false, NAC_TEXT_MAX, &d->owner, err);
	if (r == 0)
		r = nac_doc_text(v, "department", false, NAC_TEXT_MAX, &d->department, err);
	if (r == 0)
		r = nac_doc_text(v, "location", false, NAC_TEXT_MAX, &d->location, err);
	return r;
}

static int parse_fingerprint(const json_t *v, struct nac_record *d, struct sk_err *err)
{
	json_t *fp = NULL;
	int r = sk_json_object(v, "fingerprint", false, &fp, err);

	if (r < 0 || !fp)
		return r;
	d->fingerprint = calloc(1, sizeof(*d->fingerprint));
	if (!d->fingerprint)
		return sk_err_nomem(err);
	r = nac_print_from_json(fp, d->fingerprint, err);
	if (r < 0)
		sk_err_prefix(err, "fingerprint");
	return r;
}

static int parse_device(const json_t *v, struct nac_record *d, struct sk_err *err)
{
	static const char *const keys[] = {"number", "revision", "name", "kind", "macs", "methods",
		"identities", "ports", "zones", "state", "expires", "infrastructure", "fingerprint",
		"owner", "department", "location", NULL};
	int r = sk_json_only(v, keys, err);

	if (r == 0)
		r = parse_numbers(v, d, err);
	if (r == 0)
		r = parse_texts(v, d, err);
	if (r == 0)
		r = parse_kind(v, d, err);
	if (r == 0)
		r = parse_state(v, d, err);
	if (r == 0)
		r = parse_methods(v, d, err);
	if (r == 0)
		r = nac_doc_macs(v, "macs", NAC_MACS_MAX, d->macs, &d->n_macs, err);
	if (r == 0)
		r = nac_doc_strings(v, "identities", NAC_NAMES_MAX, &d->identities, err);
	if (r == 0)
		r = nac_doc_strings(v, "ports", NAC_NAMES_MAX, &d->ports, err);
	if (r == 0)
		r = nac_doc_strings(v, "zones", NAC_NAMES_MAX, &d->zones, err);
	if (r == 0)
		r = parse_fingerprint(v, d, err);
	return r;
}

static int by_mac(const void *a, const void *b)
{
	const struct nac_by_mac *x = a, *y = b;

	return memcmp(x->mac.b, y->mac.b, sizeof(x->mac.b));
}

static int by_identity(const void *a, const void *b)
{
	const struct nac_by_identity *x = a, *y = b;

	return strcmp(x->identity, y->identity);
}

static int twice(
	const struct nac_document *d, uint32_t a, uint32_t b, const char *what, struct sk_err *err)
{
	sk_err_set(err, -EEXIST, what, "%s also belongs to device %lld",
		"%s が端末 %lld と重複しています", what, (long long)d->devices[a].number);
	sk_err_prefix(err, "devices[%u]", (unsigned)b);
	return -EEXIST;
}

static int index_macs(struct nac_document *d, size_t n, struct sk_err *err)
{
	d->by_mac = calloc(n + 1, sizeof(*d->by_mac));
	if (!d->by_mac)
		return sk_err_nomem(err);
	for (size_t i = 0; i < d->n_devices; i++)
		for (size_t k = 0; k < d->devices[i].n_macs; k++)
			d->by_mac[d->n_by_mac++] = (struct nac_by_mac){
				.mac = d->devices[i].macs[k], .device = (uint32_t)i};
	qsort(d->by_mac, d->n_by_mac, sizeof(*d->by_mac), by_mac);
	for (size_t i = 1; i < d->n_by_mac; i++)
		if (by_mac(&d->by_mac[i - 1], &d->by_mac[i]) == 0)
			return twice(d, d->by_mac[i - 1].device, d->by_mac[i].device, "macs", err);
	return 0;
}

static int index_identities(struct nac_document *d, size_t n, struct sk_err *err)
{
	d->by_identity = calloc(n + 1, sizeof(*d->by_identity));
	if (!d->by_identity)
		return sk_err_nomem(err);
	for (size_t i = 0; i < d->n_devices; i++)
		for (const char **s = d->devices[i].identities; s && *s; s++)
			d->by_identity[d->n_by_identity++] =
				(struct nac_by_identity){.identity = *s, .device = (uint32_t)i};
	qsort(d->by_identity, d->n_by_identity, sizeof(*d->by_identity), by_identity);
	for (size_t i = 1; i < d->n_by_identity; i++)
		if (by_identity(&d->by_identity[i - 1], &d->by_identity[i]) == 0)
			return twice(d, d->by_identity[i - 1].device, d->by_identity[i].device,
				"identities", err);
	return 0;
}

static size_t count(const char **list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

int nac_doc_devices(struct nac_document *d, json_t *list, struct sk_err *err)
{
	size_t i, macs = 0, identities = 0, n = json_array_size(list);
	json_t *v;
	int r;

	if (n > NAC_DEVICES_MAX)
		return sk_err_set(
			err, -E2BIG, "devices", "at most %d", "は %d 台までです", NAC_DEVICES_MAX);
	d->devices = calloc(n + 1, sizeof(*d->devices));
	if (!d->devices)
		return sk_err_nomem(err);
	json_array_foreach (list, i, v) {
		struct nac_record *dev = &d->devices[i];

		*dev = (struct nac_record){
			.name = "", .owner = "", .department = "", .location = ""};
		d->n_devices = i + 1;
		r = parse_device(v, dev, err);
		if (r < 0) {
			sk_err_prefix(err, "devices[%zu]", i);
			return r;
		}
		macs += dev->n_macs;
		identities += count(dev->identities);
	}
	r = index_macs(d, macs, err);
	return r == 0 ? index_identities(d, identities, err) : r;
}

void nac_doc_devices_free(struct nac_document *d)
{
	for (size_t i = 0; i < d->n_devices; i++) {
		free(d->devices[i].identities);
		free(d->devices[i].ports);
		free(d->devices[i].zones);
		free(d->devices[i].fingerprint);
	}
	free(d->devices);
	free(d->by_mac);
	free(d->by_identity);
}

const struct nac_record *nac_document_by_mac(
	const struct nac_document *d, const struct nac_mac *mac)
{
	const struct nac_by_mac key = {.mac = *mac};
	const struct nac_by_mac *e =
		bsearch(&key, d->by_mac, d->n_by_mac, sizeof(*d->by_mac), by_mac);

	return e ? &d->devices[e->device] : NULL;
}

const struct nac_record *nac_document_by_identity(
	const struct nac_document *d, const char *identity)
{
	const struct nac_by_identity key = {.identity = identity};
	const struct nac_by_identity *e = bsearch(
		&key, d->by_identity, d->n_by_identity, sizeof(*d->by_identity), by_identity);

	return e ? &d->devices[e->device] : NULL;
}

const struct nac_record *nac_document_by_number(const struct nac_document *d, int64_t number)
{
	for (size_t i = 0; i < d->n_devices; i++)
		if (d->devices[i].number == number)
			return &d->devices[i];
	return NULL;
}
