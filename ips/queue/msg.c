/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the packet queue, read and made. Every attribute's length is checked before it is
 * read; the payload is not copied.
 */
#include "ips/queue/msg.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <string.h>

bool ips_queue_msg_ok(const struct nlmsghdr *h, size_t n)
{
	return n >= sizeof(*h) && h->nlmsg_len >= sizeof(*h) && h->nlmsg_len <= n;
}

static bool has(const struct nlattr *a, size_t n)
{
	return mnl_attr_get_payload_len(a) >= n;
}

static void timestamp(const struct nlattr *a, struct ips_queue_packet *p)
{
	struct nfqnl_msg_packet_timestamp t;

	if (!has(a, sizeof(t)))
		return;
	memcpy(&t, mnl_attr_get_payload(a), sizeof(t));
	p->ts_us = be64toh(t.sec) * 1000000 + be64toh(t.usec);
}

static void hardware(const struct nlattr *a, struct ips_queue_packet *p)
{
	const struct nfqnl_msg_packet_hw *hw = mnl_attr_get_payload(a);

	if (has(a, sizeof(*hw)) && ntohs(hw->hw_addrlen) == 6)
		p->hw_src = hw->hw_addr;
}

static void number(const struct nlattr *a, uint32_t *ret)
{
	if (has(a, sizeof(uint32_t)))
		*ret = ntohl(mnl_attr_get_u32(a));
}

static void skb_info(const struct nlattr *a, struct ips_queue_packet *p)
{
	uint32_t info = 0;

	number(a, &info);
	p->gso = info & NFQA_SKB_GSO;
	p->csum_not_ready = info & NFQA_SKB_CSUMNOTREADY;
}

/* false: a header too short for a packet's number */
static bool attribute(const struct nlattr *a, struct ips_queue_packet *p)
{
	const struct nfqnl_msg_packet_hdr *h;

	switch (mnl_attr_get_type(a)) {
	case NFQA_PACKET_HDR:
		h = mnl_attr_get_payload(a);
		if (!has(a, sizeof(*h)))
			return false;
		p->id = ntohl(h->packet_id);
		break;
	case NFQA_MARK: number(a, &p->mark); break;
	/* The port, where the packet crosses a bridge: the bridge itself came just before. */
	case NFQA_IFINDEX_INDEV:
	case NFQA_IFINDEX_PHYSINDEV: number(a, &p->in_dev); break;
	case NFQA_IFINDEX_OUTDEV:
	case NFQA_IFINDEX_PHYSOUTDEV: number(a, &p->out_dev); break;
	case NFQA_TIMESTAMP: timestamp(a, p); break;
	case NFQA_HWADDR: hardware(a, p); break;
	case NFQA_SKB_INFO: skb_info(a, p); break;
	case NFQA_CAP_LEN: number(a, &p->len); break;
	case NFQA_PAYLOAD:
		p->frame.data = mnl_attr_get_payload(a);
		p->frame.len = mnl_attr_get_payload_len(a);
		break;
	default: break;
	}
	return true;
}

/* libmnl's own walk goes on into the padding behind the message. */
static int parse_packet(const struct nlmsghdr *h, struct ips_queue_packet *ret)
{
	struct ips_queue_packet p = {.id = 0};
	struct ips_view v = {mnl_nlmsg_get_payload(h), h->nlmsg_len - (uint32_t)sizeof(*h)};
	uint32_t step = sizeof(struct nfgenmsg);
	bool id = false;

	while (step <= v.len) {
		const struct nlattr *a;

		v.data += step;
		v.len -= step;
		if (v.len < sizeof(*a))
			break;
		a = (const void *)v.data;
		if (a->nla_len < sizeof(*a) || a->nla_len > v.len || !attribute(a, &p))
			return -EBADMSG;
		id |= mnl_attr_get_type(a) == NFQA_PACKET_HDR;
		step = MNL_ALIGN((uint32_t)a->nla_len);
	}
	if (!id)
		return -EBADMSG;
	if (p.len < p.frame.len)
		p.len = p.frame.len;
	*ret = p;
	return 1;
}

int ips_queue_msg_parse(const struct nlmsghdr *h, struct ips_queue_packet *ret, int *ret_error)
{
	switch (h->nlmsg_type) {
	case NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET: return parse_packet(h, ret);
	case NLMSG_ERROR:
		if (mnl_nlmsg_get_payload_len(h) < sizeof(int32_t))
			return -EBADMSG;
		memcpy(ret_error, mnl_nlmsg_get_payload(h), sizeof(int32_t));
		return 0;
	default: return -EBADMSG;
	}
}

uint32_t ips_queue_msg_verdict(
	void *to, uint16_t queue, uint32_t id, const struct ips_queue_verdict *v, bool batch)
{
	struct nfqnl_msg_verdict_hdr verdict = {
		.verdict = htonl(v->drop ? NF_DROP : NF_ACCEPT), .id = htonl(id)};
	struct nlmsghdr *h = mnl_nlmsg_put_header(to);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type =
		NFNL_SUBSYS_QUEUE << 8 | (batch ? NFQNL_MSG_VERDICT_BATCH : NFQNL_MSG_VERDICT);
	h->nlmsg_flags = NLM_F_REQUEST;
	g->version = NFNETLINK_V0;
	g->res_id = htons(queue);
	mnl_attr_put(h, NFQA_VERDICT_HDR, sizeof(verdict), &verdict);
	if (v->set_mark)
		mnl_attr_put_u32(h, NFQA_MARK, htonl(v->mark));
	return h->nlmsg_len;
}
