// SPDX-License-Identifier: GPL-2.0-or-later
/* The allow-list: what no blocklist blocks, whatever it says. The life of a record is h_record.c's.
 */
#include <errno.h>
#include <string.h>

#include "mgmt/mgmtd/h_record.h"
#include "mgmt/store/allow.h"

static int take(struct mg_call *c, struct mg_record *rec, bool *ret_changes, struct sk_err *err)
{
	struct mg_allow *x = (struct mg_allow *)rec;

	*ret_changes |= mg_arg_has(c, "value");
	if (mg_arg_has(c, "value"))
		return mg_bl_typed(
			mg_arg_str(c, "kind"), mg_arg_str(c, "value"), &x->kind, x->value, err);
	if (!x->value[0])
		return sk_err_set(err, -EINVAL, "value", "is required", "必ず指定してください");
	return 0;
}

static const struct mg_h_record h = {&mg_allow_kind, NULL, take};

int mg_h_blocklist_allow_list(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_list(c, &h, err);
}

int mg_h_blocklist_allow_history(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_history(c, &h, err);
}

int mg_h_blocklist_allow_show(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_show(c, &h, err);
}

int mg_h_blocklist_allow_request(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_request(c, &h, err);
}

int mg_h_blocklist_allow_remove(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_remove(c, &h, err);
}

int mg_h_blocklist_allow_approve(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_step(c, &h, MG_RECORD_APPROVE, err);
}

int mg_h_blocklist_allow_return(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_step(c, &h, MG_RECORD_RETURN, err);
}

int mg_h_blocklist_allow_withdraw(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_step(c, &h, MG_RECORD_WITHDRAW, err);
}
