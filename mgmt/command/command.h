/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * THE command table: every operation once, with its arguments, roles, help and output columns. The
 * command line, the daemon, man pages, completion and (later) the HTTP API are made from it. Pure.
 */
#ifndef MG_COMMAND_H
#define MG_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/* Who may. An account holds any number of them. */
enum mg_role {
	MG_REQUESTER = 1 << 0, /* 申請者 */
	MG_APPROVER = 1 << 1,  /* 承認者 */
	MG_ADMIN = 1 << 2,     /* 管理者 */
	MG_AUDITOR = 1 << 3,   /* 監査者: reads all, changes nothing */
	MG_SECURITY = 1 << 4,  /* セキュリティ担当: reads, reports */
	MG_CONSOLE = 1 << 5,   /* uid 0 without an account of its own: set-up and recovery only */
};
#define MG_READERS (MG_REQUESTER | MG_APPROVER | MG_ADMIN | MG_AUDITOR | MG_SECURITY | MG_CONSOLE)

enum mg_arg_type {
	MG_STRING,
	MG_UINT,   /* min-max below */
	MG_DATE,   /* as sk_time_parse */
	MG_CHOICE, /* choices below, NULL-terminated */
	MG_FLAG,   /* --name, no value */
	MG_FILE,   /* a local file: JSON value is its name, the content comes as a sealed memfd */
	MG_FOLDER, /* the same, or a local folder, whose files come as a tar archive */
	MG_OUTPUT, /* a local file that the answer's "file" is written to: JSON value is its name */
};

struct mg_arg {
	/* JSON key; "--name" with '_' as '-' on the command line unless positional */
	const char *name;
	enum mg_arg_type type;
	bool required, positional, list /* positional, one or more: JSON array */;
	bool once;         /* OUTPUT: cannot be had again, so it is never written over a file */
	uint64_t min, max; /* value for UINT, bytes for STRING (0: 1,000) and FILE */
	const char *const *choices;
	struct sk_text help;
	const char *meta; /* "N", "DATE", "SRC": shown in usage */
};

struct mg_column {
	const char *key;
	struct sk_text title;
	bool right;   /* align right */
	bool wide;    /* only with --wide, --csv, --json */
	bool is_time; /* JSON value is seconds; shown as local date and time */
	bool is_date;
	bool code;   /* stays as it is, whatever it means to people */
	bool sparse; /* left out (also of CSV) where no row has it */
};

enum mg_flags {
	MG_F_WRITE = 1 << 0,    /* changes something: audited with before and after */
	MG_F_HEAVY = 1 << 1,    /* read-only and slow: answered by a forked child */
	MG_F_FOLLOW = 1 << 2,   /* streams until the client leaves */
	MG_F_DRY_RUN = 1 << 3,  /* knows "dry_run" */
	MG_F_LOCAL = 1 << 4,    /* the CLI alone (help, completion, version) */
	MG_F_LOGS = 1 << 6,     /* reads logs: who read what is itself in the audit log (No.53) */
	MG_F_FAILURES = 1 << 7, /* that it failed is itself in the audit log */
	MG_F_HIDDEN = 1 << 5,   /* for the build: in no help, man page or completion */
};

struct mg_command {
	const char *op; /* "rule.list"; words of the command line split at '.' */
	unsigned roles; /* any of these may */
	unsigned flags;
	struct sk_text help;       /* one line */
	struct sk_text detail;     /* paragraphs for the man page, may be NULL */
	const struct mg_arg *args; /* ends with name NULL; may be NULL */
	/* of its rows; ends with key NULL; NULL: records or text */
	const struct mg_column *columns;
	const char *example; /* for the man page: arguments only */
};

extern const struct mg_command mg_commands[]; /* ends with op NULL, sorted by op */
size_t mg_command_count(void);

const struct mg_command *mg_command_find(const char *op);
/* Types, ranges, required, unknown keys; path is the argument's name. args may be NULL. -EINVAL. */
int mg_command_check_args(const struct mg_command *c, const json_t *args, struct sk_err *err);

const char *mg_role_name(enum mg_role r); /* "requester" … */
const struct sk_text *mg_role_text(enum mg_role r);
int mg_roles_parse(const char *list, unsigned *ret, struct sk_err *err); /* "requester,admin" */
#define MG_ROLES 6 /* mg_role_name(1 << 0) … mg_role_name(1 << 5) */

/* Title of a column or a record's key in any answer; NULL if the table has none. */
const struct sk_text *mg_key_text(const char *key);
/* What a value of that key means ("state" "active" → 有効); NULL if it speaks for itself. */
const struct sk_text *mg_value_text(const char *key, const char *value);
/*
 * Why something was blocked, as a sentence: rule names it where it is known and matters, 0 not. dst
 * (returned) has the code itself where the table does not know it.
 */
const char *mg_reason_text(
	const char *code, uint32_t rule, enum sk_lang lang, char *dst, size_t cap);
/* The same for a blocklist: which, which entry, and the name seen (NULL: as the entry). */
const char *mg_listed_text(
	const char *const what[3], bool monitored, enum sk_lang lang, char *dst, size_t cap);
/* How a key's number is to be shown where no column says it. */
bool mg_key_is_time(const char *key);
/* Where a key stands among the others in a record; -1 if it has no place. */
int mg_key_rank(const char *key);

/* Exit codes of the CLI (DESIGN §7) from a -errno. */
int mg_exit_code(int code);

#endif
