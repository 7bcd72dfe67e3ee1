// SPDX-License-Identifier: GPL-2.0-or-later
/* Contacts from fwd and ipsd into their store. What fails is said once, until it works again. */
#include "mgmt/mgmtd/talk.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/contacts/contacts.h"

struct mg_talk {
	struct mg_contacts *store; /* NULL: could not be opened; tried again hourly */
	bool failed;
};

static void settle(struct mg_talk *k, int r, const struct sk_err *err)
{
	if (r < 0 && !k->failed)
		sk_log_err(LOG_ERR, "contacts", err);
	k->failed = r < 0;
}

static void open_store(struct mg_daemon *d)
{
	struct sk_err err = {0};

	settle(d->talk, mg_contacts_open(&d->talk->store, d->contacts_db, &err), &err);
}

int mg_talk_new(struct mg_daemon *d, struct sk_err *err)
{
	d->talk = calloc(1, sizeof(*d->talk));
	if (!d->talk)
		return sk_err_nomem(err);
	open_store(d);
	return 0;
}

void mg_talk_free(struct mg_talk *k)
{
	if (!k)
		return;
	mg_contacts_close(k->store);
	free(k);
}

static bool is_contact(const json_t *events, size_t i)
{
	const json_t *type = json_object_get(json_array_get(events, i), "event_type");

	return sk_streq(json_string_value(type), "contact");
}

void mg_talk_take(struct mg_daemon *d, json_t *events)
{
	struct sk_err err = {0};

	if (d->talk->store)
		settle(d->talk, mg_contacts_take(d->talk->store, events, sk_now(), &err), &err);
	for (size_t i = json_array_size(events); i-- > 0;)
		if (is_contact(events, i))
			json_array_remove(events, i);
}

void mg_talk_hourly(struct mg_daemon *d, int64_t now)
{
	struct sk_err err = {0};

	if (!d->talk->store)
		open_store(d);
	if (d->talk->store)
		settle(d->talk, mg_contacts_maintain(d->talk->store, now, &err), &err);
}
