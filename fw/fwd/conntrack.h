/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's connections: list them, end them. Adapter over libnetfilter_conntrack; synchronous.
 */
#ifndef FW_FWD_CONNTRACK_H
#define FW_FWD_CONNTRACK_H

#include "fw/fwd/cut.h"

struct fwd_ct;

int fwd_ct_open(struct fwd_ct **ret, struct sk_err *err);
void fwd_ct_close(struct fwd_ct *ct);

/* End every connection for which decide says so; *ret_cut: how many there were. */
int fwd_ct_cut(struct fwd_ct *ct, bool (*decide)(const struct fwd_conn *conn, void *arg), void *arg,
	size_t *ret_cut, struct sk_err *err);

struct fwd_ct_row {
	struct fwd_conn conn;
	uint16_t sport;
	uint64_t packets, bytes; /* both directions; 0 where the kernel does not count */
};

/* Call fn for every connection of a record; fn returning false ends the list. */
int fwd_ct_list(struct fwd_ct *ct, bool (*fn)(const struct fwd_ct_row *row, void *arg), void *arg,
	struct sk_err *err);

#endif
