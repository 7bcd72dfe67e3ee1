/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of the last update: told from what runs, and from what was noted when it began. */
#include "lib/util.h"
#include "mgmt/update/update.h"

const char *mg_outcome_name(enum mg_outcome o)
{
	static const char *const names[] = {
		"none", "waiting", "trial", "kept", "returned", "interrupted"};

	return names[o];
}

static const char *str(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s ? s : "";
}

enum mg_outcome mg_update_outcome(const struct mg_outcome_facts *f)
{
	if (!f->pending)
		return MG_OUTCOME_NONE;
	if (!sk_streq(str(f->pending, "slot"), f->slot))
		return sk_streq(str(f->pending, "boot_id"), f->boot_id)    ? MG_OUTCOME_WAITING
			: sk_streq(str(f->pending, "state"), "installing") ? MG_OUTCOME_INTERRUPTED
									   : MG_OUTCOME_RETURNED;
	if (sk_streq(str(f->health, "boot_id"), f->boot_id) &&
		sk_streq(str(f->health, "hash"), f->hash) &&
		sk_streq(str(f->health, "result"), "good"))
		return MG_OUTCOME_KEPT;
	return MG_OUTCOME_TRIAL;
}
