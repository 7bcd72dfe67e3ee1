// SPDX-License-Identifier: GPL-2.0-or-later
/* Exceptions of the inspection: signature, ends and action. Their life is h_record.c's. */
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/mgmtd/h_record.h"
#include "mgmt/store/exceptions.h"

static void begin(struct mg_record *rec)
{
	struct mg_exception *x = (struct mg_exception *)rec;

	x->gid = 1;
	snprintf(x->source, sizeof(x->source), "any");
	snprintf(x->destination, sizeof(x->destination), "any");
}

static void take_word(struct mg_call *c, const char *arg, char *dst, size_t cap)
{
	if (mg_arg_has(c, arg))
		snprintf(dst, cap, "%s", mg_arg_str(c, arg));
}

static int take(struct mg_call *c, struct mg_record *rec, bool *ret_changes, struct sk_err *err)
{
	static const char *const content[] = {"sid", "gid", "source", "destination", "action"};
	struct mg_exception *x = (struct mg_exception *)rec;

	for (size_t i = 0; i < SK_ARRAY_SIZE(content); i++)
		*ret_changes |= mg_arg_has(c, content[i]);
	if (mg_arg_has(c, "sid"))
		x->sid = (uint32_t)mg_arg_uint(c, "sid");
	if (mg_arg_has(c, "gid"))
		x->gid = (uint32_t)mg_arg_uint(c, "gid");
	take_word(c, "source", x->source, sizeof(x->source));
	take_word(c, "destination", x->destination, sizeof(x->destination));
	take_word(c, "action", x->action, sizeof(x->action));
	if (!x->action[0])
		return sk_err_set(err, -EINVAL, "action", "is required", "必ず指定してください");
	return 0;
}

static const struct mg_h_record h = {&mg_exception_kind, begin, take};

int mg_h_ips_exception_list(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_list(c, &h, err);
}

int mg_h_ips_exception_history(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_history(c, &h, err);
}

int mg_h_ips_exception_show(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_show(c, &h, err);
}

int mg_h_ips_exception_request(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_request(c, &h, err);
}

int mg_h_ips_exception_remove(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_remove(c, &h, err);
}

int mg_h_ips_exception_approve(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_step(c, &h, MG_RECORD_APPROVE, err);
}

int mg_h_ips_exception_return(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_step(c, &h, MG_RECORD_RETURN, err);
}

int mg_h_ips_exception_withdraw(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_step(c, &h, MG_RECORD_WITHDRAW, err);
}
