/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of databases that are in use, by SQLite's backup interface: each is whole and of one
 * moment. The registry's anchor is a file of its own, so the two are copied until they agree.
 */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/backup/run/run.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/generations.h"

#define SMALL 4096 /* audit.key, audit.anchor */
#define TRIES 20
#define PAGES 512 /* at a time, between which the writer may go on */

static const char *const databases[] = {"registry.db", "contacts.db", "switches.db"};
static const char *const beside[] = {"audit.key", "audit.anchor"};

bool mg_bk_is_database(const char *name)
{
	if (strncmp(name, "mgmtd/", 6) != 0)
		return false;
	for (size_t i = 0; i < SK_ARRAY_SIZE(databases); i++)
		if (strcmp(name + 6, databases[i]) == 0)
			return true;
	for (size_t i = 0; i < SK_ARRAY_SIZE(beside); i++)
		if (strcmp(name + 6, beside[i]) == 0)
			return true;
	return false;
}

static int db_fail(sqlite3 *db, int rc, const char *path, struct sk_err *err)
{
	if ((rc & 0xff) == SQLITE_FULL || sqlite3_system_errno(db) == ENOSPC) {
		errno = ENOSPC;
		return mg_bk_fail(err, path);
	}
	return sk_err_set(err, rc == SQLITE_BUSY ? -EBUSY : -EIO, NULL, "%s cannot be copied: %s",
		"%s をコピーできません (%s)", path, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
}

static int step_all(sqlite3_backup *b)
{
	int rc;

	do {
		rc = sqlite3_backup_step(b, PAGES);
		if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
			sqlite3_sleep(20);
	} while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED);
	return rc;
}

static int copy_database(const char *from, const char *to, struct sk_err *err)
{
	sqlite3 *src = NULL, *dst = NULL;
	sqlite3_backup *b = NULL;
	int rc = sqlite3_open_v2(from, &src, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW, NULL);
	int r = 0;

	unlink(to);
	sqlite3_busy_timeout(src, 10000);
	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(to, &dst, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc == SQLITE_OK) {
		b = sqlite3_backup_init(dst, "main", src, "main");
		rc = b ? step_all(b) : sqlite3_errcode(dst);
		sqlite3_backup_finish(b);
		rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
	}
	/* A file that needs no WAL beside it. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(dst, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		r = db_fail(dst ? dst : src, rc, from, err);
	sqlite3_close(dst);
	sqlite3_close(src);
	return r;
}

static int copy_small(const char *from, const char *to, struct sk_err *err)
{
	struct sk_buf b;
	int r;

	sk_buf_init(&b, SMALL);
	r = sk_file_read(from, &b, err);
	if (r == 0)
		r = sk_file_replace(to, b.data, b.len, 0600, err);
	sk_buf_done(&b);
	return r;
}

/* ---- the registry -----------------------------------------------------------------------------
 */
static void add_policy(struct mg_store *s, json_t *about)
{
	struct mg_generation g;

	if (mg_generation_latest(s, MG_GEN_CONFIRMED, &g, NULL) == 0)
		json_object_set_new(about, "policy",
			json_pack("{s:I, s:s}", "generation", (json_int_t)g.generation, "sha256",
				g.sha256));
}

/* 1: copied between a commit and its anchor; again. */
static int check_copy(const char *dir, json_t *about, struct sk_err *err)
{
	char db[MG_BK_PATH + 32], key[MG_BK_PATH + 32], anchor[MG_BK_PATH + 32];
	const struct mg_store_paths paths = {db, key, anchor};
	struct mg_audit_report rep = {0};
	struct mg_store *s = NULL;
	bool again = false;
	int r;

	snprintf(db, sizeof(db), "%s/registry.db", dir);
	snprintf(key, sizeof(key), "%s/audit.key", dir);
	snprintf(anchor, sizeof(anchor), "%s/audit.anchor", dir);
	r = mg_store_open_reader(&s, &paths, err);
	if (r == 0)
		r = mg_audit_verify(s, &rep, err);
	for (size_t i = 0; r == 0 && i < rep.n; i++)
		again |= rep.v[i].fault == MG_AUDIT_CUT || rep.v[i].fault == MG_AUDIT_BEYOND;
	if (r == 0) {
		json_object_set_new(about, "audit",
			json_pack("{s:I, s:s, s:I}", "rows", (json_int_t)rep.rows, "head", rep.head,
				"faults", (json_int_t)rep.n));
		add_policy(s, about);
	}
	mg_audit_report_done(&rep);
	mg_store_close(s);
	return r < 0 ? r : again;
}

static int copy_registry(const char *from, const char *dir, json_t *about, struct sk_err *err)
{
	char src[MG_BK_PATH + 32], dst[MG_BK_PATH + 32];
	int r = 1;

	for (int i = 0; r == 1 && i < TRIES; i++) {
		if (i)
			nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
		for (size_t k = 0; k < SK_ARRAY_SIZE(beside); k++) {
			snprintf(src, sizeof(src), "%s/%s", from, beside[k]);
			snprintf(dst, sizeof(dst), "%s/%s", dir, beside[k]);
			r = copy_small(src, dst, err);
			if (r < 0)
				return r;
		}
		snprintf(src, sizeof(src), "%s/registry.db", from);
		snprintf(dst, sizeof(dst), "%s/registry.db", dir);
		r = copy_database(src, dst, err);
		if (r == 0)
			r = check_copy(dir, about, err);
	}
	/* A chain that is damaged is backed up as it is: the manifest says so. */
	return r < 0 ? r : 0;
}

int mg_bk_snapshot(const struct mg_bk_opts *o, const char *dir, json_t *about, struct sk_err *err)
{
	char from[MG_BK_PATH], src[MG_BK_PATH + 32], dst[MG_BK_PATH + 32];
	int r;

	snprintf(from, sizeof(from), "%.900s/mgmtd", o->state_dir);
	r = copy_registry(from, dir, about, err);
	for (size_t i = 1; r == 0 && i < SK_ARRAY_SIZE(databases); i++) {
		snprintf(src, sizeof(src), "%s/%s", from, databases[i]);
		snprintf(dst, sizeof(dst), "%s/%s", dir, databases[i]);
		if (access(src, F_OK) == 0)
			r = copy_database(src, dst, err);
	}
	return r;
}
