/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set-up beside the zones in force: what one person must not join. Pure. */
#ifndef MG_GATEWAY_JOINED_H
#define MG_GATEWAY_JOINED_H

#include "fw/policy/zone.h"
#include "mgmt/gateway/gateway.h"

/*
 * No filter stands between the ports of one role: what is in different zones in force must not
 * become one network without approval. next is resolved, now (may be NULL) is what counts at
 * present. -EPERM "ports[2].role".
 */
int mg_gateway_check_joined(const struct mg_gateway *next, const struct mg_gateway *now,
	const struct fw_zone *zones, size_t n, struct sk_err *err);

#endif
