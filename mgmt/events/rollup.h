/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rollups of a finished day, written into its file: per source, destination, port, class and
 * quarter of an hour. Sums of a rollup equal sums over the rows, always: a late event unseals the
 * day.
 */
#ifndef MG_EVENTS_ROLLUP_H
#define MG_EVENTS_ROLLUP_H

#include <stdbool.h>

#include "lib/err.h"

/* Keys of one dimension, beyond which a day does without that rollup. */
#define MG_ROLLUP_KEYS_MIN 4096
#define MG_ROLLUP_KEYS_MAX 400000

/*
 * Seal dir's day: 0 done (or it was), -EAGAIN events came meanwhile or the file is in use: try
 * later. Reads and writes by connections of its own, so it may run in a forked child; takes
 * about 1.5 s for a million rows.
 */
int mg_rollup_seal(const char *dir, int date, struct sk_err *err);

#endif
