// SPDX-License-Identifier: GPL-2.0-or-later
/* An alert as the engine tells it: columns, capture, mail. No text of it ends a line of the mail.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "mgmt/events/alert.h"
#include "mgmt/notify/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mail(const struct mg_message *m)
{
	struct sk_buf b;

	sk_buf_init(&b, 1 << 20);
	if (mg_message_mail(m, "a@b", "c@d", 0, "id", &b) == 0)
		for (const char *s = sk_buf_str(&b); *s; s++)
			if ((*s == '\n') != (s > sk_buf_str(&b) && s[-1] == '\r'))
				abort();
	if (strpbrk(m->subject, "\r\n"))
		abort();
	sk_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *e = sk_json_parse((const char *)data, size, NULL);
	struct mg_alert_cols c;
	struct mg_message m;
	size_t len = 0;

	if (json_is_object(e) && mg_alert_decode(e, &c) == 0) {
		if (c.pcap)
			free(mg_alert_unbase64(c.pcap, &len));
		mg_message_init(&m);
		if (mg_message_alert(&m, "site", e) == 0)
			mail(&m);
		mg_message_done(&m);
	}
	json_decref(e);
	return 0;
}
