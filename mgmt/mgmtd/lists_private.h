/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lists.c, listfetch.c, listjob.c and listpush.c share; nobody else includes it. */
#ifndef MG_LISTS_PRIVATE_H
#define MG_LISTS_PRIVATE_H

#include "mgmt/mgmtd/lists.h"

#define MG_LISTFETCHES 4 /* at once, those that wait for their check included */
#define MG_LIST_DOC "blocklist.doc"
#define MG_LIST_DOC_MAX SK_BL_BYTES_MAX

enum mg_listfetch_state {
	MG_LISTFETCH_FREE,
	MG_LISTFETCH_ASKING,
	MG_LISTFETCH_WAITING,
	MG_LISTFETCH_CHECKING
};

struct sk_oneshot_call;

struct mg_listfetch {
	struct mg_lists *l;
	enum mg_listfetch_state state;
	char feed[SK_BL_NAME_MAX];
	struct sk_oneshot_call *call; /* to sekisho-feed, NULL: none */
	int list;                     /* memfd, -1 none */
	json_t *end;                  /* sekisho-feed's last word */
	bool upload;
};

struct mg_push {
	struct mg_lists *l;
	const char *op, *name;
	char theirs[65];  /* the document it uses, as far as known */
	char refused[65]; /* the one it refused */
	struct sk_err why;
	int fd; /* of the request under way */
	sd_event_source *io;
	int64_t sent_at, not_before, taken_at;
};

struct mg_lists {
	struct mg_daemon *d;
	bool dirty;
	char stamp[65]; /* of what the last document was made from */
	int64_t wake;   /* when the next feed is due */
	struct mg_listfetch fetches[MG_LISTFETCHES];
	/* the forked child's job */
	bool child; /* it is there, also once it has answered */
	int job_fd; /* -1: nothing is to be answered */
	sd_event_source *job_io;
	struct mg_listfetch *checking; /* NULL: it merges */
	int64_t job_since, retry_at;   /* retry_at: when a merge that failed is tried again */
	char next_stamp[65];
	/* the document */
	int doc;                      /* sealed memfd, -1 none */
	uint64_t generation, entries; /* of the document */
	uint64_t used;                /* the highest generation anybody has seen */
	uint64_t next_generation;     /* of the job under way */
	char sha256[65], content[65];
	struct sk_err why; /* it could not be made */
	struct mg_push push[MG_LISTS_TARGETS];
	/* since the last minute, by feed */
	struct mg_list_hits {
		char feed[SK_BL_NAME_MAX];
		int64_t hits, would;
	} hits[SK_BL_FEEDS_MAX];
	size_t n_hits;
	int64_t minute;
};

/* lists.c */
void mg_lists_go_on(struct mg_lists *l); /* whatever can be begun now */
/* What became of a fetch: sekisho-feed's answer has come, or err says why not. */
void mg_lists_fetched(
	struct mg_lists *l, struct mg_listfetch *f, int code, const struct sk_err *err);
void mg_lists_checked(struct mg_lists *l, struct mg_listfetch *f, const json_t *answer, int code,
	const struct sk_err *err);
void mg_lists_damaged(struct mg_lists *l, const char *name);
void mg_lists_report(struct mg_lists *l, json_t *sekisho); /* an event; stolen */
/* listlearn.c: what the engine's events say of learned addresses goes where it belongs */
void mg_lists_learned(struct mg_lists *l, const json_t *events);

/* listseed.c */
int mg_lists_seed(struct mg_daemon *d, struct sk_err *err);
/* listevents.c: into the registry */
void mg_lists_flush_hits(struct mg_lists *l, int64_t now);

/* listfetch.c */
int mg_listfetch_start(
	struct mg_lists *l, const struct mg_feed *f, int64_t now, struct sk_err *err);
int mg_listfetch_parse(
	struct mg_lists *l, const struct mg_feed *f, const void *p, size_t n, struct sk_err *err);
struct mg_listfetch *mg_listfetch_of(
	struct mg_lists *l, const char *feed); /* NULL: none under way */
void mg_listfetch_done(struct mg_listfetch *f);

/* listjob.c */
int mg_job_check(struct mg_lists *l, struct mg_listfetch *f, struct sk_err *err);
int mg_job_merge(struct mg_lists *l, struct sk_err *err);
void mg_job_end(struct mg_lists *l);
void mg_job_tick(struct mg_lists *l, int64_t now);
int mg_job_load(struct mg_lists *l, struct sk_err *err); /* the document of the last run */

/* listpush.c */
void mg_push_init(struct mg_lists *l);
void mg_push_done(struct mg_lists *l);
void mg_push_tick(struct mg_lists *l, int64_t now);

#endif
