/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP fragments put together (RFC 791, RFC 8200 4.5), in memory that is all there from the start.
 * Called by the decoder alone.
 */
#ifndef IPS_PACKET_FRAG_H
#define IPS_PACKET_FRAG_H

#include "ips/packet/int.h"

/* stats: the decoder's, borrowed; the frag_ counters are kept there. NULL without memory. */
struct ips_frags *ips_frags_new(const struct ips_decoder_config *cfg, const uint8_t seed[16],
	struct ips_decoder_stats *stats);
void ips_frags_free(struct ips_frags *s);

/* A new frame: what was put together from the last one is no longer needed. */
void ips_frags_frame(struct ips_frags *s);

/*
 * Add f, a fragment of p; sets events in p. Returns true when that completes a datagram: *ret is an
 * IP packet without fragment headers and valid until ips_frags_frame.
 */
bool ips_frags_add(struct ips_frags *s, struct ips_packet *p, const struct ips_fragment *f,
	struct ips_view *ret);

#endif
