/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One NFQUEUE (linux/netfilter/nfnetlink_queue.h) for one worker: whole super-packets in, verdicts
 * out in batches. No allocation per packet; the receive buffers are the packets' only home. Needs
 * CAP_NET_ADMIN, for verdicts too. When the queue is closed, or its process ends, the kernel drops
 * what waits in it; what comes later goes as the rule says.
 */
#ifndef IPS_QUEUE_H
#define IPS_QUEUE_H

#include "ips/packet/packet.h"
#include "lib/err.h"

struct ips_queue;
struct ips_queue_config {
	uint16_t number;
	uint32_t max_len; /* packets the kernel keeps for us */
	uint32_t rcvbuf;  /* socket buffer, bytes */
	bool full_accept; /* queue full: accept (NFQA_CFG_F_FAIL_OPEN), else drop */
};
struct ips_queue_packet {
	uint32_t id;
	uint32_t len; /* of the packet; the kernel hands over 65,531 bytes of it at most */
	uint32_t mark;
	uint32_t in_dev, out_dev;
	const uint8_t *hw_src; /* 6 bytes or NULL */
	uint64_t ts_us;        /* 0: none given */
	struct ips_view frame; /* from the IP header on; shorter than len: cut, see stats */
	bool gso, csum_not_ready;
};
int ips_queue_open(struct ips_queue **ret, const struct ips_queue_config *cfg, struct sk_err *err);
void ips_queue_close(struct ips_queue *q);
int ips_queue_fd(const struct ips_queue *q);

struct ips_queue_verdict {
	bool drop;
	bool set_mark;
	uint32_t mark;
};
/*
 * Take up to budget packets that wait (non-blocking), hand each to fn in order, send the verdicts,
 * of each handful together. Returns how many (0: none waited), or -errno: the queue is lost. fn
 * gets *v zeroed: accept, mark unchanged.
 */
int ips_queue_run(struct ips_queue *q, unsigned budget,
	void (*fn)(const struct ips_queue_packet *p, struct ips_queue_verdict *v, void *arg),
	void *arg, struct sk_err *err);

struct ips_queue_stats {
	uint64_t packets, bytes;
	uint64_t batches;  /* reads that had packets */
	uint64_t verdicts; /* messages with verdicts, each for one packet or a run of them */
	uint64_t overruns; /* ENOBUFS: packets did not fit the socket buffer; dropped or let through
			      by the kernel as full_accept says */
	uint64_t verdict_errors;
	uint64_t truncated; /* packets longer than the kernel hands over */
	uint64_t malformed; /* messages that are no packet; none is expected */
};
const struct ips_queue_stats *ips_queue_stats(const struct ips_queue *q);

#endif
