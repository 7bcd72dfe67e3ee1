/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture files, pcap and pcapng, read with libpcap. Small ones are written by
 * ips/packet/pcapbuf.h.
 */
#ifndef IPS_CAPTURE_H
#define IPS_CAPTURE_H

#include <stddef.h>

#include "ips/packet/decode.h"
#include "lib/err.h"

struct ips_capture;
int ips_capture_open(struct ips_capture **ret, const char *path, struct sk_err *err);
void ips_capture_close(struct ips_capture *c);
enum ips_link ips_capture_link(const struct ips_capture *c);
/* 1: a frame (valid until the next call); 0: end of file; -errno: cut or damaged, with message. */
int ips_capture_next(
	struct ips_capture *c, struct ips_view *ret, uint64_t *ret_ts_us, struct sk_err *err);

/* All capture files at path: itself, or the *.pcap, *.pcapng, *.cap in that folder and below,
 * sorted. */
int ips_capture_list(const char *path, char ***ret, size_t *ret_n, struct sk_err *err);
void ips_capture_list_free(char **list, size_t n);

#endif
