/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody asks `why` about, and whether an entry of a blocklist covers it. Pure.
 */
#ifndef MG_WHY_SUBJECT_H
#define MG_WHY_SUBJECT_H

#include "mgmt/feeds/list.h"

struct mg_subject {
	enum sk_bl_kind
		kind; /* an address or network, DOMAIN, SUFFIX ("*.name"), URL, fingerprint */
	char value[SK_BL_VALUE_MAX + 1]; /* canonical */
	size_t len;
	unsigned __int128 lo, hi; /* of addresses */
	/* Of a URL, where it leads: a name (DOMAIN) or an address, without its port. */
	enum sk_bl_kind host_kind;
	char host[256];
	size_t host_len; /* 0: none */
	unsigned __int128 host_addr;
};
/* -EINVAL with path "subject": neither address, network, name, URL nor fingerprint. */
int mg_subject_parse(struct mg_subject *s, const char *typed, struct sk_err *err);

enum mg_subject_hit {
	MG_HIT_NONE,
	MG_HIT_NEAR, /* a URL on the host, a name below it, an address within the network asked for
		      */
	MG_HIT_COVERS,
};
enum mg_subject_hit mg_subject_hit(const struct mg_subject *s, const struct mg_list_entry *e);

/* The subject as an entry that covers whatever of contacts is about it; a URL by its host. */
void mg_subject_entry(const struct mg_subject *s, struct sk_bl_entry *ret);
/* Its address if it is a single one, or leads to one: text of INET6_ADDRSTRLEN bytes. */
bool mg_subject_address(const struct mg_subject *s, char *ret);

#endif
