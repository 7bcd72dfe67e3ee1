/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One rule from its text, and a packet to try it on. */
#ifndef TEST_IPS_INSPECT_ONE_H
#define TEST_IPS_INSPECT_ONE_H

#include "ips/detect/inspect.h"
#include "ips/rules/parse.h"
#include "lib/util.h"
#include "tests/unit/lib/unit.h"

struct one {
	struct ips_rules *rules;
	struct ips_rule *rule;
	struct ips_state *state;
	struct ips_det_flow_pool *pool;
	struct ips_inspect *in;
	struct ips_flow flow;
	struct ips_packet
		p; /* UDP from 10.0.0.1:1000 to 10.0.0.2:2000, in flow, towards the server */
	struct ips_inspect_env env;
};

/* "alert HEADER (msg…; OPTIONS sid:1;)"; header NULL: udp any any -> any any. Fails the test if the
 * rule is refused. */
void one_open(struct one *o, const char *header, const char *options);
void one_close(struct one *o);
/* Another rule, same state, flow and packet. */
void one_rule(struct one *o, const char *header, const char *options);
/* Flow options, conditions and every list on the payload. */
bool one_match(struct one *o, const void *payload, uint32_t n);
/* The first list alone, with all that ips_inspect_list takes. */
bool one_list(struct one *o, const void *data, uint32_t n, uint64_t offset, unsigned flags);

#endif
