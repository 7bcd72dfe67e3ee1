/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of sekisho-backup: one request is read, and a backup is made, listed, read through,
 * tried in a scratch folder or put in place. Nothing in place changes before the whole backup was
 * read and tried; an interrupted restore is undone at the next start.
 */
#ifndef MG_BACKUP_RUN_H
#define MG_BACKUP_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/oneshot.h"
#include "mgmt/backup/archive.h"
#include "mgmt/backup/container.h"

#define MG_BK_SUFFIX ".backup"
#define MG_BK_PATH 1024
#define MG_BK_DEPTH_MAX 12 /* of folders below a source */

struct mg_bk_opts {
	const char *state_dir, *etc_dir, *backup_dir; /* of all daemons; settings; local backups */
	const char *mgmt_socket;
	const char *control; /* program called with stop and start instead of systemd; NULL */
	unsigned wait;       /* seconds that restored daemons have to answer */
	bool no_seccomp;
};

/* How far it is; NULL-safe through mg_bk_tell. */
struct mg_bk_tell {
	struct sk_oneshot *s; /* NULL: on the terminal */
	uint64_t done, total;
};
void mg_bk_progress(struct mg_bk_tell *t, const struct sk_text *step);

/* ---- what belongs to a backup: sources.c ------------------------------------------------------
 */
enum mg_bk_with { MG_BK_EVENTS = 1, MG_BK_LISTS = 2 };
struct mg_bk_source {
	const char *name; /* first component in the archive */
	const char *owner;
	bool settings; /* below etc_dir, whose folder itself stays */
};
extern const struct mg_bk_source mg_bk_sources[];             /* ends with name NULL */
const struct mg_bk_source *mg_bk_source_of(const char *name); /* of an entry; NULL: none */
void mg_bk_source_path(const struct mg_bk_opts *o, const struct mg_bk_source *s, char *dst);

struct mg_bk_walk {
	unsigned with;
	/* fd of the file (O_RDONLY) or -1 for a folder; e->size from fstat */
	int (*fn)(const struct mg_bk_entry *e, int fd, void *arg, struct sk_err *err);
	void *arg;
};
/* Every file and folder of a backup, sorted by name within each folder; no symbolic links. */
int mg_bk_walk_all(const struct mg_bk_opts *o, const struct mg_bk_walk *w, struct sk_err *err);

/* ---- small things: place.c --------------------------------------------------------------------
 */
/* Remove a folder and all in it; as far as it goes. */
void mg_bk_remove_tree(const char *path);
int mg_bk_fail(struct sk_err *err, const char *path); /* errno as a message, ENOSPC in words */
struct mg_bk_names { /* of a folder's content, without "." and ".." */
	char **v;
	size_t n, cap;
};
int mg_bk_names_read(const char *path, struct mg_bk_names *ret, struct sk_err *err);
void mg_bk_names_done(struct mg_bk_names *l);
/* The folder asked for ("" or NULL: the local one), existing, absolute. */
int mg_bk_place(const struct mg_bk_opts *o, const char *asked, char *dst, struct sk_err *err);
/* Rows {name, created, bytes, version, locks_en, locks_ja, error_…}, newest first. */
int mg_bk_list(const char *place, json_t **ret, struct sk_err *err);
/*
 * The local folder for one job at a time: a descriptor that holds it, -EBUSY. What a job that was
 * killed left there is removed.
 */
int mg_bk_lock(const struct mg_bk_opts *o, bool wait, struct sk_err *err);
/* Of the automatic ones of this host only the newest keep stay. */
void mg_bk_prune(const char *place, const char *host, unsigned keep);

/* ---- copies of databases: snapshot.c ----------------------------------------------------------
 */
/* registry.db with its audit.key and audit.anchor as of one moment, and the others, into dir. */
int mg_bk_snapshot(const struct mg_bk_opts *o, const char *dir, json_t *about, struct sk_err *err);
bool mg_bk_is_database(const char *name); /* an entry that is taken from the snapshot instead */

/* ---- making: create.c -------------------------------------------------------------------------
 */
struct mg_bk_plan {
	char place[MG_BK_PATH];
	const char *site, *label; /* label: "manual" or "automatic", part of the name */
	int64_t now;
	unsigned with, keep; /* keep 0: all */
	const char *pass;    /* NULL: none */
	size_t pass_len;
	uint8_t pub[MG_BK_PUBLIC];
	bool has_pub;
};
int mg_bk_create(const struct mg_bk_opts *o, const struct mg_bk_plan *p, struct mg_bk_tell *t,
	json_t **ret, struct sk_err *err);

/* ---- reading: extract.c -----------------------------------------------------------------------
 */
struct mg_bk_secret {
	const char *text; /* passphrase or key file, as it came; NULL: none */
	size_t len;
	bool is_key;
};
struct mg_bk_entries { /* what was extracted, for whoever puts it in place */
	struct mg_bk_entry *v;
	size_t n, cap;
};
/*
 * Read path through and check all of it; into dir (made, 0700) unless NULL. *ret_manifest (owned)
 * with the head's created and product and the file's sha256. On failure dir may be half full.
 */
int mg_bk_read(const char *path, const struct mg_bk_secret *s, const char *dir,
	struct mg_bk_entries *entries, struct mg_bk_tell *t, json_t **ret_manifest,
	struct sk_err *err);

/* ---- trying: drill.c --------------------------------------------------------------------------
 */
/* What was extracted into dir: registry, audit chain, policy document; findings into v. */
int mg_bk_try(const char *dir, const json_t *manifest, json_t *v, struct sk_err *err);
int mg_bk_drill(const struct mg_bk_opts *o, const char *path, const struct mg_bk_secret *s,
	struct mg_bk_tell *t, json_t **ret, struct sk_err *err);

/* ---- in place: restore.c, services.c ----------------------------------------------------------
 */
/* any: also one that was not made here, which may bring any accounts and rules. */
int mg_bk_restore(const struct mg_bk_opts *o, const char *path, const struct mg_bk_secret *s,
	const char *who, bool any, struct mg_bk_tell *t, json_t **ret, struct sk_err *err);
/* Before the daemons start: undo an interrupted restore, if any; -EBUSY: one is under way. */
int mg_bk_recover(const struct mg_bk_opts *o, struct sk_err *err);

/* Stop the daemons, adding to *ran which did run; or start those and the enabled ones. */
int mg_bk_services(const struct mg_bk_opts *o, bool start, unsigned *ran, struct sk_err *err);
/* The manager answers and reaches fwd, within seconds; -ETIMEDOUT. */
int mg_bk_answers(const struct mg_bk_opts *o, unsigned seconds, struct sk_err *err);
/* Tell the (restored) manager, for its audit log; code 0 or why it was undone. */
void mg_bk_report(const struct mg_bk_opts *o, const char *who, const json_t *about, int code,
	const struct sk_err *why);

/* ---- a request: request.c ---------------------------------------------------------------------
 */
/* arg: struct mg_bk_opts */
int mg_bk_handle(struct sk_oneshot *s, const struct sk_oneshot_request *q, json_t **extra,
	void *arg, struct sk_err *err);

#endif
