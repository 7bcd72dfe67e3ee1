/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last packets a worker saw, so that an alert can come with a small capture of its flow. Fixed
 * memory; the oldest are overwritten.
 */
#ifndef IPS_ENGINE_RING_H
#define IPS_ENGINE_RING_H

#include "ips/packet/packet.h"
#include "lib/buf.h"

#define IPS_RING_SNAP 2048           /* bytes kept of a packet */
#define IPS_RING_CAPTURE (48 * 1024) /* most bytes of one capture */

struct ips_ring;
struct ips_ring *ips_ring_new(uint32_t bytes);
void ips_ring_free(struct ips_ring *r);
void ips_ring_put(struct ips_ring *r, uint64_t flow_id, uint64_t ts_us, struct ips_view ip);
/*
 * A pcap file (link type RAW) of the flow's packets still there, the newest if not all fit,
 * appended to b. False: too many were asked for lately (10 a second) or there are none.
 */
bool ips_ring_capture(struct ips_ring *r, uint64_t flow_id, uint64_t now_us, struct sk_buf *b);

#endif
