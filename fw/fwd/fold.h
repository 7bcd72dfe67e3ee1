/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repeats of one blocked (source, destination, protocol, port, reason, rule) within a window: the
 * first is reported at once, the further ones are counted and reported as one summary when the
 * window ends. When the table is full nothing is lost: what finds no place is reported singly.
 * Pure.
 */
#ifndef FW_FWD_FOLD_H
#define FW_FWD_FOLD_H

#include "fw/fwd/event.h"

#define FWD_FOLD_CAP 131072
#define FWD_FOLD_WINDOW_US (60 * 1000000ull)

struct fwd_fold;

enum fwd_fold_result {
	FWD_FOLD_FIRST,   /* report it; a window was opened */
	FWD_FOLD_COUNTED, /* nothing to report now */
	FWD_FOLD_FULL,    /* report it; no room for a window */
};

/* NULL without memory. seed from a random source. */
struct fwd_fold *fwd_fold_new(size_t cap, uint64_t window_us, const uint8_t seed[16]);
void fwd_fold_free(struct fwd_fold *f);

/* now_us is monotonic time; the wall-clock times of a summary come from the events. */
enum fwd_fold_result fwd_fold_add(struct fwd_fold *f, const struct fwd_event *e, uint64_t now_us);

/* Close the windows that ended by now_us (UINT64_MAX: all), reporting those that counted something.
 */
void fwd_fold_sweep(struct fwd_fold *f, uint64_t now_us,
	void (*emit)(const struct fwd_event *first, const struct fwd_fold_sum *sum, void *arg),
	void *arg);

/* Close the windows of the events that pick chooses. */
void fwd_fold_close(struct fwd_fold *f, bool (*pick)(const struct fwd_event *first),
	void (*emit)(const struct fwd_event *first, const struct fwd_fold_sum *sum, void *arg),
	void *arg);

size_t fwd_fold_windows(const struct fwd_fold *f);
uint64_t fwd_fold_folded(const struct fwd_fold *f); /* packets counted instead of reported */
uint64_t fwd_fold_full(const struct fwd_fold *f);   /* packets reported singly for want of room */

#endif
