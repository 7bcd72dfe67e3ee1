/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a feed is: where it comes from, how it is written, what its licence allows and how often it
 * may be fetched. One JSON object, from configs/feeds/, from the registry or from a person; read
 * and checked here, so that everybody refuses the same things with the same words. Pure.
 */
#ifndef MG_FEEDS_DEFINITION_H
#define MG_FEEDS_DEFINITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/blocklist.h"
#include "lib/err.h"

#define MG_FEED_NAME_MAX SK_BL_NAME_MAX /* with its NUL */
#define MG_FEED_URL_MAX 1024
#define MG_FEED_KEY_MARK "{key}" /* in a URL: replaced by the feed's secret */
#define MG_FEED_INTERVAL_MIN 60
#define MG_FEED_INTERVAL_MAX (31 * 86400)
#define MG_FEED_BYTES_MAX (512u << 20)
#define MG_FEED_ENTRIES_MAX 4000000u
#define MG_FEED_TIMEOUT_MAX 600

enum mg_feed_format {
	MG_FF_ADDRESSES,     /* addresses, prefixes, ranges, a line each; comments */
	MG_FF_SPAMHAUS_DROP, /* "192.0.2.0/24 ; SBL1" */
	MG_FF_SPAMHAUS_JSON, /* {"cidr":…,"sblid":…} lines, a last one with their number */
	MG_FF_FEODO_CSV,     /* abuse.ch Feodo Tracker */
	MG_FF_FEODO_JSON,
	MG_FF_URLHAUS_CSV,   /* abuse.ch URLhaus; its host file is MG_FF_HOSTS */
	MG_FF_THREATFOX_CSV, /* abuse.ch ThreatFox */
	MG_FF_THREATFOX_JSON,
	MG_FF_SSLBL_JA3, /* abuse.ch SSLBL */
	MG_FF_SSLBL_CERT,
	MG_FF_SSLBL_IP,
	MG_FF_HOSTS,   /* hosts(5) */
	MG_FF_DOMAINS, /* a name a line; "*.name" and ".name" too */
	MG_FF_URLS,    /* a URL a line */
	MG_FF_RPZ,     /* a response policy zone as a master file (RFC 1035, 5) */
	MG_FF_STIX,    /* a STIX 2.1 bundle */
	MG_FF_MISP,    /* a MISP event, or a MISP feed's manifest.json */
	MG_FF_IPREP,   /* Suricata: "address,category,score" */
	MG_FF_DATASET, /* Suricata: one value a line, see the options */
	MG_FF_COUNT
};
const char *mg_feed_format_name(enum mg_feed_format f); /* "addresses", "spamhaus-drop", … */
int mg_feed_format_parse(const char *name, enum mg_feed_format *ret); /* 0 or -EINVAL */
const struct sk_text *mg_feed_format_text(enum mg_feed_format f);     /* for people */

/* May a company use it? Only MG_COMPANIES_YES may come enabled. */
enum mg_feed_companies {
	MG_COMPANIES_YES,
	MG_COMPANIES_REGISTRATION, /* after registering with the publisher */
	MG_COMPANIES_ASK,          /* the publisher must be asked, or paid */
	MG_COMPANIES_NO,
};
const char *mg_feed_companies_name(enum mg_feed_companies c);
const struct sk_text *mg_feed_companies_text(enum mg_feed_companies c);

enum mg_feed_signature { MG_SIG_NONE, MG_SIG_MINISIGN, MG_SIG_ED25519 };

/* Strings point into json; those that may be missing are NULL then. */
struct mg_feed_def {
	json_t *json; /* the whole of it; owned */
	const char *name;
	struct sk_text title;
	const char *kind; /* "address", "name", "url", "fingerprint" or "mixed": for people */
	const char *url;  /* https://…, or NULL: */
	const char *path; /* a file, or a folder of them */
	enum mg_feed_format format;
	/* options */
	bool suffix;          /* of domains: names below are meant, too */
	int64_t min_score;    /* iprep, threatfox: score or confidence of at least that */
	json_t *categories;   /* iprep: numbers; NULL: all */
	const char *type;     /* dataset: string, md5, sha256, ipv4, ip */
	enum sk_bl_kind as;   /* dataset of strings or hashes: what they are */
	int64_t days, events; /* misp manifest: events changed since so many days, at most so many
			       */
	struct {
		const char *name, *url;
		struct sk_text note;
		enum mg_feed_companies companies;
	} licence;
	int64_t interval, jitter, timeout; /* seconds */
	uint64_t max_bytes;                /* fetched, and again when unpacked */
	uint64_t max_entries;
	const char *api_key_header; /* its value is the feed's secret; NULL: none */
	bool wants_key;             /* by header or in the URL */
	const char *proxy;          /* http://host:port, NULL: none */
	const char *sha256;         /* the content's, lower case; NULL: */
	const char *sha256_at;      /* a URL or path, "hash  name" or the hash alone; NULL: none */
	enum mg_feed_signature signature;
	const char *signature_key; /* base64 */
	const char *signature_at;  /* URL or path */
	bool block;                /* mode; else monitor */
	bool enabled;
};

/*
 * v is borrowed; a deep copy is kept. -EINVAL with the field's path. Unknown keys are refused.
 * mg_feed_def_done in any case (ret is filled with zeros first).
 */
int mg_feed_def_parse(struct mg_feed_def *ret, const json_t *v, struct sk_err *err);
int mg_feed_def_parse_text(struct mg_feed_def *ret, const char *s, size_t n, struct sk_err *err);
void mg_feed_def_done(struct mg_feed_def *d);

/* 1 to 47 of a-z, 0-9, "-"; a letter first; not "local" and "allow", which are ours. */
bool mg_feed_name_valid(const char *name);
/* A MISP feed: the URL is that of its manifest, the events lie beside it. */
bool mg_feed_is_manifest(const struct mg_feed_def *d);
/* "https://host…" without user and password, of at most MG_FEED_URL_MAX bytes. */
int mg_feed_url_check(const char *url, struct sk_err *err);

/*
 * When to fetch next: interval after the last success, or after `failed` failures in a row a wait
 * that doubles from 5 minutes to the interval (at most a day), and up to jitter seconds more, taken
 * from `random`.
 */
int64_t mg_feed_next(const struct mg_feed_def *d, int64_t now, unsigned failed, uint64_t random);

#endif
