/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions of the inspection: what becomes of one rule, or of one host, other than the profile
 * says. Their life is that of records.h.
 */
#ifndef MG_STORE_EXCEPTIONS_H
#define MG_STORE_EXCEPTIONS_H

#include "mgmt/store/records.h"

#define MG_EXCEPTIONS_MAX 20000 /* that may be in force at once */

struct mg_exception {
	struct mg_record rec; /* first */
	uint32_t gid, sid;
	char source[64], destination[64]; /* address, prefix or "any" */
	char action[16];                  /* ignore alert drop reject */
};
extern const struct mg_record_kind mg_exception_kind;

#endif
