/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of detection's long-lived state. Shared tables are cut into shards, each with
 * its own lock, so that workers seldom meet; nothing here is held across calls.
 */
#ifndef IPS_DETECT_STATE_INT_H
#define IPS_DETECT_STATE_INT_H

#include <pthread.h>

#include "ips/detect/state.h"
#include "lib/table.h"

#define IPS_SHARDS 16

struct ips_shard {
	pthread_mutex_t lock;
	struct sk_table *t;
	uint64_t purged_us; /* when expired entries were last looked for */
	uint64_t full;
} __attribute__((aligned(64)));

/* dataset.c */
struct ips_datasets;
struct ips_datasets *ips_datasets_new(uint64_t max, const uint8_t seed[16]);
void ips_datasets_free(struct ips_datasets *d);
/* Only what files brought remains. */
void ips_datasets_forget(struct ips_datasets *d);
uint64_t ips_datasets_full(struct ips_datasets *d);

/* iprep.c */
struct ips_iprep;
struct ips_iprep *ips_iprep_new(const uint8_t seed[16]);
void ips_iprep_free(struct ips_iprep *r);

struct ips_state {
	struct ips_state_config cfg;
	uint8_t seed[16];
	pthread_mutex_t names_lock;
	struct sk_table *names; /* SHA-256 of kind and name to number */
	uint32_t names_n;
	struct ips_shard hosts[IPS_SHARDS], thresholds[IPS_SHARDS];
	struct ips_datasets *sets;
	struct ips_iprep *rep;
};

/* The shard of a key, locked. */
struct ips_shard *ips_shard_lock(
	const struct ips_state *s, struct ips_shard *shards, const void *key, size_t n);
void ips_shard_unlock(struct ips_shard *sh);

#endif
