/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stream of a backup holds: folders and files with their content, then the manifest, which
 * names every file with its size and SHA-256 and says what the backup is of. Pure.
 *
 *   'D' | length (BE32) | {"name","mode","owner","group"}
 *   'F' | length (BE32) | {"name","size","mode","owner","group"} | size bytes
 *   'M' | length (BE32) | {"files": [{"name","size","sha256"}…], …}      the last
 */
#ifndef MG_BACKUP_ARCHIVE_H
#define MG_BACKUP_ARCHIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

#define MG_BK_NAME_MAX 512
#define MG_BK_USER_MAX 32
#define MG_BK_FILES_MAX 50000
#define MG_BK_SIZE_MAX (64ull << 30) /* of one file */
#define MG_BK_MANIFEST_MAX (32u << 20)

struct mg_bk_entry {
	char name[MG_BK_NAME_MAX]; /* "mgmtd/registry.db": relative, no "." or ".." */
	bool folder;
	uint64_t size;
	unsigned mode; /* permission bits, 07777 */
	char owner[MG_BK_USER_MAX], group[MG_BK_USER_MAX];
};

/* Is it a name that can be put below a folder without leaving it? */
bool mg_bk_name_ok(const char *name);

/* Append an entry's record; its content follows. */
int mg_bk_put_entry(struct sk_buf *b, const struct mg_bk_entry *e, struct sk_err *err);
int mg_bk_put_manifest(struct sk_buf *b, const json_t *manifest, struct sk_err *err);

struct mg_bk_reader;
struct mg_bk_reader_ops {
	/* Each may refuse with -errno, which ends the reading. */
	int (*entry)(const struct mg_bk_entry *e, void *arg, struct sk_err *err);
	int (*data)(const void *p, size_t n, void *arg, struct sk_err *err); /* of the last file */
	int (*file_end)(void *arg, struct sk_err *err);
};
int mg_bk_reader_new(struct mg_bk_reader **ret, const struct mg_bk_reader_ops *ops, void *arg,
	struct sk_err *err);
void mg_bk_reader_free(struct mg_bk_reader *r);
/* The next bytes of the stream, in pieces of any size. -EBADMSG, or what an op returned. */
int mg_bk_reader_feed(struct mg_bk_reader *r, const void *p, size_t n, struct sk_err *err);
/* After the last: every file was there and is what the manifest says. *ret is borrowed. */
int mg_bk_reader_end(struct mg_bk_reader *r, const json_t **ret, struct sk_err *err);
size_t mg_bk_reader_files(const struct mg_bk_reader *r);
uint64_t mg_bk_reader_bytes(const struct mg_bk_reader *r); /* of content so far */

#endif
