/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buffers made from buffers before they are inspected. Each step reads one of the worker's two
 * scratch areas and writes the other; what does not fit is cut. Called by inspect.c.
 */
#ifndef IPS_DETECT_TRANSFORM_H
#define IPS_DETECT_TRANSFORM_H

#include "ips/detect/inspect.h"

/* One step from v into dst (cap bytes, cap at least 64), which v does not overlap. */
struct ips_view ips_transform_one(struct ips_inspect *in, const struct ips_transform *t,
	struct ips_view v, uint8_t *dst, uint32_t cap);

#endif
