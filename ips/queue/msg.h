/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages of the kernel's packet queue, without its socket. For ips/queue alone. */
#ifndef IPS_QUEUE_MSG_H
#define IPS_QUEUE_MSG_H

#include <linux/netlink.h>
#include <stddef.h>

#include "ips/queue/queue.h"

/* A verdict message at most. */
#define IPS_QUEUE_VERDICT_MAX 48u

/* Whether a whole message is in n bytes (libmnl takes lengths of 2 GiB and more for negative). */
bool ips_queue_msg_ok(const struct nlmsghdr *h, size_t n);

/*
 * What is in a message of the queue: 1: a packet, *ret's views point into h; 0: an error or
 * acknowledgement, its code in *ret_error; -EBADMSG: neither. h is aligned and ips_queue_msg_ok.
 */
int ips_queue_msg_parse(const struct nlmsghdr *h, struct ips_queue_packet *ret, int *ret_error);

/*
 * A verdict on the packet id, or, batch, on it and all before it that have none yet. to has room
 * for IPS_QUEUE_VERDICT_MAX bytes. Returns how many it takes.
 */
uint32_t ips_queue_msg_verdict(
	void *to, uint16_t queue, uint32_t id, const struct ips_queue_verdict *v, bool batch);

#endif
