/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet queue's messages: packets read, verdicts made, everything else refused. */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include "ips/queue/msg.h"
#include "tests/unit/lib/unit.h"

#define PACKET (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET)

static uint8_t room[4096] __attribute__((aligned(8)));

static struct nlmsghdr *begin(uint16_t type)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(room);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = type;
	g->res_id = htons(103);
	return h;
}

static void put_id(struct nlmsghdr *h, uint32_t id)
{
	const struct nfqnl_msg_packet_hdr p = {.packet_id = htonl(id), .hook = NF_INET_FORWARD};

	mnl_attr_put(h, NFQA_PACKET_HDR, sizeof(p), &p);
}

static void test_packet(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};
	struct nlmsghdr *h = begin(PACKET);
	const struct nfqnl_msg_packet_timestamp ts = {htobe64(1764000000), htobe64(123456)};
	struct nfqnl_msg_packet_hw hw = {.hw_addrlen = htons(6)};
	struct ips_queue_packet p;
	int error = 1;

	memcpy(hw.hw_addr, mac, 6);
	put_id(h, 0xfffffffe);
	mnl_attr_put_u32(h, NFQA_MARK, htonl(0x1204));
	mnl_attr_put_u32(h, NFQA_IFINDEX_INDEV, htonl(3));
	mnl_attr_put_u32(h, NFQA_IFINDEX_OUTDEV, htonl(4));
	assert_int_equal(ips_queue_msg_parse(h, &p, &error), 1);
	assert_int_equal(p.in_dev, 3);
	/* Across a bridge, both of which are 9: the port counts. */
	mnl_attr_put_u32(h, NFQA_IFINDEX_INDEV, htonl(9));
	mnl_attr_put_u32(h, NFQA_IFINDEX_PHYSINDEV, htonl(3));
	mnl_attr_put_u32(h, NFQA_IFINDEX_OUTDEV, htonl(9));
	mnl_attr_put_u32(h, NFQA_IFINDEX_PHYSOUTDEV, htonl(4));
	mnl_attr_put(h, NFQA_TIMESTAMP, sizeof(ts), &ts);
	mnl_attr_put(h, NFQA_HWADDR, sizeof(hw), &hw);
	mnl_attr_put_u32(h, NFQA_SKB_INFO, htonl(NFQA_SKB_GSO | NFQA_SKB_CSUMNOTREADY));
	mnl_attr_put_u32(h, NFQA_UID, htonl(0));
	mnl_attr_put(h, NFQA_PAYLOAD, 5, "bytes");
	assert_int_equal(ips_queue_msg_parse(h, &p, &error), 1);
	assert_int_equal(p.id, 0xfffffffe);
	assert_int_equal(p.mark, 0x1204);
	assert_int_equal(p.in_dev, 3);
	assert_int_equal(p.out_dev, 4);
	assert_int_equal(p.ts_us, 1764000000123456);
	assert_memory_equal(p.hw_src, mac, 6);
	assert_true(p.gso && p.csum_not_ready);
	assert_int_equal(p.frame.len, 5);
	assert_int_equal(p.len, 5);
	assert_memory_equal(p.frame.data, "bytes", 5);
}

static void test_plain(void **state)
{
	struct nlmsghdr *h = begin(PACKET);
	struct ips_queue_packet p;
	int error;

	put_id(h, 1);
	assert_int_equal(ips_queue_msg_parse(h, &p, &error), 1);
	assert_null(p.hw_src);
	assert_int_equal(p.ts_us, 0);
	assert_int_equal(p.frame.len, 0);
	assert_false(p.gso || p.csum_not_ready);
}

/* The kernel handed over less than there is. */
static void test_cut(void **state)
{
	struct nlmsghdr *h = begin(PACKET);
	struct ips_queue_packet p;
	int error;

	put_id(h, 1);
	mnl_attr_put_u32(h, NFQA_CAP_LEN, htonl(65535));
	mnl_attr_put(h, NFQA_PAYLOAD, 5, "bytes");
	assert_int_equal(ips_queue_msg_parse(h, &p, &error), 1);
	assert_int_equal(p.len, 65535);
	assert_int_equal(p.frame.len, 5);
}

