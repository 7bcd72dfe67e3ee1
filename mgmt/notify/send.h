/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail and webhook by libcurl. Blocking, with limits on time; for the notifier's process alone. */
#ifndef MG_NOTIFY_SEND_H
#define MG_NOTIFY_SEND_H

#include "lib/err.h"
#include "mgmt/notify/message.h"
#include "mgmt/notify/secrets.h"

struct mg_notify_config {
	char site[128];
	char server[512], from[512], to[1024]; /* server empty: no mail */
	bool starttls;                         /* demanded of smtp:// */
	char webhook[1024];                    /* empty: none */
	struct mg_notify_secrets secrets;
};

int mg_send_mail(const struct mg_notify_config *c, const struct mg_message *m, struct sk_err *err);
int mg_send_webhook(
	const struct mg_notify_config *c, const struct mg_message *m, struct sk_err *err);

#endif
