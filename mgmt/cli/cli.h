/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line `sekisho`: words to a call of the command table, answers to text, CSV or JSON.
 * It decides nothing: what may be done, and by whom, the daemon says.
 */
#ifndef MG_CLI_H
#define MG_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "mgmt/command/command.h"

enum cli_format { CLI_TABLE, CLI_JSON, CLI_CSV };

struct cli_opts {
	enum cli_format format;
	bool wide, help, version;
	enum sk_lang lang;
	const char *socket;
};

/* One parsed command line. cmd NULL: only global options, or a group ("rule") in group. */
struct cli_call {
	const struct mg_command *cmd;
	const char *group;
	json_t *args;     /* owned */
	const char *file; /* path of the FILE or FOLDER argument, borrowed from argv; NULL none */
	size_t file_max;
	bool folder;        /* it may be a folder */
	const char *output; /* of the OUTPUT argument, borrowed */
	bool once;          /* what comes there cannot be had again */
	const char *text;   /* content instead of the file's, borrowed; NULL: the file's */
};

/* -EINVAL with a message for a usage error. *o holds the defaults before the call. */
int cli_parse(int argc, char **argv, struct cli_opts *o, struct cli_call *ret, struct sk_err *err);
void cli_call_done(struct cli_call *c);
/* The nearest command or group to what was typed, or NULL; dst at least 64 bytes. */
const char *cli_suggest(const char *typed, char *dst, size_t cap);
/* The same among the options of c (may be NULL) and the global ones. */
const char *cli_suggest_option(
	const struct mg_command *c, const char *typed, char *dst, size_t cap);
/* How many characters to change, insert or drop (Levenshtein 1966). Long words count as far. */
unsigned cli_distance(const char *a, const char *b);

/* "rule.request" → "rule request"; "nat_to" → "--nat-to". dst at least 64 bytes; returns dst. */
char *cli_words(const char *op, char *dst, size_t cap);
char *cli_option(const char *name, char *dst, size_t cap);
struct cli_global {
	const char *option, *meta;
	struct sk_text help;
};
extern const struct cli_global cli_globals[]; /* ends with option NULL */

void cli_help_all(struct sk_buf *b, enum sk_lang lang);
/* Commands of a group; false if there is none of that name. */
bool cli_help_group(struct sk_buf *b, const char *group, enum sk_lang lang);
void cli_help_command(struct sk_buf *b, const struct mg_command *c, enum sk_lang lang);
void cli_usage(struct sk_buf *b, const struct mg_command *c);
void cli_man(struct sk_buf *b);        /* sekisho.8 in mdoc(7) */
void cli_completion(struct sk_buf *b); /* for bash */

/* The files of a folder and of the folders in it as a ustar archive appended to b (its max is the
 * cap). Links and what is no regular file are passed over. */
int cli_pack(const char *folder, struct sk_buf *b, struct sk_err *err);

/* A passphrase from the terminal (standard input), not shown; twice: until both are the same. */
int cli_ask_secret(bool twice, enum sk_lang lang, struct sk_buf *b, struct sk_err *err);

/* The lines of `secret set`, from the terminal. */
int cli_ask_secrets(
	const char *kind, bool add, enum sk_lang lang, struct sk_buf *b, struct sk_err *err);

/* ---- answers -------------------------------------------------------------------------------- */
struct cli_out;
/* columns: of the terminal, 0 for none. f and notes are borrowed. */
struct cli_out *cli_out_new(FILE *f, FILE *notes, const struct cli_opts *o,
	const struct mg_command *cmd, size_t columns);
void cli_out_free(struct cli_out *out);

/* Where the "file" of an answer goes. */
struct cli_file {
	const char *path;  /* borrowed; NULL: none was named */
	bool once;         /* cannot be had again: a new file, open before anything is asked for */
	int fd;            /* of that, -1 not open */
	bool whole;        /* all of it is there; of one that is had once, on its disk */
	struct sk_err why; /* it is not */
};
/* Before the request. What is had once gets a new file, 0600; -EEXIST: there is one already. */
int cli_file_open(const struct cli_call *c, struct cli_file *ret, struct sk_err *err);
int cli_file_take(struct cli_file *f, const void *p, size_t n); /* 0, -EIO with f->why */
/*
 * The backup key that was written: from now on the gateway locks backups for what is in the file.
 * Its answer is shown. What fails here leaves the file where it is.
 */
int cli_file_use_key(const struct cli_file *f, const struct cli_opts *o, struct cli_out *out,
	struct sk_err *err);
void cli_file_done(struct cli_file *f); /* a new file without all of it goes again */

void cli_out_save(struct cli_out *out, struct cli_file *file); /* borrowed */
/* One DATA body. 0, -EBADMSG, -ENOMEM, -EIO (the file), or -EPIPE when f takes no more. */
int cli_out_data(struct cli_out *out, const json_t *body);
/*
 * After the connection was lost during backup.restore, begun at since: what became of it, from the
 * manager that comes up. 0 with its record shown, or why it was undone.
 */
int cli_await_restore(
	const struct cli_opts *o, int64_t since, struct cli_out *out, struct sk_err *err);
/* What was held back (tables, records). failed: the call ended with an error. */
int cli_out_end(struct cli_out *out, bool failed);

/* A value as one line for people, escapes made visible. col may be NULL. */
void cli_value(struct sk_buf *b, const char *key, const struct mg_column *col, const json_t *v,
	const struct cli_opts *o);
/* A table, each cell within what width leaves (0: no limit). rows: array of objects. */
void cli_table(struct sk_buf *b, const struct mg_column *cols, const json_t *rows,
	const struct cli_opts *o, size_t width);
/* Columns to show: those of cols (may be NULL: the keys of rows) that are wanted. Owned (free). */
struct mg_column *cli_columns(
	const struct mg_column *cols, const json_t *rows, const struct cli_opts *o);
void cli_csv_header(struct sk_buf *b, const struct mg_column *cols, enum sk_lang lang);
void cli_csv_row(struct sk_buf *b, const struct mg_column *cols, const json_t *row,
	const struct cli_opts *o);
void cli_csv_cell(struct sk_buf *b, const char *s);
/* A record as "title: value" lines. */
void cli_record(struct sk_buf *b, const struct mg_command *cmd, const json_t *record,
	const struct cli_opts *o);
/* Put s into b, cut with an ellipsis to at most width columns; returns the columns used. */
size_t cli_put_cut(struct sk_buf *b, const char *s, size_t width);

#endif
