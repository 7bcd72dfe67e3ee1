/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A registry in a directory of its own with four people and two zones, for the store's tests. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/command/command.h"
#include "mgmt/store/accounts.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/generations.h"
#include "mgmt/store/reviews.h"
#include "mgmt/store/rules.h"

#define DAY INT64_C(86400)
#define NOW INT64_C(1790000000) /* a day in 2026 */

struct fixture {
	char dir[64], db[96], key[96], anchor[96];
	struct mg_store_paths paths;
	struct mg_store *s;
};

void fx_open(struct fixture *f); /* the store again, after a close or a crash */
void fx_close(struct fixture *f);
int fx_setup(void **state);
int fx_teardown(void **state);
void fx_paths(struct fixture *f); /* a new empty directory */
void fx_people(struct fixture
		*f); /* alice requester, bob and carol approvers, dave admin; zones lan, wan */

/* Statements through a connection of its own, as somebody at the file would; the SQLite result
 * code. */
int fx_sql(struct fixture *f, const char *sql);
int64_t fx_int(struct fixture *f, const char *sql);

struct mg_actor fx_actor(const char *name, unsigned roles, int64_t now);
#define ALICE fx_actor("alice", MG_REQUESTER, NOW)
#define BOB fx_actor("bob", MG_APPROVER, NOW)
#define CAROL fx_actor("carol", MG_APPROVER | MG_REQUESTER, NOW)
#define DAVE fx_actor("dave", MG_ADMIN, NOW)

struct mg_audit_entry fx_who(const char *name, const char *op, int64_t now);
/* A request of alice's for lan->wan tcp port, in one transaction; its number. */
uint32_t fx_request(struct fixture *f, const char *port);
/* The next revision of number with another port. */
void fx_change(struct fixture *f, uint32_t number, const char *port, enum mg_intent intent);
int fx_approve(struct fixture *f, uint32_t number, struct mg_actor a);
/* Any transition in a transaction of its own, committed only if it works. */
typedef int fx_step(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err);
int fx_do(struct fixture *f, fx_step *fn, uint32_t number, struct mg_actor a);
/* Build, record as sent; the generation's number. */
uint64_t fx_send(struct fixture *f, enum mg_build what, int64_t now);
void fx_apply(struct fixture *f); /* send and confirm what is approved */
/* The state of a revision by name ("superseded" too). Static storage. */
const char *fx_state(struct fixture *f, uint32_t number, uint32_t revision);
struct fw_policy *fx_build(struct fixture *f, enum mg_build what, int64_t now);
void fx_assert_verified(struct fixture *f);

#endif
