/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pcap format into a buffer. Called for alerts, by whoever kept the frames; knows no file.
 */
#include "ips/packet/pcapbuf.h"

#include <string.h>

#define MAGIC_US 0xa1b2c3d4u
#define SNAPLEN 262144u /* the largest that common readers take */

/* LINKTYPE_ values. */
static uint32_t linktype(enum ips_link link)
{
	switch (link) {
	case IPS_LINK_NULL: return 0;
	case IPS_LINK_ETHERNET: return 1;
	case IPS_LINK_PPP: return 9;
	case IPS_LINK_SLL: return 113;
	case IPS_LINK_SLL2: return 276;
	case IPS_LINK_RAW:
	case IPS_LINK_UNKNOWN: break;
	}
	return 101;
}

static void le32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> 8 * i);
}

void ips_pcap_header(struct sk_buf *b, enum ips_link link)
{
	uint8_t *h = sk_buf_room(b, IPS_PCAP_HEADER_LEN);

	if (!h)
		return;
	memset(h, 0, IPS_PCAP_HEADER_LEN);
	le32(h, MAGIC_US);
	h[4] = 2; /* version 2.4 */
	h[6] = 4;
	le32(h + 16, SNAPLEN);
	le32(h + 20, linktype(link));
}

void ips_pcap_record(struct sk_buf *b, uint64_t ts_us, struct ips_view frame, uint32_t max)
{
	uint32_t n = frame.len;
	uint8_t *h;

	if (max && n > max)
		n = max;
	if (n > SNAPLEN)
		n = SNAPLEN;
	h = sk_buf_room(b, IPS_PCAP_RECORD_LEN + (size_t)n);
	if (!h)
		return;
	le32(h, (uint32_t)(ts_us / 1000000));
	le32(h + 4, (uint32_t)(ts_us % 1000000));
	le32(h + 8, n);
	le32(h + 12, frame.len);
	if (n)
		memcpy(h + IPS_PCAP_RECORD_LEN, frame.data, n);
}
