/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public suffixes; see suffix.h. Pure. */
#include "mgmt/feeds/suffix.h"

#include <libpsl.h>
#include <string.h>

#define NAME_MAX_LEN 253 /* RFC 1035, 2.3.4, as text */

enum mg_suffix mg_suffix(const char *name, size_t n)
{
	const psl_ctx_t *psl = psl_builtin();
	char text[NAME_MAX_LEN + 1];

	if (!psl || n > NAME_MAX_LEN)
		return MG_SUFFIX_OWNED;
	memcpy(text, name, n);
	text[n] = '\0';
	/* Without the rule that any top level is one: unknown ones hold no names of others. */
	if (psl_is_public_suffix2(psl, text, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE))
		return MG_SUFFIX_REGISTRY;
	if (psl_is_public_suffix2(psl, text, PSL_TYPE_PRIVATE | PSL_TYPE_NO_STAR_RULE))
		return MG_SUFFIX_COMPANY;
	return MG_SUFFIX_OWNED;
}
