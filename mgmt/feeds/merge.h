/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All accepted lists, the site's own entries and the allow-list merged into the blocklist document
 * (lib/blocklist.h). Of a value that several feeds have, a feed that blocks goes before one that
 * only reports, and then the one that comes first. Pure.
 */
#ifndef MG_FEEDS_MERGE_H
#define MG_FEEDS_MERGE_H

#include "lib/blocklist.h"
#include "lib/buf.h"
#include "lib/err.h"

/* A list as mgmt/feeds/list.h writes it, borrowed. */
struct mg_merge_feed {
	const char *name;
	bool block;
	const void *p; /* NULL: it has none yet; its name is in the document all the same */
	size_t n;
};

struct mg_merge_in {
	const struct mg_merge_feed *feeds; /* in their order */
	size_t n_feeds;
	const void *allow; /* a list, too; NULL: empty */
	size_t allow_n;
	const json_t *head; /* further keys of the document's first line; NULL: none */
	uint64_t generation;
	uint64_t max_entries;
};

struct mg_merge_stat {
	uint64_t entries, allowed, doubles; /* doubles: of a value that an earlier feed has */
	uint64_t by_kind[SK_BL_KINDS];
	char sha256[65];  /* of the document */
	char content[65]; /* of all in it but the generation: the same content, the same hash */
	size_t bad;       /* after -EINVAL: index of the feed at fault; n_feeds: the allow-list */
};

/* The place that feed i has in the document: those that block come first. */
size_t mg_merge_index(const struct mg_merge_in *in, size_t i);

/*
 * Append the document to out. -EINVAL: a list is damaged (ret->bad says whose, err.path the line);
 * -ENOSPC: more than max_entries; -ENOMEM. On failure out holds nothing of use.
 */
int mg_merge(const struct mg_merge_in *in, struct sk_buf *out, struct mg_merge_stat *ret,
	struct sk_err *err);
/* The content hash of a document that was merged earlier and was read whole. -EINVAL, -ENOMEM. */
int mg_merge_content(const void *doc, size_t n, char ret[65]);

#endif
