/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds that come packed: gzip (RFC 1952) and zip (APPNOTE 6.3.10; its only or first file), each
 * bounded while it is unpacked, so that a bomb costs no more than the bound. Pure.
 */
#ifndef MG_FEEDS_UNPACK_H
#define MG_FEEDS_UNPACK_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/err.h"

/*
 * 0: p is not packed, out is untouched; 1: out (whose max is the bound) holds the content. -EFBIG:
 * larger than that; -EBADMSG: damaged or cut short, or a zip of a kind that is not read; -ENOMEM.
 */
int mg_feed_unpack(const void *p, size_t n, struct sk_buf *out, struct sk_err *err);

#endif
