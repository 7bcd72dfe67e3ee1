/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message for people and programs: a mail (RFC 5322) and a JSON object for a webhook. Texts
 * from the network (a signature's words, addresses) never become headers of their own. Pure.
 */
#ifndef MG_NOTIFY_MESSAGE_H
#define MG_NOTIFY_MESSAGE_H

#include <jansson.h>

#include "lib/buf.h"

struct mg_message {
	char subject[200];
	struct sk_buf text; /* both languages */
	json_t *json;       /* for the webhook, owned */
};

void mg_message_init(struct mg_message *m);
void mg_message_done(struct mg_message *m);

/* An alert event; site: whose gateway it is. */
int mg_message_alert(struct mg_message *m, const char *site, const json_t *event);
/* A "blocklist" event: a list that was refused, or that has not been had for long. */
int mg_message_blocklist(struct mg_message *m, const char *site, const json_t *event);
/* An "admission" event that somebody should look into. */
int mg_message_admission(struct mg_message *m, const char *site, const json_t *event);
/* An "update" event: taken back, interrupted, or one that mends security flaws is available. */
int mg_message_update(struct mg_message *m, const char *site, const json_t *event);
/* Records that expire soon: rows as notice.list has them. */
int mg_message_expiry(struct mg_message *m, const char *site, const json_t *rows);
/* What was held back: [{"gid", "sid", "msg", "count"}]; lost: messages that found no room. */
int mg_message_summary(struct mg_message *m, const char *site, const json_t *held, uint64_t lost);
int mg_message_test(struct mg_message *m, const char *site, const char *who);

/* The whole mail with its headers, lines ending in CRLF. to: addresses with ',' between. */
int mg_message_mail(const struct mg_message *m, const char *from, const char *to, int64_t now,
	const char *id, struct sk_buf *ret);

#endif
