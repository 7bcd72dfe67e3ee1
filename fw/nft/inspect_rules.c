/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chains of inspection. "ips" stands behind the filter: what came so far is allowed. It hands
 * packets to the queue, and knows by the connection's mark those that need none. A packet comes
 * back with inspection's verdict in its own mark; "ips_save" writes it to the connection before it
 * acts on it, so that it holds for the packets to come. Pure.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "fw/nft/log_prefix.h"
#include "fw/nft/nft.h"
#include "fw/nft/plan_int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

/* RFC 9293, 3.1. */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define DNS_PORT 53

static void bits(struct fw_nft_rule *r, enum fw_nft_field mark, uint32_t v)
{
	fw_nft_rule_u32(r, mark, FW_NFT_BITS, v);
}

static void go(struct fw_nft_plan *pl, struct fw_nft_rule *r, const char *target)
{
	r->verdict = FW_NFT_GOTO;
	r->target = target;
	fw_nft_plan_emit(pl, r);
}

static void queue(struct fw_nft_plan *pl, struct fw_nft_rule *r)
{
	const struct fw_inspect *s = &pl->p->inspect;

	r->count = true;
	r->verdict = FW_NFT_QUEUE;
	r->queue = s->first_queue;
	r->queues = s->queues;
	r->queue_open = s->open;
	r->queue_xt = pl->queue_xt;
	fw_nft_plan_emit(pl, r);
}

/* One comparison for a packet of which inspection has said nothing. */
static void known(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_INSPECTED, 0);
	bits(&r, FW_NFT_CT_MARK, FW_MARK_VERDICT);
	go(pl, &r, FW_NFT_IPS_KNOWN);
}

static void inspect(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	/* A mark that somebody else set for routing must not look like a verdict. */
	fw_nft_rule_init(&r, chain, FW_B_INSPECT, 0);
	bits(&r, FW_NFT_META_MARK, FW_MARK_VERDICT);
	r.meta_clear = true;
	fw_nft_plan_emit(pl, &r);
	fw_nft_rule_init(&r, chain, FW_B_INSPECT, 0);
	queue(pl, &r);
}

void fw_nft_plan_ips(struct fw_nft_plan *pl, const char *chain)
{
	fw_nft_plan_bridge_uninspected(pl, chain);
	known(pl, chain);
	if (pl->p->inspect.on)
		inspect(pl, chain);
}

/*
 * What tells the ends of a rejected connection that it is over. Inspection sends its reset before
 * the connection has its mark.
 */
static void refusals(struct fw_nft_plan *pl, const char *chain)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_ICMP, IPPROTO_ICMPV6};
	const uint8_t rst = TCP_RST;
	struct fw_nft_rule r;

	for (size_t i = 0; i < SK_ARRAY_SIZE(protos); i++) {
		fw_nft_rule_init(&r, chain, FW_B_RELATED_ICMP, 0);
		fw_nft_rule_u8(&r, FW_NFT_L4PROTO, protos[i]);
		if (protos[i] == IPPROTO_TCP)
			fw_nft_rule_add(&r, FW_NFT_TCP_FLAGS, FW_NFT_BITS, &rst);
		else
			fw_nft_rule_u32(&r, FW_NFT_CT_STATE, FW_NFT_BITS, FW_CT_RELATED);
		r.verdict = FW_NFT_ACCEPT;
		fw_nft_plan_emit(pl, &r);
	}
}

/*
 * Of the gateway's own traffic only names: a device that asks the gateway must learn no more than
 * one that asks beyond it. Within the gateway nothing is: its programs' questions leave it when its
 * resolver asks.
 */
void fw_nft_plan_ips_own(struct fw_nft_plan *pl, const char *chain, bool in)
{
	static const uint8_t protos[] = {IPPROTO_UDP, IPPROTO_TCP};
	static const enum fw_nft_field ports[] = {FW_NFT_DPORT, FW_NFT_SPORT};
	static const char lo[IFNAMSIZ] = "lo";
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_LOOPBACK, 0);
	fw_nft_rule_add(&r, in ? FW_NFT_IIFNAME : FW_NFT_OIFNAME, FW_NFT_EQ, lo);
	r.verdict = FW_NFT_ACCEPT;
	fw_nft_plan_emit(pl, &r);
	if (!in)
		refusals(pl, chain);
	known(pl, chain);
	if (!pl->p->inspect.on)
		return;
	for (size_t i = 0; i < SK_ARRAY_SIZE(protos) * SK_ARRAY_SIZE(ports); i++) {
		fw_nft_rule_init(&r, chain, FW_B_INSPECT, 0);
		fw_nft_rule_u8(&r, FW_NFT_L4PROTO, protos[i / 2]);
		fw_nft_rule_u16(&r, ports[i % 2], DNS_PORT);
		go(pl, &r, FW_NFT_IPS_NAMES);
	}
}

