/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repeats of one alert or drop (same rule, addresses, server port) within a minute: the first is
 * reported at once, the others are counted and reported as one when the minute ends. What finds no
 * place in the table is reported singly. Pure.
 */
#ifndef IPS_IPSD_FOLD_H
#define IPS_IPSD_FOLD_H

#include "ips/engine/engine.h"

#define IPSD_FOLD_CAP 8192
#define IPSD_FOLD_WINDOW_US (60 * 1000000ull)

struct ipsd_fold;
struct ipsd_fold *ipsd_fold_new(size_t cap, const uint8_t seed[16]);
void ipsd_fold_free(struct ipsd_fold *f);
/* True: report it now. False: counted. now_us: wall clock. */
bool ipsd_fold_add(struct ipsd_fold *f, const struct ips_event_key *key, const char *text,
	size_t len, uint64_t now_us);
/* End the windows that are over (all: every one): emit() gets the first event's text and the sum.
 */
struct ipsd_fold_sum {
	uint64_t count, first_us, last_us;
};
void ipsd_fold_sweep(struct ipsd_fold *f, uint64_t now_us, bool all,
	void (*emit)(const char *text, size_t len, const struct ipsd_fold_sum *sum, void *arg),
	void *arg);

#endif
