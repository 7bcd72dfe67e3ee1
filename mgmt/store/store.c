/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening and closing registry.db. One writer (mgmtd) and read-only connections of its forked
 * readers; a file of a newer version or a damaged one is refused whole, never repaired by guessing.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include "mgmt/store/db.h"
#include "mgmt/store/older.h"

#define BUSY_MS 5000

static int set_up(struct mg_store *s, struct sk_err *err)
{
	int64_t fk = 0;
	int r;

	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	r = mg_db_exec(s, "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;", err);
	if (r == 0)
		r = mg_db_int(s, &fk, err, "PRAGMA foreign_keys");
	if (r == 0 && !fk)
		r = sk_err_en(err, -ENOTSUP, NULL, "SQLite was built without foreign keys");
	if (r == 0 && !s->reader)
		r = mg_db_exec(s,
			"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			"PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=16777216;",
			err);
	return r;
}

/* Make the file before SQLite does, so that it and its WAL are nobody else's to read. */
static void private_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

/* *ret_newer (may be NULL): the schema of a registry that was too new. */
static int open_store(struct mg_store **ret, const struct mg_store_paths *paths, bool reader,
	int64_t *ret_newer, struct sk_err *err)
{
	int flags = reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	struct mg_store *s;
	int r;

	if (sodium_init() < 0)
		return sk_err_set(
			err, -EIO, NULL, "the cryptographic library failed to start", NULL);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return sk_err_nomem(err);
	s->reader = reader;
	if (!reader)
		private_file(paths->db);
	r = sqlite3_open_v2(paths->db, &s->db, flags | SQLITE_OPEN_NOFOLLOW, NULL);
	if (s->db == NULL)
		r = sk_err_nomem(err);
	else if (r != SQLITE_OK)
		r = mg_db_fail(s, err);
	else
		r = set_up(s, err);
	if (r == 0)
		r = mg_schema_open(s, paths, err);
	if (r == 0)
		r = mg_audit_open(s, paths, err);
	if (r < 0) {
		if (ret_newer)
			*ret_newer = s->set_aside;
		mg_store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

int mg_store_open(struct mg_store **ret, const struct mg_store_paths *paths, struct sk_err *err)
{
	int64_t newer = 0;
	int r = open_store(ret, paths, false, &newer, err);

	if (r != -EUCLEAN || !newer)
		return r;
	/* An update that was taken back: go on from what this version left. */
	r = mg_older_return(paths, MG_SCHEMA_VERSION, err);
	if (r == -ENOENT)
		return -EUCLEAN;
	if (r == 0)
		r = open_store(ret, paths, false, NULL, err);
	if (r == 0)
		(*ret)->set_aside = newer;
	return r;
}

int mg_store_open_reader(
	struct mg_store **ret, const struct mg_store_paths *paths, struct sk_err *err)
{
	return open_store(ret, paths, true, NULL, err);
}

void mg_store_close(struct mg_store *s)
{
	if (s == NULL)
		return;
	sqlite3_close_v2(s->db);
	sodium_memzero(s->key, sizeof(s->key));
	free(s->key_path);
	free(s->anchor_path);
	free(s);
}
