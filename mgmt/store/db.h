/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SQLite for the store's own files: typed binding, one error mapping, the open store's body.
 * Nothing outside mgmt/store includes it.
 */
#ifndef MG_STORE_DB_H
#define MG_STORE_DB_H

#include <sqlite3.h>

#include "lib/util.h"
#include "mgmt/store/store.h"

#define MG_SCHEMA_VERSION 4
#define MG_MAC_LEN 32

struct mg_chain {
	int64_t seq; /* of the last row, 0 none */
	uint8_t mac[MG_MAC_LEN];
};

struct mg_store {
	sqlite3 *db;
	bool reader, in_txn;
	char *key_path, *anchor_path;
	uint8_t key[MG_MAC_LEN];
	struct mg_chain head; /* committed */
	struct mg_chain tail; /* within the open transaction */
	int64_t txn_first;    /* first audit number of the open transaction */
	bool anchor_stale;    /* the last replacement failed: again before the next write */
	int64_t set_aside;    /* schema of the newer registry that made room, 0 none */
	bool anchor_lost;     /* it was missing or damaged at open: to be recorded */
};

struct mg_val {
	enum { MG_VNULL, MG_VINT, MG_VTEXT, MG_VBLOB } t;
	int64_t i;
	const void *p;
	size_t n;
};
#define MG_I(v) ((struct mg_val){.t = MG_VINT, .i = (int64_t)(v)})
#define MG_S(v) ((struct mg_val){.t = MG_VTEXT, .p = (v)}) /* NULL binds NULL */
#define MG_B(v, len) ((struct mg_val){.t = MG_VBLOB, .p = (v), .n = (len)})
/* 0 binds NULL: for times that have not come yet. */
#define MG_T(v) ((struct mg_val){.t = (v) ? MG_VINT : MG_VNULL, .i = (v)})

#define MG_VALS(...)                                                                               \
	(const struct mg_val[])                                                                    \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define MG_NVALS(...) (sizeof(MG_VALS(__VA_ARGS__)) / sizeof(struct mg_val))

/* The last SQLite error as ours: -ENOSPC, -EBUSY, -EPERM (a trigger refused), -EEXIST, -EUCLEAN… */
int mg_db_fail(struct mg_store *s, struct sk_err *err);
int mg_db_query_v(struct mg_store *s, sqlite3_stmt **ret, const char *sql, const struct mg_val *v,
	size_t n, struct sk_err *err);
int mg_db_run_v(
	struct mg_store *s, const char *sql, const struct mg_val *v, size_t n, struct sk_err *err);
/* Prepare and bind; the caller finalises (mg_stmtp). sql uses ?1, ?2… */
#define mg_db_query(s, ret, err, sql, ...)                                                         \
	mg_db_query_v(s, ret, sql, MG_VALS(__VA_ARGS__), MG_NVALS(__VA_ARGS__), err)
/* Run a statement that gives no rows. */
#define mg_db_run(s, err, sql, ...)                                                                \
	mg_db_run_v(s, sql, MG_VALS(__VA_ARGS__), MG_NVALS(__VA_ARGS__), err)
/* 1: a row, 0: no more, or -errno. */
int mg_db_step(struct mg_store *s, sqlite3_stmt *st, struct sk_err *err);
void mg_stmtp(sqlite3_stmt **st);
/* Several statements without arguments. */
int mg_db_exec(struct mg_store *s, const char *sql, struct sk_err *err);
/* One integer; untouched when there is no row or it is NULL. */
int mg_db_int_v(struct mg_store *s, int64_t *ret, const char *sql, const struct mg_val *v, size_t n,
	struct sk_err *err);
#define mg_db_int(s, ret, err, sql, ...)                                                           \
	mg_db_int_v(s, ret, sql, MG_VALS(__VA_ARGS__), MG_NVALS(__VA_ARGS__), err)
/* A column as text, NULL if NULL (borrowed until the next step); copied, cut to cap. */
const char *mg_col_str(sqlite3_stmt *st, int col);
void mg_col_copy(sqlite3_stmt *st, int col, char *dst, size_t cap);
/* A column holding JSON as a new reference, NULL if NULL; -EUCLEAN when it is damaged. */
int mg_col_json(sqlite3_stmt *st, int col, json_t **ret, struct sk_err *err);
/* Canonical text of v (free), NULL for NULL and without memory. */
char *mg_json_text(const json_t *v);

/* schema.c: create or migrate. */
int mg_schema_open(struct mg_store *s, const struct mg_store_paths *paths, struct sk_err *err);
/* audit.c */
int mg_audit_open(struct mg_store *s, const struct mg_store_paths *paths, struct sk_err *err);
int mg_audit_anchor_write(struct mg_store *s, struct sk_err *err);
enum { MG_ANCHOR_OK, MG_ANCHOR_NONE, MG_ANCHOR_BAD };
int mg_audit_anchor_read(const struct mg_store *s, struct mg_chain *ret);
struct mg_audit_row {
	int64_t seq, first, time, uid, pid;
	const char *account, *op, *target, *before, *after, *result;
};
int mg_audit_mac(
	const struct mg_store *s, const struct mg_audit_row *r, const uint8_t *prev, uint8_t *ret);
/* Every writing function starts with it: -EPERM outside a transaction is our own bug. */
void mg_txn_assert(const struct mg_txn *t);

#endif
