/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of the last update: told from what runs, and from what was noted when it began. And
 * whether the slot that was to start did.
 */
#include <string.h>

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

/* An update that was taken back, or is just being told: the loader still prefers its slot. */
static bool of_update(const struct mg_start_facts *f)
{
	return sk_streq(str(f->pending, "slot"), f->first) ||
		(sk_streq(str(f->last, "slot"), f->first) &&
			sk_streq(str(f->last, "outcome"), "returned"));
}

json_t *mg_update_start(const struct mg_start_facts *f)
{
	json_t *old = json_object_get(f->note, "missed"), *v, *missed;

	if (!f->slot[0] || !f->first[0] || sk_streq(str(f->note, "boot_id"), f->boot_id))
		return NULL;
	v = json_pack("{s:s, s:s}", "boot_id", f->boot_id, "slot", f->slot);
	if (!v || sk_streq(f->first, f->slot) || of_update(f))
		return v;
	if (sk_streq(str(old, "slot"), f->first)) {
		json_object_set(v, "missed", old);
		return v;
	}
	missed = json_pack(
		"{s:s, s:I, s:b}", "slot", f->first, "since", (json_int_t)f->now, "told", false);
	/* Of another slot's start it says nothing. */
	if (missed && sk_streq(str(f->health, "slot"), f->first))
		json_object_set(missed, "health", (json_t *)f->health);
	json_object_set_new(v, "missed", missed);
	return v;
}
