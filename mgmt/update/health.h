/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this start a good one? What the daemons answered is judged here, and what follows from it for
 * the boot slot. Pure; /usr/lib/sekisho/health asks and acts.
 */
#ifndef MG_UPDATE_HEALTH_H
#define MG_UPDATE_HEALTH_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/err.h"

enum mg_health_check {
	MG_HEALTH_MANAGEMENT, /* sekisho-mgmtd answers */
	MG_HEALTH_POLICY, /* sekisho-fwd is of this version, and what was confirmed is in force */
	MG_HEALTH_TABLE,  /* the kernel has the table */
	MG_HEALTH_INSPECTION, /* sekisho-ipsd answers and reads its queues */
	MG_HEALTH_ADMISSION,  /* sekisho-nacd answers, where admission is in use */
	MG_HEALTH_CHECKS
};
const char *mg_health_name(enum mg_health_check c);
const struct sk_text *mg_health_text(enum mg_health_check c); /* what is wrong if it fails */
/* From a name; -EINVAL. */
int mg_health_parse(const char *name, enum mg_health_check *ret);

/* Records of `status`, `ips.status` and `nac.status`; NULL: no answer. */
struct mg_health_answers {
	const json_t *status, *ips, *nac;
	bool table; /* table inet sekisho is in the kernel */
};
/* The checks that failed, bit 1 << check each. 0: all is well. */
unsigned mg_health_judge(const struct mg_health_answers *a);
/* Whether what blocks everything since the start may go: the policy stands. */
bool mg_health_protected(unsigned failed);

enum mg_health_verdict {
	MG_HEALTH_GOOD,   /* mark the slot good */
	MG_HEALTH_STAY,   /* not good, but it was, or there is no other system: a start helps nobody
			   */
	MG_HEALTH_RETURN, /* on trial: start again, so that the loader takes the other slot */
};
/* known_good: this very system was found good before. */
enum mg_health_verdict mg_health_decide(unsigned failed, bool known_good, bool other_slot);
/* All is well, but the loader cannot be told. */
enum mg_health_verdict mg_health_unmarked(bool known_good, bool other_slot);

#endif
