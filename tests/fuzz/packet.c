/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a logged packet: parsed, folded, and written as an event that is valid JSON. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/fwd/event.h"
#include "lib/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fwd_event_names names = {.in_iface = "eth0", .zone_in = "wan"};
	struct fwd_event e = {.verdict = FW_LOG_DROP, .reason = "no_rule", .rule = 13};
	struct fwd_stamp st = {0};
	struct sk_buf b;
	json_t *v;

	if (fwd_packet_parse(data, size, &e.pkt) < 0)
		return 0;
	assert(e.pkt.family == 4 || e.pkt.family == 6);
	assert(!(e.pkt.has_ports && e.pkt.has_icmp));
	sk_buf_init(&b, 4096);
	fwd_event_put(&b, &st, &e, &names, NULL);
	assert(sk_buf_error(&b) == 0);
	v = sk_json_parse(sk_buf_str(&b), b.len, NULL);
	assert(v);
	json_decref(v);
	sk_buf_done(&b);
	return 0;
}
