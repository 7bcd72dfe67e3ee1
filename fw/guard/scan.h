/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who tries many ports, or many hosts, within a time: attempts are added, and the one that crosses
 * a limit says so. Fixed memory: when all places are taken, the source that has been quiet for
 * longest loses its own. Pure; the time is an argument.
 */
#ifndef FW_GUARD_SCAN_H
#define FW_GUARD_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/policy/guard.h"

#define FW_SCAN_SOURCES 2048

struct fw_scan;

struct fw_scan_try {
	struct fw_ip src, dst;
	uint8_t proto;
	bool has_port;
	uint16_t port;
};

enum fw_scan_result { FW_SCAN_NOTHING, FW_SCAN_PORTS, FW_SCAN_HOSTS };

/* NULL without memory. seed from a random source. */
struct fw_scan *fw_scan_new(size_t sources, const uint8_t seed[16]);
void fw_scan_free(struct fw_scan *s);

/*
 * Count one attempt at now_s (monotonic seconds). g: scan_ports, scan_hosts, window. After a result
 * other than NOTHING the source starts from zero.
 */
enum fw_scan_result fw_scan_add(
	struct fw_scan *s, const struct fw_scan_try *t, const struct fw_guard *g, uint32_t now_s);
void fw_scan_forget(struct fw_scan *s, const struct fw_ip *src);

size_t fw_scan_sources(const struct fw_scan *s);
uint64_t fw_scan_evicted(const struct fw_scan *s); /* sources that lost their place */

#endif
