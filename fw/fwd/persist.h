/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy documents on disk, such that a kill or power cut at any instant leaves either the old
 * confirmed policy or the newly confirmed one. The protocol is described in persist.c.
 */
#ifndef FW_FWD_PERSIST_H
#define FW_FWD_PERSIST_H

#include "fw/policy/policy.h"

enum fwd_loaded { FWD_LOADED_NONE, FWD_LOADED_CURRENT, FWD_LOADED_PREVIOUS, FWD_LOADED_APPLY };

/* What the start found. */
struct fwd_load {
	struct fw_policy *policy; /* owned; NULL if there is none */
	enum fwd_loaded from;
	size_t expired;   /* rules left out because they expired */
	bool interrupted; /* an unconfirmed policy was left over: this is a rollback */
	bool damaged;     /* the confirmed document could not be used: why is in damage */
	struct sk_err damage;
};

struct fwd_persist; /* the state directory */

/* Makes dir if it is missing, and holds it: -EBUSY if another process does. */
int fwd_persist_open(struct fwd_persist **ret, const char *dir, struct sk_err *err);
void fwd_persist_close(struct fwd_persist *p);

/* 0 even if nothing usable is there; -ENOMEM or -EIO only. Changes nothing on disk. */
int fwd_persist_load(struct fwd_persist *p, int64_t now, struct fwd_load *ret, struct sk_err *err);
/*
 * After the kernel runs what fwd_persist_load returned: forget the unconfirmed document; set a
 * damaged one aside under the name "damaged".
 */
int fwd_persist_settle(struct fwd_persist *p, const struct fwd_load *l, struct sk_err *err);

/* Before the kernel is touched. On failure (disk full) nothing has changed. */
int fwd_persist_trial(struct fwd_persist *p, const void *doc, size_t n, struct sk_err *err);
/* The kernel refused, or runs the confirmed policy again. */
int fwd_persist_drop_trial(struct fwd_persist *p, struct sk_err *err);
/*
 * The trial becomes the confirmed document, the confirmed one the previous. 1 with err filled:
 * done, but the disk failed to say that it is durable.
 */
int fwd_persist_confirm(struct fwd_persist *p, struct sk_err *err);

/* Other files of the state directory: counters, blocked sources, the blocklist. */
int fwd_persist_read(struct fwd_persist *p, const char *name, struct sk_buf *b, struct sk_err *err);
int fwd_persist_write(
	struct fwd_persist *p, const char *name, const void *data, size_t n, struct sk_err *err);

/* Durable. to may exist. */
int fwd_persist_rename(struct fwd_persist *p, const char *from, const char *to, struct sk_err *err);
/* One that is not there is no error. */
int fwd_persist_remove(struct fwd_persist *p, const char *name, struct sk_err *err);
/*
 * Add to the end of a file that may not be there yet. Outlives the process at once, a power cut
 * only from fwd_persist_sync on. *ret_size: what it has now.
 */
int fwd_persist_append(struct fwd_persist *p, const char *name, const void *data, size_t n,
	size_t *ret_size, struct sk_err *err);
int fwd_persist_sync(struct fwd_persist *p, const char *name, struct sk_err *err);

const char *fwd_loaded_name(enum fwd_loaded l);

#endif