void fw_nft_plan_ips_names(struct fw_nft_plan *pl, const char *chain)
{
	if (pl->p->inspect.on)
		inspect(pl, chain);
}

/*
 * Both ends of a rejected connection were told that it is over, so the client may take its ports
 * again at once; conntrack, which did not see our reset, still has the old one.
 */
static void begin_again(struct fw_nft_plan *pl, const char *chain)
{
	const uint8_t open = TCP_SYN, mask = TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN;
	struct fw_nft_rule r;

	if (!pl->p->inspect.on)
		return;
	fw_nft_rule_init(&r, chain, FW_B_INSPECT, 0);
	bits(&r, FW_NFT_CT_MARK, FW_MARK_REJECT);
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_TCP);
	fw_nft_rule_add(&r, FW_NFT_TCP_FLAGS, FW_NFT_MASKED, &open)->hi[0] = mask;
	r.ct_clear = true;
	r.meta_clear = true;
	queue(pl, &r);
}

/* The bulk of the traffic is what needs no more inspection: first. */
void fw_nft_plan_ips_known(struct fw_nft_plan *pl, const char *chain)
{
	const uint32_t mask = FW_MARK_VERDICT, bypass = FW_MARK_BYPASS;
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_INSPECTED, 0);
	memcpy(fw_nft_rule_add(&r, FW_NFT_CT_MARK, FW_NFT_MASKED, &bypass)->hi, &mask,
		sizeof(mask));
	r.count = true;
	r.verdict = FW_NFT_ACCEPT;
	fw_nft_plan_emit(pl, &r);
	begin_again(pl, chain);
	fw_nft_rule_init(&r, chain, FW_B_INSPECT_DROP, 0);
	bits(&r, FW_NFT_CT_MARK, FW_MARK_REJECT);
	r.count = true;
	r.log = FW_LOG_REJECT;
	r.reason = FW_REASON_IPS_FLOW;
	go(pl, &r, FW_NFT_REFUSE);
	fw_nft_rule_init(&r, chain, FW_B_INSPECT_DROP, 0);
	r.count = true;
	r.log = FW_LOG_DROP;
	r.reason = FW_REASON_IPS_FLOW;
	r.verdict = FW_NFT_DROP;
	fw_nft_plan_emit(pl, &r);
}

/* Without inspection no mark is a verdict of ours. */
void fw_nft_plan_ips_save(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	fw_nft_plan_bridge_passed(pl, chain);
	if (!pl->p->inspect.on)
		return;
	fw_nft_rule_init(&r, chain, FW_B_INSPECT, 0);
	bits(&r, FW_NFT_META_MARK, FW_MARK_VERDICT);
	go(pl, &r, FW_NFT_IPS_VERDICT);
}

/* This first packet is not reported here: inspection does, with its rule. */
void fw_nft_plan_ips_verdict(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_INSPECT_DROP, 0);
	bits(&r, FW_NFT_META_MARK, FW_MARK_REJECT);
	r.count = true;
	r.ct_verdict = FW_MARK_REJECT;
	go(pl, &r, FW_NFT_REFUSE);
	fw_nft_rule_init(&r, chain, FW_B_INSPECT_DROP, 0);
	bits(&r, FW_NFT_META_MARK, FW_MARK_DROP);
	r.count = true;
	r.ct_verdict = FW_MARK_DROP;
	r.verdict = FW_NFT_DROP;
	fw_nft_plan_emit(pl, &r);
	fw_nft_rule_init(&r, chain, FW_B_INSPECTED, 0);
	r.ct_verdict = FW_MARK_BYPASS;
	r.verdict = FW_NFT_ACCEPT;
	fw_nft_plan_emit(pl, &r);
}
