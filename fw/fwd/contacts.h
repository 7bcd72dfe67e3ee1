/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom devices inside talk to outside: pairs of addresses, counted in a bounded table and told as
 * "contact" events, a new pair soon, a known one once an hour. Pure.
 */
#ifndef FW_FWD_CONTACTS_H
#define FW_FWD_CONTACTS_H

#include "fw/policy/policy.h"
#include "lib/buf.h"

#define FWD_CONTACTS_CAP 32768
#define FWD_CONTACTS_AGAIN_US 3600000000ll

struct fwd_contacts;

struct fwd_contacts *fwd_contacts_new(size_t cap, const uint8_t seed[16]); /* NULL: no memory */
void fwd_contacts_free(struct fwd_contacts *c);
/* A connection from src to dst. Beyond the cap it is counted as left out. */
void fwd_contacts_see(
	struct fwd_contacts *c, const struct fw_ip *src, const struct fw_ip *dst, int64_t now_us);
/* The same of a connection that is there, however long: counted only if the pair is not known. */
void fwd_contacts_there(
	struct fwd_contacts *c, const struct fw_ip *src, const struct fw_ip *dst, int64_t now_us);
/*
 * Tell what is due, a bounded number at once: fn gets whole events. Pairs that were told and not
 * seen for an hour leave the table; when it is nearly full, all that have nothing to tell.
 */
void fwd_contacts_tell(struct fwd_contacts *c, int64_t now_us,
	void (*fn)(const char *text, size_t len, void *arg), void *arg);

struct fwd_contacts_stat {
	size_t pairs;
	uint64_t left_out; /* connections for which there was no room */
};
void fwd_contacts_stat(const struct fwd_contacts *c, struct fwd_contacts_stat *ret);

/* Is a connection of this record one to the outside? false for built-ins and unknown numbers. */
bool fwd_contacts_wanted(const struct fw_policy *p, uint32_t number);

#endif
