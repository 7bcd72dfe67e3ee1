/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handlers of records without a daemon: calls by op, answers kept for the test to look at. */
#ifndef TEST_STORE_FAKE_CALL_H
#define TEST_STORE_FAKE_CALL_H

#include "mgmt/mgmtd/h_common.h"
#include "tests/unit/store/fixture.h"

struct answer {
	int code;
	struct sk_err err;
	json_t *rows, *records; /* arrays */
	char text[65536], notes[8192];
	int tightened;
};

/* args is stolen; file is the content of a FILE argument or NULL. The answer is freed by the next
 * call. */
struct answer *fk_call(
	struct fixture *f, const char *who, const char *op, json_t *args, const char *file);
struct answer *fk_call_lang(struct fixture *f, const char *who, const char *op, json_t *args,
	const char *file, enum sk_lang lang);
void fk_done(void);
/* A field of the i-th row (or record) as text; "" if absent. */
const char *fk_row(const struct answer *a, size_t i, const char *key);
const char *fk_record(const struct answer *a, size_t i, const char *key);

#endif
