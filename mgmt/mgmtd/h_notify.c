// SPDX-License-Identifier: GPL-2.0-or-later
/* notify.test: a message to try mail and webhook. Whether it went out, the status says. */
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/mgmtd/notifier.h"

int mg_h_notify_test(struct mg_call *c, struct sk_err *err)
{
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	if (r == 0)
		r = mg_notifier_test(c->d, c->who.name, err);
	if (r == 0)
		r = mg_h_commit(c, &t, "notification", NULL, NULL, err);
	mg_txn_abort(&t);
	return r < 0 ? r
		     : mg_reply_note(c, "it is being sent: sekisho status says whether it went out",
			       "送信しています。結果は sekisho status で確認してください");
}
