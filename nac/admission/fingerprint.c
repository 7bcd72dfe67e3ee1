/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fingerprints compared trait by trait, and how much each says about who it is. */
#include "nac/admission/fingerprint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"

#define CONFLICT_WEIGHT 3

/*
 * The DHCP client and its vendor class are the operating system's; the stack also changes with an
 * update or a tunnel; names and services are changed by people.
 */
static const struct {
	const char *name;
	unsigned weight;
} traits[NAC_TRAITS] = {
	[NAC_TRAIT_DHCP] = {"dhcp", 3},
	[NAC_TRAIT_VENDOR] = {"vendor_class", 3},
	[NAC_TRAIT_HOSTNAME] = {"hostname", 1},
	[NAC_TRAIT_STACK] = {"stack", 2},
	[NAC_TRAIT_HABITS] = {"habits", 1},
};

const char *nac_trait_name(enum nac_trait t)
{
	return (unsigned)t < NAC_TRAITS ? traits[t].name : "unknown";
}

int nac_fingerprint_from_json(const json_t *v, struct nac_fingerprint *ret, struct sk_err *err)
{
	struct nac_fingerprint f = {0};
	const char *keys[NAC_TRAITS + 1] = {NULL};
	int r;

	if (!json_is_object(v))
		return sk_err_set(
			err, -EINVAL, NULL, "must be an object", "オブジェクトで指定してください");
	for (unsigned i = 0; i < NAC_TRAITS; i++)
		keys[i] = traits[i].name;
	r = sk_json_only(v, keys, err);
	for (unsigned i = 0; r == 0 && i < NAC_TRAITS; i++) {
		const char *s = "";

		r = sk_json_str(v, traits[i].name, false, &s, err);
		if (r == 0 && strlen(s) >= NAC_TRAIT_MAX)
			r = sk_err_set(err, -EINVAL, traits[i].name, "is longer than %d bytes",
				"は %d バイト以内で指定してください", NAC_TRAIT_MAX - 1);
		if (r == 0)
			snprintf(f.trait[i], sizeof(f.trait[i]), "%s", s);
	}
	if (r == 0)
		*ret = f;
	return r;
}

json_t *nac_fingerprint_to_json(const struct nac_fingerprint *f)
{
	json_t *v = json_object();

	for (unsigned i = 0; v && i < NAC_TRAITS; i++) {
		if (!f->trait[i][0])
			continue;
		if (json_object_set_new(v, traits[i].name, json_string(f->trait[i])) < 0) {
			json_decref(v);
			return NULL;
		}
	}
	return v;
}

bool nac_fingerprint_empty(const struct nac_fingerprint *f)
{
	for (unsigned i = 0; i < NAC_TRAITS; i++)
		if (f->trait[i][0])
			return false;
	return true;
}

void nac_fingerprint_compare(const struct nac_fingerprint *known,
	const struct nac_fingerprint *seen, struct nac_fingerprint_diff *ret)
{
	*ret = (struct nac_fingerprint_diff){0};
	for (unsigned i = 0; i < NAC_TRAITS; i++) {
		if (!known->trait[i][0] || !seen->trait[i][0])
			continue;
		ret->compared |= 1u << i;
		if (strcmp(known->trait[i], seen->trait[i]) == 0)
			continue;
		ret->changed |= 1u << i;
		ret->weight += traits[i].weight;
	}
}

bool nac_fingerprint_conflict(const struct nac_fingerprint_diff *d)
{
	return d->weight >= CONFLICT_WEIGHT;
}
