/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this site talks to: remote addresses and names, by which device of ours, when. Kept for a
 * little over 30 days in a bounded SQLite file of its own, so that a new blocklist can be held
 * against it before it blocks anything, and `why` can say who was in touch. Written by mgmtd alone,
 * from "contact" events of fwd and ipsd; everybody else loads or asks by path, read-only.
 */
#ifndef MG_CONTACTS_H
#define MG_CONTACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/blocklist.h"

#define MG_CONTACTS_FILE "contacts.db" /* in mgmtd's state directory */
#define MG_CONTACTS_DAYS 30            /* asked about; kept one day longer */
#define MG_CONTACTS_ROWS 500000        /* beyond, the longest unseen go */

/* ---- writing: mgmtd ---- */
struct mg_contacts;

/* Open or create. A damaged file is set aside and begun anew (it is a memory, not a record). */
int mg_contacts_open(struct mg_contacts **ret, const char *path, struct sk_err *err);
void mg_contacts_close(struct mg_contacts *c);

/*
 * Take the "contact" events out of a batch into the store, one transaction; all other events are
 * left alone. What is no valid contact in them is counted and skipped. 0 or -errno (nothing taken).
 */
int mg_contacts_take(struct mg_contacts *c, const json_t *events, int64_t now, struct sk_err *err);
/* Hourly: rows unseen for longer than MG_CONTACTS_DAYS + 1 go, and those beyond the limit. */
int mg_contacts_maintain(struct mg_contacts *c, int64_t now, struct sk_err *err);

struct mg_contacts_stat {
	uint64_t rows;
	uint64_t taken, strange; /* since the start; strange: were no contacts */
};
void mg_contacts_stat(const struct mg_contacts *c, struct mg_contacts_stat *ret);

/* ---- a snapshot in memory, for many look-ups: the check of a fetched list ---- */
struct mg_contacts_set;

/* All that was seen since (seconds). A file that does not exist is an empty set. */
int mg_contacts_load(
	struct mg_contacts_set **ret, const char *path, int64_t since, struct sk_err *err);
void mg_contacts_unload(struct mg_contacts_set *s);
size_t mg_contacts_count(const struct mg_contacts_set *s); /* different addresses and names */

struct mg_contacts_hit {
	size_t contacts; /* addresses or names of ours that the entry covers */
	/* the one seen most recently: */
	char value[254]; /* its text */
	uint64_t count;  /* connections or questions */
	uint32_t devices, days;
	int64_t last; /* seconds */
};
/*
 * Does the entry cover anything of the set? Addresses by range, a domain by name, a suffix by the
 * name and all below it. URLs and fingerprints never do: the host they are on is no part of them.
 * kind and value (canonical) as in the blocklist document, lo and hi of addresses. ret may be NULL.
 * O(log n) and what it covers.
 */
bool mg_contacts_hit(
	const struct mg_contacts_set *s, const struct sk_bl_entry *e, struct mg_contacts_hit *ret);

/* ---- single questions: `why` ---- */
struct mg_contact {
	enum sk_bl_kind kind; /* SK_BL_ADDR4, SK_BL_ADDR6, SK_BL_DOMAIN */
	const char *value;    /* text, borrowed */
	const char *device;   /* its address, text, borrowed */
	int64_t first, last;  /* seconds */
	uint32_t days;        /* different days */
	uint64_t count;
};
/* Those that e covers, most recently seen first, at most limit. fn non-zero stops. */
int mg_contacts_each(const char *path, const struct sk_bl_entry *e, size_t limit,
	int (*fn)(const struct mg_contact *c, void *arg), void *arg, struct sk_err *err);

#endif
