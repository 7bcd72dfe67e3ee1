/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocklist documents for the tests: feeds "malware" (blocks) and "trial" (only reports). */
#ifndef TESTS_UNIT_IPS_LISTS_DOC_H
#define TESTS_UNIT_IPS_LISTS_DOC_H

#include "ips/lists/lists.h"
#include "tests/unit/lib/unit.h"

#define MALWARE 0
#define TRIAL 1
#define ALLOW SK_BL_ALLOW

struct doc_entry {
	enum sk_bl_kind kind;
	const char *value;
	uint16_t feed;
};
/* head: further keys as JSON, or NULL. The entries must be in order; ends with value NULL. */
struct ips_lists *doc_lists(const char *head, const struct doc_entry *entries);

#endif
