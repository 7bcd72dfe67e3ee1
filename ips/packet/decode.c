/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way through a frame: its packet at once, the packets within it (tunnels, datagrams put
 * together) decoded with it and handed out one by one. Nothing is allocated here after the start.
 */
#include "ips/packet/decode.h"

#include <stdlib.h>

#include "ips/packet/csum.h"
#include "ips/packet/frag.h"
#include "ips/packet/int.h"

void ips_decoder_config_default(struct ips_decoder_config *cfg, bool inline_mode)
{
	*cfg = (struct ips_decoder_config){
		.gso = inline_mode,
		.frag_refuse = inline_mode,
		.max_tunnels = IPS_TUNNELS_MAX,
		.frag_trackers = 4096,
		.frag_bytes = 8u << 20,
		.frag_timeout_s = 60,
		.vxlan_port = 4789,
		.geneve_port = 6081,
		.teredo = true,
	};
}

struct ips_decoder *ips_decoder_new(const struct ips_decoder_config *cfg, const uint8_t seed[16])
{
	struct ips_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->cfg = *cfg;
	if (d->cfg.max_tunnels == 0 || d->cfg.max_tunnels > IPS_TUNNELS_MAX)
		d->cfg.max_tunnels = IPS_TUNNELS_MAX;
	d->frags = ips_frags_new(&d->cfg, seed, &d->stats);
	if (!d->frags) {
		ips_decoder_free(d);
		return NULL;
	}
	return d;
}

void ips_decoder_free(struct ips_decoder *d)
{
	if (!d)
		return;
	ips_frags_free(d->frags);
	free(d);
}

const struct ips_decoder_stats *ips_decoder_stats(const struct ips_decoder *d)
{
	return &d->stats;
}

bool ips_dec_layer(struct ips_dec *x)
{
	if (++x->layers >= x->d->cfg.max_tunnels)
		return ips_dec_invalid(x, IPS_EV_TOO_MANY_LAYERS);
	return true;
}

/* What is known once all of a packet is decoded. */
static void finish(struct ips_decoder *d, struct ips_packet *p)
{
	if (p->flags & IPS_PKT_INVALID)
		d->stats.invalid++;
	if (d->cfg.check_csum && p->family && !(p->flags & IPS_PKT_FRAGMENT) && !ips_csum_verify(p))
		p->flags |= IPS_PKT_CSUM_BAD;
}

void ips_decode(struct ips_decoder *d, enum ips_link link, struct ips_view frame, uint64_t ts_us,
	struct ips_packet *p)
{
	struct ips_dec x = {.d = d, .p = p};

	if (d->inner_n) {
		d->inner_n = d->inner_at = 0;
		ips_frags_frame(d->frags);
	}
	d->stats.frames++;
	d->stats.bytes += frame.len;
	memset(p, 0, sizeof(*p));
	p->ts_us = ts_us;
	p->num = d->stats.frames;
	p->frame = frame;
	ips_dec_link(&x, link, frame);
	finish(d, p);
}

bool ips_decode_next(struct ips_decoder *d, struct ips_packet *p)
{
	if (d->inner_at == d->inner_n)
		return false;
	*p = d->inner[d->inner_at++];
	return true;
}

/* A place for a packet within outer, with what both have in common; NULL: no more room. */
static struct ips_packet *inner_new(
	struct ips_decoder *d, const struct ips_packet *outer, struct ips_view v)
{
	struct ips_packet *p;

	if (d->inner_n == IPS_INNER_MAX) {
		d->stats.inner_lost++;
		return NULL;
	}
	p = &d->inner[d->inner_n++];
	memset(p, 0, sizeof(*p));
	p->ts_us = outer->ts_us;
	p->num = outer->num;
	p->frame = v;
	memcpy(p->eth_src, outer->eth_src, sizeof(p->eth_src));
	memcpy(p->eth_dst, outer->eth_dst, sizeof(p->eth_dst));
	memcpy(p->hw_src, outer->hw_src, sizeof(p->hw_src));
	p->tunnel_depth = outer->tunnel_depth;
	p->flags = outer->flags & IPS_PKT_TUNNELED;
	return p;
}

static bool decode_inner(struct ips_dec *x, enum ips_inner kind, struct ips_view v)
{
	switch (kind) {
	case IPS_INNER_IPV4: return ips_dec_ipv4(x, v);
	case IPS_INNER_IPV6: return ips_dec_ipv6(x, v);
	case IPS_INNER_TEREDO: return ips_dec_ipv6(x, v) && !(x->p->flags & IPS_PKT_INVALID);
	case IPS_INNER_ETHERNET: return ips_dec_ethernet(x, v);
	case IPS_INNER_VLAN: return ips_dec_vlan(x, v);
	case IPS_INNER_PPP: return ips_dec_ppp(x, v);
	case IPS_INNER_ERSPAN: return ips_dec_erspan(x, v);
	case IPS_INNER_ARP: return true;
	}
	return false;
}

bool ips_dec_inner(struct ips_dec *x, enum ips_inner kind, struct ips_view v)
{
	struct ips_decoder *d = x->d;
	unsigned before = d->inner_n;
	struct ips_dec y = {.d = d, .layers = x->layers + 1};

	if (y.layers >= d->cfg.max_tunnels)
		return ips_dec_invalid(x, IPS_EV_TOO_MANY_LAYERS);
	y.p = inner_new(d, x->p, v);
	if (!y.p)
		return false;
	y.p->tunnel_depth++;
	y.p->flags |= IPS_PKT_TUNNELED;
	if (!decode_inner(&y, kind, v)) {
		d->inner_n = before; /* with all that was found within */
		return false;
	}
	finish(d, y.p);
	x->p->flags |= IPS_PKT_NO_PAYLOAD;
	return true;
}

void ips_dec_fragment(struct ips_dec *x, const struct ips_fragment *f)
{
	struct ips_decoder *d = x->d;
	struct ips_dec y = {.d = d, .layers = x->layers, .vlans = x->vlans};
	unsigned before = d->inner_n;
	struct ips_view v;

	x->p->flags |= IPS_PKT_FRAGMENT;
	if (!ips_frags_add(d->frags, x->p, f, &v))
		return;
	y.p = inner_new(d, x->p, v);
	if (!y.p)
		return;
	y.p->flags |= IPS_PKT_REASSEMBLED;
	y.p->eth_type = x->p->eth_type;
	memcpy(y.p->vlan, x->p->vlan, sizeof(y.p->vlan));
	y.p->vlan_n = x->p->vlan_n;
	if (!(x->p->family == 4 ? ips_dec_ipv4(&y, v) : ips_dec_ipv6(&y, v))) {
		d->inner_n = before;
		return;
	}
	finish(d, y.p);
	x->p->flags |= IPS_PKT_NO_PAYLOAD;
}
