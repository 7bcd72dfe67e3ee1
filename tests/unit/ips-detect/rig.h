/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rig for detection: rules from text, one flow, packets and transactions made by hand. What
 * matched comes back as text, "101,102*" (a star: silent; "!" drop, "~" for the whole flow).
 */
#ifndef TEST_IPS_DETECT_RIG_H
#define TEST_IPS_DETECT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ips/detect/detect.h"
#include "ips/detect/ruleset_int.h"

/* A buffer of a made-up transaction. */
struct rig_buf {
	enum ips_buf buf;
	enum ips_dir dir;
	enum ips_buf_state st;
	const char *text;
	unsigned index;
};
struct rig_tx {
	struct ips_tx tx;
	struct rig_buf b[16];
	unsigned n;
	uint64_t numbers[IPS_NUM_COUNT];
	bool has_number[IPS_NUM_COUNT];
};

struct rig {
	struct ips_state *state;
	struct ips_ruleset *rs;
	struct ips_detect *d;
	struct ips_flow flow;
	struct ips_packet p;
	uint64_t now_us;
	char text[512];
	unsigned alerts;
};

struct ips_rules *rig_rules(const char *text);
/* All rules must load. */
void rig_init(struct rig *r, bool inline_mode, const char *rules);
void rig_done(struct rig *r);
void rig_swap_rules(struct rig *r, const char *rules);
/* A TCP (or UDP, after rig_udp) packet of the flow, in the stream; raw may be NULL. */
const char *rig_packet(
	struct rig *r, enum ips_dir dir, const char *payload, const struct ips_raw *raw);
const char *rig_run(struct rig *r, const struct ips_raw *raw);
void rig_fill(struct rig *r, enum ips_dir dir, const char *payload);
void rig_udp(struct rig *r);
/* The flow speaks id; transactions are rig_tx. */
void rig_app(struct rig *r, enum ips_proto_id id);
void rig_tx_add(struct rig *r, struct rig_tx *tx);
void rig_set(struct rig_tx *tx, enum ips_buf buf, enum ips_dir dir, enum ips_buf_state st,
	const char *text);
void rig_set_at(struct rig_tx *tx, enum ips_buf buf, unsigned index, enum ips_buf_state st,
	const char *text);
void rig_complete(struct rig_tx *tx, enum ips_dir dir);
struct ips_raw rig_raw(const char *all, size_t tail, uint64_t offset);

#endif
