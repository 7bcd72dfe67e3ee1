/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands about records of mgmt/store/records.h: what exceptions and the allow-list share. */
#ifndef MG_H_RECORD_H
#define MG_H_RECORD_H

#include "mgmt/mgmtd/h_common.h"
#include "mgmt/store/records.h"

struct mg_h_record {
	const struct mg_record_kind *kind;
	void (*begin)(struct mg_record *x); /* what a new one starts from; may be NULL */
	/* The arguments that are the kind's own; *ret_changes: one of them was given. */
	int (*take)(struct mg_call *c, struct mg_record *x, bool *ret_changes, struct sk_err *err);
};

int mg_h_record_list(struct mg_call *c, const struct mg_h_record *h, struct sk_err *err);
int mg_h_record_history(struct mg_call *c, const struct mg_h_record *h, struct sk_err *err);
int mg_h_record_show(struct mg_call *c, const struct mg_h_record *h, struct sk_err *err);
int mg_h_record_request(struct mg_call *c, const struct mg_h_record *h, struct sk_err *err);
int mg_h_record_remove(struct mg_call *c, const struct mg_h_record *h, struct sk_err *err);
/* The argument numbers, or number. */
int mg_h_record_step(struct mg_call *c, const struct mg_h_record *h, enum mg_record_step step,
	struct sk_err *err);

#endif
