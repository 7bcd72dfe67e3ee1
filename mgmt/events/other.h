/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that have no columns of their own (admission and the like), out of the day files. Readers
 * only, as reader.h.
 */
#ifndef MG_EVENTS_OTHER_H
#define MG_EVENTS_OTHER_H

#include <stdint.h>

#include "lib/json.h"

struct mg_other_filter {
	const char *type; /* event_type */
	int64_t from, to; /* microseconds, [from, to) */
};
/*
 * Newest first. event is borrowed. fn non-zero stops and is returned. -EUCLEAN after all: files
 * that could not be read, err names one.
 */
int mg_other_each(const char *dir, const struct mg_other_filter *f,
	int (*fn)(int64_t ts, const json_t *event, void *arg), void *arg, struct sk_err *err);

#endif
