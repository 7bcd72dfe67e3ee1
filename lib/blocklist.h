/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocklist document: what mgmtd made of all feeds and of the allow-list, handed to fwd (which
 * takes the addresses) and ipsd (which takes names, URLs and fingerprints). Text, a line an entry:
 *
 *   {"format":"sekisho-blocklist","version":1,"generation":7,"feeds":[{"name":"a","block":true}]}
 *   4 203.0.113.0/24 0
 *   s bad.example 0
 *   d good.bad.example -
 *   {"end":{"entries":3,"sha256":"hex of every byte before this line"}}
 *
 * Kind, value in its canonical form, index of the feed, "-" for an entry of the allow-list. Each
 * (kind, value) stands at most once for a feed and once as allowed; the lines are sorted by kind,
 * then addresses by first and last number, all else by bytes, then by feed with "-" last. Pure; the
 * caller reads and writes the bytes.
 */
#ifndef SK_BLOCKLIST_H
#define SK_BLOCKLIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

#define SK_BL_VERSION 1
#define SK_BL_FEEDS_MAX 256
#define SK_BL_NAME_MAX 48            /* of a feed, with its NUL */
#define SK_BL_VALUE_MAX 2048         /* bytes of one value; URLs are the longest */
#define SK_BL_ENTRIES_MAX 8000000u   /* of a document */
#define SK_BL_BYTES_MAX (512u << 20) /* likewise */
#define SK_BL_ALLOW UINT16_MAX       /* in place of a feed: the entry is allowed */

enum sk_bl_kind {
	SK_BL_ADDR4,  /* '4': address, prefix or "lo-hi" */
	SK_BL_ADDR6,  /* '6' */
	SK_BL_DOMAIN, /* 'd': this name alone */
	SK_BL_SUFFIX, /* 's': this name and all below it */
	SK_BL_URL,    /* 'u': "host/path?query" without scheme, user and fragment, the host in lower
			 case */
	SK_BL_JA3,    /* 'j': MD5, 32 hex digits */
	SK_BL_JA4,    /* 'k': as FoxIO writes it, "t13d1516h2_8daaf6152771_e5627efa2ab1" */
	SK_BL_CERT,   /* 'c': SHA-1 or SHA-256 of the DER form, 40 or 64 hex digits */
	SK_BL_KINDS
};
char sk_bl_kind_char(enum sk_bl_kind k);
const char *sk_bl_kind_name(
	enum sk_bl_kind k); /* "ipv4" "ipv6" "domain" "suffix" "url" "ja3" "ja4" "certificate" */
int sk_bl_kind_parse(const char *name, enum sk_bl_kind *ret); /* 0 or -EINVAL */

struct sk_bl_entry {
	enum sk_bl_kind kind;
	uint16_t feed;     /* or SK_BL_ALLOW */
	const char *value; /* borrowed, not terminated */
	size_t len;
	unsigned __int128 lo, hi; /* of addresses, host order, inclusive */
};

/*
 * Bring a value that came from outside into its canonical form in dst (cap ≥ SK_BL_VALUE_MAX + 1):
 * names in lower case without trailing dot, internationalised ones as they are (A-labels); hex in
 * lower case; a single address without "/32", a range that is a prefix as one. Length in dst, or
 * -EINVAL: no such value. Names have two labels or more.
 */
int sk_bl_canonical(enum sk_bl_kind k, const char *s, size_t n, char *dst, size_t cap);
/* A canonical address value as numbers. 0 or -EINVAL. */
int sk_bl_range(enum sk_bl_kind k, const char *s, size_t n, unsigned __int128 *ret_lo,
	unsigned __int128 *ret_hi);
/* lo to hi in canonical form; the length. dst: 96 bytes are enough. */
int sk_bl_range_text(
	enum sk_bl_kind k, unsigned __int128 lo, unsigned __int128 hi, char *dst, size_t cap);
/* What a person typed: guess its kind (address, URL, name: as exact name, hash by its length). */
int sk_bl_guess(const char *s, enum sk_bl_kind *ret);

/* ---- reading ---- */
struct sk_bl_feed {
	char name[SK_BL_NAME_MAX];
	bool block; /* else only reported */
};

struct sk_bl_head {
	uint64_t generation;
	struct sk_bl_feed feeds[SK_BL_FEEDS_MAX];
	size_t n_feeds;
	json_t *json; /* the whole first line; owned */
	size_t entries;
	char sha256[65];
};
void sk_bl_head_done(struct sk_bl_head *h);

/*
 * Check all of a document (form, order, values, count, hash), calling fn (may be NULL) for each
 * entry; fn returning < 0 ends it with that. On failure err.path is "line[17]" and what fn was told
 * must be thrown away. *ret is filled before the first call of fn, but for the hash.
 */
int sk_bl_parse(const void *p, size_t n, struct sk_bl_head *ret,
	int (*fn)(const struct sk_bl_entry *e, void *arg), void *arg, struct sk_err *err);

/* ---- writing ---- */
struct sk_bl_writer {
	struct sk_buf *b;
	size_t entries;
};
/* head: an object with "generation" and "feeds"; format and version are added. */
int sk_bl_write_begin(struct sk_bl_writer *w, struct sk_buf *b, const json_t *head);
/* In order; the value is canonical. */
void sk_bl_write(
	struct sk_bl_writer *w, enum sk_bl_kind k, const char *value, size_t len, uint16_t feed);
int sk_bl_write_end(struct sk_bl_writer *w, char ret_sha256[65]);

#endif
