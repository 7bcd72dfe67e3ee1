/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer the gateway gives itself to a query of DNS that it does not let through: "no such
 * name", or an address of the site's choice, with a reason for those who can read it (RFC 8914).
 */
#ifndef IPS_PROTO_DNS_ANSWER_H
#define IPS_PROTO_DNS_ANSWER_H

#include "ips/packet/packet.h"

#define IPS_DNS_ANSWER_MAX 512 /* fits whoever asks (RFC 1035, 2.3.4) */
#define IPS_DNS_ANSWER_TTL 60  /* also of the negative answer (RFC 2308) */

struct ips_dns_answer_how {
	bool address;             /* answer A and AAAA, all else with "no data" */
	const struct ips_addr *a; /* NULL: no data for that type either */
	const struct ips_addr *aaaa;
};
/*
 * msg is a query, or an answer to it, whose question is then answered. The length written to dst,
 * 0: nothing that can be answered (not one question, no plain query, a damaged message).
 */
uint32_t ips_dns_answer(
	struct ips_view msg, const struct ips_dns_answer_how *how, uint8_t dst[IPS_DNS_ANSWER_MAX]);

#endif
