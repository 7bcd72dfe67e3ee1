/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames to packets: the first byte chooses link and mode, then frames follow, each after two bytes
 * of length. Every view that comes out must lie within the frame or the decoder's own memory: all
 * of them are read.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ips/packet/decode.h"

#define FRAMES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned touch(struct ips_view v)
{
	unsigned sum = 0;

	for (uint32_t i = 0; i < v.len; i++)
		sum += v.data[i];
	return sum;
}

/* p lies within whole. */
static void within(struct ips_view p, struct ips_view whole)
{
	if (p.len == 0)
		return;
	assert(p.data >= whole.data && p.data + p.len <= whole.data + whole.len);
}

static void check(const struct ips_packet *p)
{
	unsigned sum = touch(p->frame) + touch(p->l3) + touch(p->l4) + touch(p->payload);

	within(p->l3, p->frame);
	within(p->l4, p->l3);
	within(p->payload, p->l4);
	assert(p->family == 0 || p->family == 4 || p->family == 6);
	assert(p->family || (!p->proto && !p->l4.len && !p->sport && !p->dport));
	assert(!(p->flags & IPS_PKT_FRAGMENT) || !p->l4.len);
	assert(!ips_event_is_set(&p->events, IPS_EV_NONE));
	assert(p->vlan_n <= 2);
	if (p->l4.len && (p->proto == 1 || p->proto == 58))
		within(p->icmp.inner, p->l4);
	if (p->l4.len && p->proto == 132)
		within(p->sctp.data, p->l4);
	if (p->l4.len && p->proto == 6)
		assert(p->tcp.hlen >= 20 && p->tcp.hlen + p->payload.len == p->l4.len);
	/* keeps the reads from being left out */
	if (sum == UINT32_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[16] = {3};
	struct ips_decoder_config cfg;
	struct ips_decoder *d;
	uint64_t ts = 1;
	enum ips_link link;

	if (size < 1)
		return 0;
	link = (enum ips_link)(data[0] & 7);
	if (link > IPS_LINK_UNKNOWN)
		link = IPS_LINK_RAW;
	ips_decoder_config_default(&cfg, data[0] & 8);
	cfg.check_csum = data[0] & 16;
	cfg.frag_bytes = 32768;
	cfg.frag_trackers = 8;
	d = ips_decoder_new(&cfg, seed);
	assert(d);
	data++;
	size--;
	for (int i = 0; i < FRAMES_MAX && size >= 2; i++) {
		size_t len = (size_t)(data[0] << 8 | data[1]);
		struct ips_packet p;
		uint8_t *frame;
		unsigned n = 0;

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		frame = malloc(len ? len : 1);
		assert(frame);
		memcpy(frame, data, len);
		ips_decode(d, link, (struct ips_view){frame, (uint32_t)len}, ts, &p);
		check(&p);
		while (ips_decode_next(d, &p)) {
			check(&p);
			n++;
		}
		assert(n <= 20);
		free(frame);
		data += len;
		size -= len;
		ts += 7000000;
	}
	assert(ips_decoder_stats(d)->frag_now <= 8);
	ips_decoder_free(d);
	return 0;
}