static void test_malformed(void **state)
{
	struct ips_queue_packet p = {.id = 77};
	struct nlmsghdr *h = begin(PACKET);
	uint8_t short_hw[4] = {0, 6};
	int error = 0;

	assert_int_equal(ips_queue_msg_parse(h, &p, &error), -EBADMSG); /* no number */
	mnl_attr_put(h, NFQA_PACKET_HDR, 3, "abc");
	assert_int_equal(ips_queue_msg_parse(h, &p, &error), -EBADMSG);
	h = begin(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG);
	put_id(h, 1);
	assert_int_equal(ips_queue_msg_parse(h, &p, &error), -EBADMSG);
	h = mnl_nlmsg_put_header(room);
	h->nlmsg_type = PACKET;
	assert_int_equal(ips_queue_msg_parse(h, &p, &error), -EBADMSG);
	assert_int_equal(p.id, 77);

	/* attributes too short to be what they say are as if they were not there */
	h = begin(PACKET);
	put_id(h, 1);
	mnl_attr_put(h, NFQA_HWADDR, sizeof(short_hw), short_hw);
	mnl_attr_put(h, NFQA_MARK, 2, "ab");
	mnl_attr_put(h, NFQA_TIMESTAMP, 8, "12345678");
	assert_int_equal(ips_queue_msg_parse(h, &p, &error), 1);
	assert_null(p.hw_src);
	assert_int_equal(p.mark, 0);
	assert_int_equal(p.ts_us, 0);
}

static void test_whole(void **state)
{
	struct nlmsghdr h = {.nlmsg_len = 20};

	assert_true(ips_queue_msg_ok(&h, 20));
	assert_true(ips_queue_msg_ok(&h, 24));
	assert_false(ips_queue_msg_ok(&h, 19));
	assert_false(ips_queue_msg_ok(&h, 4));
	h.nlmsg_len = 15;
	assert_false(ips_queue_msg_ok(&h, 20));
	h.nlmsg_len = 0x80000010;
	assert_false(ips_queue_msg_ok(&h, 20));
}

static void test_error(void **state)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(room);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(h, sizeof(*e));
	struct ips_queue_packet p;
	int error = 0;

	h->nlmsg_type = NLMSG_ERROR;
	e->error = -EPERM;
	assert_int_equal(ips_queue_msg_parse(h, &p, &error), 0);
	assert_int_equal(error, -EPERM);
	h->nlmsg_len = NLMSG_HDRLEN;
	assert_int_equal(ips_queue_msg_parse(h, &p, &error), -EBADMSG);
}

static void verdict(const struct ips_queue_verdict *v, bool batch, uint32_t want, bool mark)
{
	uint8_t to[IPS_QUEUE_VERDICT_MAX] __attribute__((aligned(8)));
	uint32_t n = ips_queue_msg_verdict(to, 103, 42, v, batch);
	const struct nlmsghdr *h = (const void *)to;
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
	const struct nfqnl_msg_verdict_hdr *vh = NULL;
	const struct nlattr *a;
	bool marked = false;

	assert_true(n <= sizeof(to) && n % 4 == 0);
	assert_int_equal(h->nlmsg_len, n);
	assert_int_equal(h->nlmsg_type & 0xff, batch ? NFQNL_MSG_VERDICT_BATCH : NFQNL_MSG_VERDICT);
	assert_int_equal(h->nlmsg_type >> 8, NFNL_SUBSYS_QUEUE);
	assert_int_equal(h->nlmsg_flags, NLM_F_REQUEST);
	assert_int_equal(ntohs(g->res_id), 103);
	mnl_attr_for_each (a, h, sizeof(*g)) {
		if (mnl_attr_get_type(a) == NFQA_VERDICT_HDR)
			vh = mnl_attr_get_payload(a);
		if (mnl_attr_get_type(a) == NFQA_MARK) {
			marked = true;
			assert_int_equal(ntohl(mnl_attr_get_u32(a)), v->mark);
		}
	}
	assert_non_null(vh);
	assert_int_equal(ntohl(vh->id), 42);
	assert_int_equal(ntohl(vh->verdict), want);
	assert_int_equal(marked, mark);
}

static void test_verdicts(void **state)
{
	verdict(&(struct ips_queue_verdict){.drop = false}, false, NF_ACCEPT, false);
	verdict(&(struct ips_queue_verdict){.drop = false}, true, NF_ACCEPT, false);
	verdict(&(struct ips_queue_verdict){.drop = true, .mark = 9}, true, NF_DROP, false);
	verdict(&(struct ips_queue_verdict){.set_mark = true, .mark = 0x1202}, false, NF_ACCEPT,
		true);
	verdict(&(struct ips_queue_verdict){.set_mark = true, .mark = 0}, true, NF_ACCEPT, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
