// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever somebody imports as a rule set: unpacked, split into rules, compared with itself. */
#include <stdlib.h>

#include "mgmt/ruleset/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct mg_pack *k, const struct mg_split *first)
{
	struct mg_known *known = mg_known_new(first->rules);
	struct mg_split second;

	for (size_t i = 0; i < first->n; i++)
		if (mg_known_add(known, sk_buf_str(&first->groups[i].rules),
			    first->groups[i].rules.len, 0) < 0)
			abort();
	/* What was in use is known to the last rule. */
	if (mg_split_make(&second, k, known, 1000, 2000, NULL) < 0 || second.fresh ||
		second.rules != first->rules)
		abort();
	mg_split_done(&second);
	mg_known_free(known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mg_pack *k = NULL;
	struct mg_split s;

	if (mg_pack_open(&k, "a.rules", data, size, NULL) < 0)
		return 0;
	if (mg_split_make(&s, k, NULL, 1000, 2000, NULL) == 0)
		again(k, &s);
	mg_split_done(&s);
	mg_pack_free(k);
	return 0;
}
