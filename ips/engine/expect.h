/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that a protocol announced in another one (FTP data): who will listen where. */
#ifndef IPS_ENGINE_EXPECT_H
#define IPS_ENGINE_EXPECT_H

#include "ips/flow/flow.h"

struct ips_expects;
struct ips_expects *ips_expects_new(uint32_t max, const uint8_t seed[16]);
void ips_expects_free(struct ips_expects *e);
/* Remember for 30 s; when full, the oldest are swept first, else it is refused (counted). */
void ips_expects_add(struct ips_expects *e, const struct ips_app_expect *x, uint64_t now_us);
/* The first data of a flow: sets f->app.expected if somebody announced it. */
void ips_expects_meet(struct ips_expects *e, struct ips_flow *f, uint64_t now_us);

#endif
