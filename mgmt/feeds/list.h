/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical list of one feed, which sekisho-feed makes and mgmtd keeps as a file. Text, fields
 * separated by tabs:
 *
 *   {"entries":1,"errors":0,"feed":"drop","fetched":1764500000,"format":"sekisho-feed-list",…}
 *   4	203.0.113.0/24	1764400000	SBL1
 *   {"end":{"entries":1,"sha256":"hex of every byte before this line"}}
 *
 * Kind, canonical value (lib/blocklist.h), when this feed first had it (seconds), and a note, which
 * may be empty. Sorted as in the blocklist document, each value once. Pure. The reader trusts
 * nobody: what it hands out is canonical, in order and once.
 */
#ifndef MG_FEEDS_LIST_H
#define MG_FEEDS_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/blocklist.h"
#include "lib/buf.h"
#include "lib/err.h"

#define MG_LIST_VERSION 1
#define MG_LIST_NOTE_MAX 160           /* bytes of a note, UTF-8 without control characters */
#define MG_LIST_BYTES_MAX (512u << 20) /* of a file */

struct mg_list_entry {
	enum sk_bl_kind kind;
	const char *value, *note; /* borrowed, not terminated */
	size_t len, note_len;
	int64_t since;
	unsigned __int128 lo, hi; /* of addresses, inclusive */
};

/* By kind, addresses by number (first, then last), all else by bytes: <0, 0 the same, >0. */
int mg_list_cmp(const struct mg_list_entry *a, const struct mg_list_entry *b);

/* ---- reading ---- */
struct mg_list_head {
	char feed[SK_BL_NAME_MAX];
	int64_t fetched;
	uint64_t entries, lines, errors, ignored; /* lines of the source */
	json_t *json;                             /* the first line; owned */
};
void mg_list_head_done(struct mg_list_head *h);

/* One entry after the other, for merging. The bytes are borrowed until mg_list_close. */
struct mg_list_reader;
int mg_list_open(struct mg_list_reader **ret, const void *p, size_t n, struct sk_err *err);
const struct mg_list_head *mg_list_head(const struct mg_list_reader *r);
/*
 * 1 with an entry; 0 after the last, when count and hash were right; -EINVAL with err.path
 * "line[17]": nothing of this list may be used. The hash is known only at the end: read a list once
 * as a whole (mg_list_check) before acting on single entries of it.
 */
int mg_list_next(struct mg_list_reader *r, struct mg_list_entry *ret, struct sk_err *err);
void mg_list_close(struct mg_list_reader *r);

/* All of it; fn (may be NULL) returning < 0 ends it with that. ret (may be NULL): done by caller.
 */
int mg_list_check(const void *p, size_t n, struct mg_list_head *ret,
	int (*fn)(const struct mg_list_entry *e, void *arg), void *arg, struct sk_err *err);
/* The hash in the last line, without checking anything; -EINVAL if there is none. */
int mg_list_sha256(const void *p, size_t n, char ret[65]);

struct mg_list_diff {
	uint64_t added, removed, kept;
};
/* Two versions in one pass; before may be NULL: all are added. fn may be NULL. */
int mg_list_compare(struct mg_list_reader *before, struct mg_list_reader *after,
	struct mg_list_diff *ret, int (*fn)(const struct mg_list_entry *e, bool added, void *arg),
	void *arg, struct sk_err *err);

/* ---- writing ---- */
struct mg_list_builder;
struct mg_list_builder *mg_list_builder_new(size_t max_entries); /* NULL: no memory */
void mg_list_builder_free(struct mg_list_builder *b);
/*
 * A canonical value, in any order; of one given twice the first stays. Control characters in the
 * note become blanks, what is too long is cut. -ENOSPC beyond max_entries, -ENOMEM.
 */
int mg_list_add(struct mg_list_builder *b, const struct mg_list_entry *e);
size_t mg_list_builder_count(const struct mg_list_builder *b); /* with doubles */

struct mg_list_meta {
	const char *feed;
	int64_t fetched;
	uint64_t lines, errors, ignored;
	/* The version before, from which `since` is kept; NULL: there is none. A damaged one is
	 * passed over. */
	const void *previous;
	size_t previous_len;
};
/* Append the file to out. by_kind: unique entries of each kind. */
int mg_list_write(struct mg_list_builder *b, const struct mg_list_meta *m, struct sk_buf *out,
	uint64_t by_kind[SK_BL_KINDS], struct sk_err *err);
/*
 * list with the times of its entries as previous has them, appended to out: for a list that was
 * made without (feed.parse). -EINVAL if list is none; a damaged previous is passed over.
 */
int mg_list_inherit(const struct sk_buf *list, const struct sk_buf *previous, struct sk_buf *out,
	struct sk_err *err);

#endif
