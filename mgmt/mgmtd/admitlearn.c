// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a device looks (DHCP options, host name, TCP traits) is learned once it was admitted, and
 * afterwards only added to. A device that looks different is nacd's alarm; it is learned anew after
 * a person said so (device release).
 */
#include <errno.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/admission.h"
#include "mgmt/mgmtd/peer.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/devices.h"

#define SEEN_MS 3000
#define LEARN_MAX 200 /* in one go */

struct learning {
	struct mg_daemon *d;
	json_t *prints; /* number as text → what is to be kept */
};

static void consider(struct learning *l, uint32_t number, const json_t *fingerprint)
{
	struct nac_print seen, known = {0};
	json_t *kept = NULL, *fresh;
	char key[16];

	if (nac_print_from_json(fingerprint, &seen, NULL) < 0 || nac_print_is_empty(&seen) ||
		mg_device_print_get(l->d->store, number, &kept, NULL) < 0)
		return;
	if (kept && nac_print_from_json(kept, &known, NULL) < 0)
		known = (struct nac_print){0};
	json_decref(kept);
	if (!nac_print_is_empty(&known) && nac_print_compare(&known, &seen, NULL) != NAC_PRINT_MORE)
		return;
	nac_print_merge(&known, &seen);
	fresh = nac_print_to_json(&known);
	snprintf(key, sizeof(key), "%u", number);
	if (fresh && json_object_size(l->prints) < LEARN_MAX)
		json_object_set_new(l->prints, key, fresh);
	else
		json_decref(fresh);
}

static int take_rows(json_t *body, void *arg)
{
	const json_t *rows = json_object_get(body, "rows"), *row;
	struct learning *l = arg;
	size_t i;

	json_array_foreach (rows, i, row) {
		const json_t *device = json_object_get(row, "device");
		const json_t *print = json_object_get(row, "fingerprint");
		const char *state = json_string_value(json_object_get(row, "state"));

		/* Only of a device that is in: a stranger with its address teaches nothing. */
		if (json_is_integer(device) && json_is_object(print) && sk_streq(state, "admitted"))
			consider(l, (uint32_t)json_integer_value(device), print);
	}
	return 0;
}

static int store_prints(struct mg_daemon *d, json_t *prints, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *after = json_pack("{s:O}", "fingerprints", prints);
	struct mg_audit_entry who;
	struct mg_txn t = {0};
	const char *key;
	uint64_t number;
	json_t *v;
	int r = mg_txn_begin(&t, d->store, err);

	mg_daemon_audit_system(d, "device.learn", &who);
	who.target = "devices";
	who.after = after;
	json_object_foreach (prints, key, v)
		if (r == 0 && sk_parse_u64(key, UINT32_MAX, &number) == 0)
			r = mg_device_print_set(&t, (uint32_t)number, v, "system", who.time, err);
	if (r == 0)
		r = mg_txn_commit(&t, &who, err);
	mg_txn_abort(&t);
	return r;
}

void mg_admission_learn(struct mg_daemon *d)
{
	struct learning l = {d, json_object()};
	struct sk_err err = {0};
	int r = mg_peer_call(
		d->nac, "devices.seen", json_object(), -1, SEEN_MS, take_rows, &l, NULL, &err);

	if (r == 0 && json_object_size(l.prints)) {
		r = store_prints(d, l.prints, &err);
		mg_admission_dirty(d->admission);
	}
	if (r < 0 && r != -EHOSTDOWN)
		sk_log_err(LOG_WARNING, "learning how devices look", &err);
	json_decref(l.prints);
}
