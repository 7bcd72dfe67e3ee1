/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's fingerprint: what it says of itself without being asked, and how two of them differ.
 * Kept with a registered device, compared with what is seen later, so that a notebook that takes
 * over a printer's MAC is noticed. Pure.
 */
#ifndef NAC_OBSERVE_PRINT_H
#define NAC_OBSERVE_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

#define NAC_PRINT_SERVICES 12

struct nac_print {
	char dhcp_params[160]; /* option 55 in its order: "1,3,6,15" */
	char dhcp_vendor[64];  /* option 60: "MSFT 5.0" */
	char dhcp6[64];        /* option request: "23,24,39" */
	char hostname[64];     /* as told to the DHCP server, else by mDNS, NetBIOS or LLMNR */
	char tcp[64];          /* of its SYNs: "64:mss,sok,ts,nop,ws7:df" */
	uint16_t services[NAC_PRINT_SERVICES]; /* TCP ports it answers on, ascending, 0: none */
};

/* What differs. */
enum {
	NAC_PRINT_DHCP_PARAMS = 1 << 0,
	NAC_PRINT_DHCP_VENDOR = 1 << 1,
	NAC_PRINT_DHCP6 = 1 << 2,
	NAC_PRINT_HOSTNAME = 1 << 3,
	NAC_PRINT_TCP = 1 << 4,
	NAC_PRINT_SERVICES_OTHER = 1 << 5, /* none of the ports known before is open any more */
};

enum nac_print_verdict {
	NAC_PRINT_SAME,    /* nothing known on both sides differs */
	NAC_PRINT_MORE,    /* the same, and now more is known */
	NAC_PRINT_DRIFT,   /* one weak trait differs: a new name, other services */
	NAC_PRINT_CHANGED, /* another kind of device answers to this MAC */
};

/* differs (may be NULL): the bits above. What only one side knows never differs. */
enum nac_print_verdict nac_print_compare(
	const struct nac_print *known, const struct nac_print *seen, unsigned *ret_differs);
bool nac_print_is_empty(const struct nac_print *p);
/* Take into known what seen knows and known does not. */
void nac_print_merge(struct nac_print *known, const struct nac_print *seen);
/* The bits in words, for people and events: "dhcp_params,tcp". dst is always terminated. */
char *nac_print_differs_text(unsigned differs, char *dst, size_t cap);
/* false when the list is full or has it. */
bool nac_print_service_add(struct nac_print *p, uint16_t port);

/*
 * As the admission document and devices.seen have it: an object with the fields above, those that
 * are unknown left out. New reference or NULL without memory.
 */
json_t *nac_print_to_json(const struct nac_print *p);
/* Unknown keys, wrong types, too long texts: -EINVAL with the field. */
int nac_print_from_json(const json_t *obj, struct nac_print *ret, struct sk_err *err);

#endif
