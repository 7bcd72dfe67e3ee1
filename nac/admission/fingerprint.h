/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device looks like from outside, to notice that another one uses its address. Traits that
 * are not known (empty) are not compared. Pure.
 */
#ifndef NAC_FINGERPRINT_H
#define NAC_FINGERPRINT_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/err.h"

enum nac_trait {
	NAC_TRAIT_DHCP,     /* "dhcp": option 55, "1,3,6,15" in the order sent (RFC 2132, 9.8) */
	NAC_TRAIT_VENDOR,   /* "vendor_class": option 60 */
	NAC_TRAIT_HOSTNAME, /* "hostname": option 12, or mDNS */
	NAC_TRAIT_STACK,    /* "stack": of TCP SYNs, "ttl:mss:options" */
	NAC_TRAIT_HABITS,   /* "habits": services it announces, sorted, "_ipp._tcp,ssdp" */
	NAC_TRAITS
};

#define NAC_TRAIT_MAX 256

struct nac_fingerprint {
	char trait[NAC_TRAITS][NAC_TRAIT_MAX];
};

struct nac_fingerprint_diff {
	unsigned compared; /* bit mask of traits known on both sides */
	unsigned changed;  /* bit mask of those that differ */
	unsigned weight;   /* of those that differ; see nac_fingerprint_conflict */
};

const char *nac_trait_name(enum nac_trait t);
/* Unknown keys are refused; texts that are too long too. */
int nac_fingerprint_from_json(const json_t *v, struct nac_fingerprint *ret, struct sk_err *err);
/* Known traits only; NULL without memory. */
json_t *nac_fingerprint_to_json(const struct nac_fingerprint *f);
bool nac_fingerprint_empty(const struct nac_fingerprint *f);
void nac_fingerprint_compare(const struct nac_fingerprint *known,
	const struct nac_fingerprint *seen, struct nac_fingerprint_diff *ret);
/*
 * Is it probably another device? Another DHCP client or vendor class says so alone; a name or the
 * announced services, which people change, only together with something else.
 */
bool nac_fingerprint_conflict(const struct nac_fingerprint_diff *d);

#endif
