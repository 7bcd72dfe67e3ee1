/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what the RADIUS server writes: a folder of files radius-yyyymmddhh (UTC), a line a
 * record. They are followed while they grow and deleted two minutes after their hour, once read.
 * Nothing in them is trusted: the server's user may write there, and it reads strangers' packets.
 */
#ifndef MG_RADIUS_SPOOL_H
#define MG_RADIUS_SPOOL_H

#include "mgmt/radius/record.h"

#define MG_RADIUS_BATCH 500 /* records at most in one batch */

struct mg_radius_spool;

struct mg_radius_spool_stat {
	uint64_t lines, strange; /* since the start; strange: not understood, left out */
	uint64_t backlog;        /* bytes that wait, at the last look */
	int files;
};

struct mg_radius_spool_ops {
	/* How many telling records of a file are stored already (mg_events_last_seq). */
	uint64_t (*stored)(const char *instance, void *arg);
	/* Each record in order; stored: its event is in the store already. */
	void (*record)(const struct mg_radius_record *r, bool stored, void *arg);
	/*
	 * End of a batch of one file: seq is the number of its last telling record. Not 0: it could
	 * not be stored, and is read again later.
	 */
	int (*end)(const char *instance, uint64_t seq, void *arg);
};

/* The folder need not exist yet. */
int mg_radius_spool_open(struct mg_radius_spool **ret, const char *dir,
	const struct mg_radius_spool_ops *ops, void *arg, struct sk_err *err);
void mg_radius_spool_close(struct mg_radius_spool *s);
/* Everything there is, at most batches of them. 1: there is more, 0: all read, -errno of end(). */
int mg_radius_spool_read(struct mg_radius_spool *s, int64_t now, int batches, struct sk_err *err);
void mg_radius_spool_stat(const struct mg_radius_spool *s, struct mg_radius_spool_stat *ret);

#endif
