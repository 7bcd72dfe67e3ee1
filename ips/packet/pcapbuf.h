/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture file (pcap, draft-ietf-opsawg-pcap) made in memory: what is shown and kept with an
 * alert. ips/capture reads such files.
 */
#ifndef IPS_PACKET_PCAPBUF_H
#define IPS_PACKET_PCAPBUF_H

#include "ips/packet/decode.h"
#include "lib/buf.h"

#define IPS_PCAP_HEADER_LEN 24u
#define IPS_PCAP_RECORD_LEN 16u /* and the frame */

/* The file header: microseconds, little-endian. Errors stay in b. */
void ips_pcap_header(struct sk_buf *b, enum ips_link link);
/* A record with the first max bytes of frame (0: all). A record is put whole or not at all. */
void ips_pcap_record(struct sk_buf *b, uint64_t ts_us, struct ips_view frame, uint32_t max);

#endif
