// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listeners of events.follow. A slow one misses events and is told how many; it never slows the
 * daemon.
 */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/mgmtd/notifier.h"

#define SLOW (1u << 20) /* bytes not taken yet: skip instead of queueing more */

int mg_daemon_follow(struct mg_call *c, const char *type, struct sk_err *err)
{
	struct mg_daemon *d = c->d;

	for (size_t i = 0; c->reply->client && i < MG_FOLLOWERS; i++) {
		struct mg_follower *f = &d->followers[i];

		if (f->client)
			continue;
		*f = (struct mg_follower){.client = c->reply->client, .id = c->reply->id};
		snprintf(f->type, sizeof(f->type), "%s", type ? type : "");
		c->reply->following = true;
		return 0;
	}
	return sk_err_set(err, -ENOSPC, NULL, "too many listeners", "表示中の端末が多すぎます");
}

void mg_follow_client_left(struct mg_daemon *d, const struct sk_ipc_client *c)
{
	for (size_t i = 0; i < MG_FOLLOWERS; i++)
		if (d->followers[i].client == c)
			d->followers[i].client = NULL;
}

static int send_event(struct mg_follower *f, json_t *event)
{
	json_t *body = json_pack("{s:O}", "event", event);
	int r = body ? sk_ipc_reply(f->client, SK_IPC_DATA, f->id, body) : -ENOMEM;

	json_decref(body);
	return r;
}

static void offer(struct mg_follower *f, json_t *event)
{
	const char *type = json_string_value(json_object_get(event, "event_type"));

	if (f->type[0] && !sk_streq(type, f->type))
		return;
	if (sk_ipc_client_queued(f->client) > SLOW) {
		f->skipped++;
		return;
	}
	if (f->skipped) {
		json_t *gap = json_pack("{s:s, s:{s:s, s:I}}", "event_type", "stats", "sekisho",
			"action", "skipped", "count", (json_int_t)f->skipped);

		f->skipped = 0;
		if (gap)
			send_event(f, gap);
		json_decref(gap);
	}
	send_event(f, event);
}

void mg_daemon_publish(struct mg_daemon *d, const json_t *events)
{
	for (size_t i = 0; i < MG_FOLLOWERS; i++)
		for (size_t k = 0; d->followers[i].client && k < json_array_size(events); k++)
			offer(&d->followers[i], json_array_get(events, k));
	mg_notifier_events(d, events);
}

int mg_daemon_event(struct mg_daemon *d, json_t *event, struct sk_err *err)
{
	json_t *list = event ? json_pack("[o]", event) : NULL;
	int64_t now = sk_now_us();
	char stamp[40];
	int r;

	if (!list)
		return sk_err_nomem(err);
	if (!json_object_get(event, "ts"))
		json_object_set_new(event, "ts", json_integer(now));
	if (!json_object_get(event, "timestamp"))
		json_object_set_new(event, "timestamp",
			json_string(sk_time_format_us(now, stamp, sizeof(stamp))));
	r = d->events ? mg_events_append(d->events, NULL, 0, list, err) : 0;
	if (!r)
		mg_daemon_publish(d, list);
	json_decref(list);
	return r;
}
