/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpcap on one interface: frames that tell something of their senders come in (what goes out is
 * not seen), forged ones go out. Called by sensor.c only.
 */
#ifndef NAC_DISCOVER_CAPTURE_H
#define NAC_DISCOVER_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "nac/observe/watch.h"

struct nac_capture;

/*
 * sampled: a power of two; of the frames the filter does not want, one in so many is taken as well,
 * so that a device that only sends to addresses it knows is seen too. -ENODEV, -ENETDOWN, -EPERM…
 */
int nac_capture_open(
	const char *ifname, uint32_t sampled, struct nac_capture **ret, struct sk_err *err);
void nac_capture_close(struct nac_capture *c);
int nac_capture_fd(const struct nac_capture *c);

/* At most max frames that are there. Their number, or -errno: the interface is gone or down. */
int nac_capture_read(struct nac_capture *c, int max,
	void (*fn)(void *arg, const uint8_t *p, size_t len, int64_t ts_us), void *arg);
int nac_capture_send(struct nac_capture *c, const uint8_t *p, size_t len);
uint64_t nac_capture_dropped(struct nac_capture *c);

/* The interface's MAC and addresses. -ENODEV: it is not there or has no MAC. */
int nac_capture_self(const char *ifname, struct nac_mac *ret_mac, struct nac_own own[NAC_OWN_MAX],
	size_t *ret_n);

#endif
