/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as an admission document: refused with a reason, or every device can be asked about. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "nac/admission/decide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_err err = {0};
	struct nac_document *d = nac_document_parse((const char *)data, size, &err);

	if (!d) {
		assert(err.code < 0 && err.en[0]);
		return 0;
	}
	for (size_t i = 0; i < d->n_devices; i++) {
		const struct nac_record *r = &d->devices[i];
		struct nac_question q = {.doc = d,
			.port = d->n_ports ? d->ports[i % d->n_ports].name : "none",
			.method = r->by_mac ? NAC_BY_MAC : NAC_BY_DOT1X,
			.identity = r->identities ? r->identities[0] : NULL,
			.now = 1800000000,
			.on_port = i};
		struct nac_decision a;

		for (size_t k = 0; k < r->n_macs; k++) {
			q.mac = r->macs[k];
			assert(nac_document_by_mac(d, &q.mac) == r);
			nac_decide(&q, &a, NULL);
			assert(a.verdict == NAC_REFUSE || a.seconds > 0);
			assert(a.verdict != NAC_ADMIT || a.device == r);
		}
	}
	nac_document_free(d);
	return 0;
}
