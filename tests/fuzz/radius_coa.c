// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers of switches: the first byte says which request, the rest is the answer. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "mgmt/radius/coa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum mg_coa_code codes[] = {MG_COA_DISCONNECT, MG_COA_CHANGE, MG_COA_STATUS};
	struct mg_coa_request q = {.id = 1, .time = 1796000000};
	struct mg_coa_packet p;
	struct mg_coa_reply reply = {0};
	int r;

	if (size < 1)
		return 0;
	q.code = codes[data[0] % 3];
	q.session.port = -1;
	memcpy(q.session.mac, "001a2b3c4d5e", 13);
	assert(mg_coa_build(&q, "fuzzers-secret", &p) == 0);
	r = mg_coa_verify(data + 1, size - 1, &p, "fuzzers-secret", &reply);
	assert(r <= 0 && (r < 0 || mg_coa_error_name(reply.error_cause)));
	return 0;
}
