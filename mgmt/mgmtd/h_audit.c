/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit log: listing, and proving that nobody touched it. */
#include <errno.h>

#include "mgmt/mgmtd/h_common.h"

static int list_row(const json_t *row, void *arg)
{
	json_t *v = json_deep_copy(row);

	return v ? mg_reply_row(arg, v) : -ENOMEM;
}

int mg_h_audit_list(struct mg_call *c, struct sk_err *err)
{
	struct mg_audit_filter f = {.account = mg_arg_str(c, "account"),
		.target = mg_arg_str(c, "target"),
		.limit = (int64_t)mg_arg_uint(c, "limit")};
	int r = mg_arg_has(c, "from") ? mg_arg_time(c, "from", false, &f.from, err) : 0;

	if (r == 0 && mg_arg_has(c, "to"))
		r = mg_arg_time(c, "to", true, &f.to, err);
	if (f.to)
		f.to++; /* through its last second */
	return r < 0 ? r : mg_audit_each(mg_h_store(c), &f, list_row, c, err);
}

static int finding(struct mg_call *c, const struct mg_audit_finding *f)
{
	json_t *v = json_pack("{ss sI sI ss}", "fault", mg_audit_fault_name(f->fault), "first",
		(json_int_t)f->first, "last", (json_int_t)f->last, "message",
		sk_text(mg_audit_fault_text(f->fault), c->lang));

	return v ? mg_reply_row(c, v) : -ENOMEM;
}

int mg_h_audit_verify(struct mg_call *c, struct sk_err *err)
{
	struct mg_audit_report rep = {0};
	int r = mg_audit_verify(mg_h_store(c), &rep, err);

	for (size_t i = 0; i < rep.n && r == 0; i++)
		r = finding(c, &rep.v[i]);
	if (r == 0 && rep.n == 0)
		r = mg_reply_record(c,
			json_pack("{sI sI ss ss}", "rows", (json_int_t)rep.rows, "last_seq",
				(json_int_t)rep.last_seq, "head", rep.head, "result", "ok"));
	if (r == 0 && rep.n)
		mg_reply_note(c, "%lld rows, the last is %lld, its MAC %s",
			"%lld 行、最後の番号 %lld、その MAC %s", (long long)rep.rows,
			(long long)rep.last_seq, rep.head);
	if (r == 0 && rep.n)
		r = sk_err_set(err, -EUCLEAN, NULL,
			"the audit log was tampered with or damaged in %zu places",
			"操作記録に改ざんまたは破損が %zu か所あります", rep.n);
	else if (r == 0)
		mg_reply_note(c, "the audit log is complete and unchanged",
			"操作記録に欠落・改ざんはありません");
	mg_audit_report_done(&rep);
	return r;
}
