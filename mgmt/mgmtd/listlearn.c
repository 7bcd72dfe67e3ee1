// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses that the engine learned of blocked names: the firewall is told at once, so that it ends
 * what no longer comes to the engine. Whoever owns a listed name can give it anybody's address; one
 * that this site has long been in touch with is therefore given back, and that is an event.
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/contacts/contacts.h"
#include "mgmt/mgmtd/lists_private.h"
#include "mgmt/mgmtd/peer.h"

#define CALL_MS 1000
#define ROWS 500    /* a call */
#define LOOKS 200   /* of one batch of events: a look is a question to a file */
#define CONTACTS 64 /* of one address */
#define OLD_DAYS 2  /* different days of contact that make an address known */

/* What is to be told once a batch has been looked through. */
struct learning {
	struct mg_lists *l;
	json_t *learned, *forgotten, *spared;
	unsigned looks;
};

static void call(
	struct learning *g, struct mg_peer *peer, const char *op, const char *key, json_t *list)
{
	struct sk_err err = {0};

	if (json_array_size(list) &&
		mg_peer_call(peer, op, json_pack("{sO}", key, list), -1, CALL_MS, NULL, NULL, NULL,
			&err) < 0)
		sk_log_err(LOG_WARNING, op, &err);
	json_array_clear(list);
}

static void tell(struct learning *g)
{
	struct mg_daemon *d = g->l->d;

	call(g, d->ips, "lists.spare", "addresses", g->spared);
	call(g, d->fw, "blocklist.forget", "addresses", g->forgotten);
	call(g, d->fw, "blocklist.learn", "rows", g->learned);
}

static int count_days(const struct mg_contact *c, void *arg)
{
	uint32_t *days = arg;

	*days = SK_MAX(*days, c->days);
	return *days >= OLD_DAYS;
}

/* Have devices of ours been in touch with it on more than one day? */
static bool known(struct learning *g, const char *address)
{
	struct sk_bl_entry e = {.value = address, .len = strlen(address)};
	struct sk_err err = {0};
	uint32_t days = 0;

	if (++g->looks > LOOKS || sk_bl_guess(address, &e.kind) < 0 ||
		sk_bl_range(e.kind, e.value, e.len, &e.lo, &e.hi) < 0)
		return false;
	if (mg_contacts_each(mg_daemon_contacts(g->l->d), &e, CONTACTS, count_days, &days, &err) <
		0)
		sk_log_err(LOG_WARNING, "contacts", &err);
	return days >= OLD_DAYS;
}

static void spare(struct learning *g, const json_t *s, const char *address)
{
	const char *name = json_string_value(json_object_get(s, "name"));
	const char *feed = json_string_value(json_object_get(s, "feed"));

	json_array_append_new(g->spared, json_string(address));
	mg_lists_report(g->l,
		json_pack("{ss ss ss* ss*}", "action", "spared", "address", address, "name", name,
			"feed", feed));
}

static void learn(struct learning *g, const json_t *s, const char *address)
{
	static const char *const keys[] = {"address", "name", "feed", "ttl"};
	json_t *row;

	if (known(g, address)) {
		spare(g, s, address);
		return;
	}
	row = json_object();
	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		if (json_object_get(s, keys[i]))
			json_object_set(row, keys[i], json_object_get(s, keys[i]));
	json_array_append_new(g->learned, row);
}

/* Learned and forgotten in one batch: the firewall is not told to block it afterwards. */
static void forget(struct learning *g, const char *address)
{
	for (size_t i = json_array_size(g->learned); i-- > 0;) {
		const json_t *row = json_array_get(g->learned, i);

		if (sk_streq(json_string_value(json_object_get(row, "address")), address))
			json_array_remove(g->learned, i);
	}
	json_array_append_new(g->forgotten, json_string(address));
}

void mg_lists_learned(struct mg_lists *l, const json_t *events)
{
	struct learning g = {l, json_array(), json_array(), json_array(), 0};

	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *e = json_array_get(events, i), *s = json_object_get(e, "sekisho");
		const char *action = json_string_value(json_object_get(s, "action"));
		const char *address = json_string_value(json_object_get(s, "address"));

		if (!address ||
			!sk_streq(
				json_string_value(json_object_get(e, "event_type")), "inspection"))
			continue;
		if (sk_streq(action, "learned"))
			learn(&g, s, address);
		else if (sk_streq(action, "forgotten"))
			forget(&g, address);
		if (json_array_size(g.learned) >= ROWS || json_array_size(g.forgotten) >= ROWS)
			tell(&g);
	}
	tell(&g);
	json_decref(g.learned);
	json_decref(g.forgotten);
	json_decref(g.spared);
}
