/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rules of a policy share: texts ("any", "lan", an applicant's name) and compiled address
 * and service sets, each kept once. Ten thousand rules say few different things; this is what keeps
 * a loaded policy small. Everything lives until the pool is freed.
 */
#ifndef FW_POOL_H
#define FW_POOL_H

#include "fw/registry/addr.h"
#include "fw/registry/svc.h"

struct fw_pool;

struct fw_pool *fw_pool_new(void);
void fw_pool_free(struct fw_pool *p);

/* Replace *s (borrowed, may be NULL) by the pool's own copy. 0 or -ENOMEM (unchanged). */
int fw_pool_text(struct fw_pool *p, char **s);
/*
 * Give the set's arrays to the pool; *a then borrows an equal set from it. 0 or -ENOMEM; the arrays
 * are taken in either case.
 */
int fw_pool_addrs(struct fw_pool *p, struct fw_addrs *a);
int fw_pool_svcs(struct fw_pool *p, struct fw_svcs *s);

#endif
