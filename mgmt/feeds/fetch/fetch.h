/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of sekisho-feed: one request is read, its process gives up everything but what this
 * request needs, the source is fetched or read, verified, unpacked, parsed and answered.
 */
#ifndef MG_FEEDS_FETCH_H
#define MG_FEEDS_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "mgmt/feeds/definition.h"
#include "mgmt/feeds/fetch/secrets.h"

#define MG_FETCH_REDIRECTS 5
#define MG_FETCH_FILES 1000 /* of a folder */

/* ---- settings of the process ----
 */
struct mg_fetch_opts {
	const char *ca_file; /* NULL: the system's */
	char *secrets;       /* content of the secrets file, owned; NULL: none */
	bool no_seccomp;
};

/* ---- over the network ----
 */
struct mg_http; /* a connection's state over several URLs with one deadline */

struct mg_http_opts {
	const char *ca_file, *proxy;
	const char *header, *key; /* "Auth-Key" and its value, NULL: none; only to the first host */
	int64_t timeout;          /* seconds for all of it */
};

struct mg_http_result {
	long status;
	bool not_modified;
	char etag[256], last_modified[64]; /* "" if the server gave none */
};

struct mg_http_conditions {
	const char *etag, *last_modified; /* NULL: unconditional */
};

int mg_http_new(struct mg_http **ret, const struct mg_http_opts *o, struct sk_err *err);
void mg_http_free(struct mg_http *h);
/*
 * What url holds into the empty body, whose max is the bound (of what comes over the wire and again
 * of what it decodes to). 0 or -errno with a message for people; result->status is set in any case.
 */
int mg_http_get(struct mg_http *h, const char *url, const struct mg_http_conditions *c,
	struct sk_buf *body, struct mg_http_result *result, struct sk_err *err);

/*
 * What url holds to the end of file fd (borrowed), whose first o->have bytes are there already: the
 * server is asked for the rest, and if it does not know how, all is written anew from the start. At
 * most o->max bytes in all; progress (may be NULL) is told the bytes in the file.
 */
struct mg_http_file {
	int fd;
	int64_t have, max;
	void (*progress)(int64_t now, void *arg);
	void *arg;
};
int mg_http_download(
	struct mg_http *h, const char *url, struct mg_http_file *o, struct sk_err *err);

/* ---- from disk ----
 */
struct mg_local {
	char name[256];
	int fd;
};

struct mg_local_files {
	struct mg_local *v;
	size_t n;
	int checksum, signature; /* -1: none */
};

/* Open a file or all regular files of a folder (no hidden ones), by name. mg_local_close in any
 * case. */
int mg_local_open(struct mg_local_files *f, const struct mg_feed_def *d, struct sk_err *err);
void mg_local_close(struct mg_local_files *f);

/* ---- rights ----
 */
/*
 * For the rest of this process: no new file is written or made, of the file system only what
 * resolving names and checking certificates need is readable (where the kernel has Landlock),
 * memory is bounded, no program is run; without network no socket is made either.
 */
int mg_fetch_confine(const struct mg_fetch_opts *o, bool network, struct sk_err *err);
/* For others that fetch: what they need to read; and load the libraries of the name service. */
extern const char *const mg_fetch_readable[];
void mg_fetch_warm_up(void);

/* ---- a request ----
 */
/* Serve the one request that comes on fd; errors go to the peer. */
void mg_fetch_serve(int fd, const struct mg_fetch_opts *o);

#endif
