/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call of a command: who asks, with what, and how to answer. Handlers live in h_*.c, one file
 * an area, and are listed in handlers.c; they know nothing of sockets.
 */
#ifndef MG_CALL_H
#define MG_CALL_H

#include <jansson.h>

#include "lib/err.h"
#include "mgmt/command/command.h"
#include "mgmt/store/store.h"

struct mg_daemon; /* mgmtd/daemon.h: store, events, connection to fwd, settings */

struct mg_call {
	struct mg_daemon *d;
	const struct mg_command *cmd;
	const json_t *args;    /* checked against the table */
	struct mg_account who; /* who.name "console" for uid 0 without an account */
	int64_t uid, pid;      /* of the peer, for the audit log */
	enum sk_lang lang;
	int64_t now;
	bool dry_run;
	/* opaque to handlers */
	struct mg_reply *reply;
	const void *file;
	size_t file_len;
};

typedef int mg_handler(struct mg_call *c, struct sk_err *err);

/* Answers; v is stolen. Buffered into DATA frames. 0 or -errno (client gone, too much). */
int mg_reply_row(struct mg_call *c, json_t *v);
int mg_reply_record(struct mg_call *c, json_t *v); /* one object: shown as "key: value" lines */
int mg_reply_text(struct mg_call *c, const char *text);
/* For the caller's OUTPUT argument; at most 128 KiB. */
int mg_reply_file(struct mg_call *c, const void *p, size_t n);
int mg_reply_note(struct mg_call *c, const char *en, const char *ja, ...)
	__attribute__((format(printf, 2, 4), format(printf, 3, 4))); /* one line for the person */

/* Argument shorthands: NULL / 0 / false when absent. Strings are borrowed. */
const char *mg_arg_str(const struct mg_call *c, const char *name);
uint64_t mg_arg_uint(const struct mg_call *c, const char *name);
bool mg_arg_flag(const struct mg_call *c, const char *name);
bool mg_arg_has(const struct mg_call *c, const char *name);
/* A FILE argument's content, borrowed until the call ends; *ret_name (may be NULL) as the person
 * typed it. -ENOENT when absent. */
int mg_arg_file(const struct mg_call *c, const char *name, const void **ret, size_t *ret_len,
	const char **ret_name, struct sk_err *err);
/* A date argument as an instant. */
int mg_arg_time(const struct mg_call *c, const char *name, bool end_of_day, int64_t *ret,
	struct sk_err *err);

#endif
