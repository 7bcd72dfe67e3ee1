/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kind of record brings; nothing outside mgmt/store includes it. */
#ifndef MG_STORE_RECORDS_DB_H
#define MG_STORE_RECORDS_DB_H

#include "mgmt/store/db.h"
#include "mgmt/store/records.h"

#define MG_RECORD_OWN_MAX 20 /* columns of a kind's own */

struct mg_record_kind {
	const char *table, *columns; /* of its own: "gid, sid" */
	struct sk_text noun;
	const char *expire_op; /* "ips.exception.expire" */
	int64_t max;           /* that may be in force or asked for at once */
	size_t size;           /* of its struct */
	/* Its own columns from col on; they hold no memory of their own. */
	void (*read)(sqlite3_stmt *st, int col, struct mg_record *x);
	size_t (*bind)(const struct mg_record *x, struct mg_val *v);
	/* What it is about is brought into its canonical form, or refused. */
	int (*check)(struct mg_store *s, struct mg_record *x, struct sk_err *err);
	void (*to_json)(const struct mg_record *x, json_t *v);
};

#endif
