/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a fetched list fit to be used? It is held against its last version, the allow-list, this
 * site's own networks and what this site talks to. Single impossible entries are left out; a list
 * that has too much wrong with it is refused as a whole, and the last good one stays. Pure.
 */
#ifndef MG_FEEDS_CHECK_H
#define MG_FEEDS_CHECK_H

#include "lib/blocklist.h"
#include "lib/err.h"
#include "mgmt/feeds/list.h"

#define MG_CHECK_REASONS 8
#define MG_CHECK_EXAMPLES 10
#define MG_CHECK_TEXT 96 /* bytes of an example, cut */

struct mg_check_limits {
	/* in percent: unreadable lines, entries left out, entries lost */
	unsigned errors, bad, loss;
	unsigned growth;         /* times as many entries as before */
	unsigned hits;           /* new entries that are allowed or that this site talks to */
	unsigned width4, width6; /* prefixes wider than that are left out */
	unsigned cover;          /* percent of all addresses that a list may cover as a whole */
	bool block;              /* the feed blocks: hits refuse it, else they are only counted */
	uint64_t room;           /* entries that fit beside all other feeds */
};

struct mg_check_net {
	enum sk_bl_kind kind;
	unsigned __int128 lo, hi;
};

/* Why an entry is left out. */
enum mg_check_fault {
	MG_CHECK_OK,
	MG_CHECK_RESERVED,   /* private, loopback, multicast …: RFC 6890 */
	MG_CHECK_OWN,        /* this site's own */
	MG_CHECK_WIDE,       /* wider than the limits; a name such as co.jp with all below it */
	MG_CHECK_EVERYTHING, /* 0.0.0.0/0: never one entry's mistake, the list is refused */
	MG_CHECK_FAULTS
};
const struct sk_text *mg_check_fault_text(enum mg_check_fault f);

struct mg_check_in {
	struct mg_check_limits limits;
	const void *before; /* the list in use; NULL: there is none */
	size_t before_n;
	const void *allow; /* the allow-list as a list; NULL: empty */
	size_t allow_n;
	const struct mg_check_net *own;
	size_t n_own;
	/* Does this site talk to what e covers? NULL: nothing is known. */
	bool (*contacted)(const struct mg_list_entry *e, void *arg);
	void *arg;
};

struct mg_check_example {
	char text[MG_CHECK_TEXT];
	enum mg_check_fault fault; /* MG_CHECK_OK: a hit: */
	bool allowed;              /* on the allow-list; else this site talks to it */
};

struct mg_check_result {
	bool accept;
	uint64_t entries; /* that stay */
	uint64_t before, added, removed, left_out, faults[MG_CHECK_FAULTS];
	uint64_t allow_hits, contact_hits; /* of the added ones */
	uint64_t lines, errors;
	unsigned __int128 cover4, cover6;        /* addresses that stay, each counted once */
	struct sk_err reasons[MG_CHECK_REASONS]; /* why it is refused */
	size_t n_reasons;
	struct mg_check_example examples[MG_CHECK_EXAMPLES];
	size_t n_examples;
};

/*
 * ret->accept says whether it may be used. -EINVAL: staged itself is no list (err.path is the
 * line); a damaged list in use counts as none. -ENOMEM.
 */
int mg_check(const struct mg_check_in *in, const void *staged, size_t n,
	struct mg_check_result *ret, struct sk_err *err);
/* What is wrong with an entry in itself. */
enum mg_check_fault mg_check_entry(const struct mg_check_in *in, const struct mg_list_entry *e);

#endif
