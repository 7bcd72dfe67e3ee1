/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a policy document for the benches: N rules spread over the 20 pairs of five zones, none of
 * which matches the bench's traffic, and behind them in lan->wan the few that do. Called by the
 * shell benches; never installed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw/policy/policy.h"
#include "lib/clock.h"

static const char *const zones[] = {"wan", "lan", "dmz", "factory", "guest"};
static const char *const ifaces[] = {"wan0", "lan0", "dmz0", "fab0", "gst0"};

static int fail(const struct sk_err *err)
{
	fprintf(stderr, "mkpolicy: %s: %s\n", err->path, err->en);
	return 1;
}

static int add(struct fw_policy *p, uint32_t number, const char *from, const char *to,
	const char *const text[4], struct sk_err *err)
{
	int64_t now = sk_now();
	struct fw_rule r;
	int ret;

	fw_rule_init(&r);
	r.number = number;
	r.revision = 1;
	r.kind = FW_ALLOW;
	r.state = FW_ACTIVE;
	r.order = 1000;
	r.registered = now - 86400;
	r.approved_at = now - 3600;
	r.expiry = now + 30 * 86400;
	ret = fw_str_set(&r.applicant, "tanaka");
	ret = ret ? ret : fw_str_set(&r.approver, "sato");
	ret = ret ? ret : fw_str_set(&r.from, from);
	ret = ret ? ret : fw_str_set(&r.to, to);
	ret = ret ? ret : fw_str_set(&r.source, text[0]);
	ret = ret ? ret : fw_str_set(&r.destination, text[1]);
	ret = ret ? ret : fw_str_set(&r.protocol, text[2]);
	ret = ret ? ret : fw_str_set(&r.port, text[3]);
	ret = ret ? ret : fw_str_set(&r.purpose, "bench traffic");
	ret = ret ? ret : fw_policy_add_rule(p, &r, err);
	fw_rule_done(&r);
	return ret;
}

static int fill(struct fw_policy *p, unsigned n, struct sk_err *err)
{
	static const char *const tcp[] = {"192.168.10.0/24", "203.0.113.0/24", "tcp", "5001-5300"};
	static const char *const udp[] = {"192.168.10.0/24", "203.0.113.0/24", "udp", "7001"};
	uint32_t number = FW_NUMBER_FIRST;
	int ret;

	for (unsigned i = 0; i < n; i++) {
		unsigned from = (i / 4) % 5, to = (from + 1 + i % 4) % 5;
		char src[32], dst[32], port[16];
		const char *text[4] = {src, dst, "tcp", port};

		snprintf(src, sizeof(src), "10.%u.%u.0/28", i / 250 % 250, i % 250);
		snprintf(dst, sizeof(dst), "172.16.%u.%u", i / 250 % 250, i % 250);
		snprintf(port, sizeof(port), "%u", 10000 + i % 40000);
		ret = add(p, number++, zones[from], zones[to], text, err);
		if (ret)
			return ret;
	}
	ret = add(p, number++, "lan", "wan", tcp, err);
	return ret ? ret : add(p, number, "lan", "wan", udp, err);
}

int main(int argc, char **argv)
{
	struct fw_policy *p = fw_policy_new();
	struct sk_err err = {0};
	struct sk_buf b;

	if (argc != 3) {
		fprintf(stderr, "usage: mkpolicy RULES GENERATION >document\n");
		return 2;
	}
	p->generation = strtoul(argv[2], NULL, 10);
	p->created = sk_now();
	snprintf(p->site.name, sizeof(p->site.name), "bench");
	for (size_t i = 0; i < 5; i++) {
		struct fw_zone *z = &p->zones[p->n_zones++];

		snprintf(z->name, sizeof(z->name), "%s", zones[i]);
		snprintf(z->label, sizeof(z->label), "%s", zones[i]);
		z->kind = i ? FW_ZONE_INSIDE : FW_ZONE_OUTSIDE;
		snprintf(z->ifaces[z->n_ifaces++], IFNAMSIZ, "%s", ifaces[i]);
	}
	sk_buf_init(&b, FW_POLICY_BYTES_MAX);
	if (fill(p, (unsigned)strtoul(argv[1], NULL, 10), &err) || fw_policy_finish(p, &err) ||
		fw_policy_encode(p, &b, &err))
		return fail(&err);
	fwrite(b.data, 1, b.len, stdout);
	sk_buf_done(&b);
	fw_policy_free(p);
	return 0;
}
