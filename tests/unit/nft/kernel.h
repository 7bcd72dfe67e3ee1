/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace for the tests, and a second program that meddles with the rule set in it. */
#ifndef TEST_NFT_KERNEL_H
#define TEST_NFT_KERNEL_H

#include <stdbool.h>

#include <jansson.h>

#include "fw/nft/nft.h"

/* Move the test process into a namespace of its own, once. False: not permitted here. */
bool t_namespace(void);
bool t_have_nft(void);
/* Run nft(8) with these arguments; its exit status. What it prints is thrown away. */
int t_nft(const char *args);
/* `nft -j list ruleset`; the array "nftables". */
json_t *t_nft_list(void);
/* Remove everything; also tables of owners that are gone. */
void t_nft_clean(void);

/* The n-th object of the kind ("rule", "chain", "set", "map", "counter") in our table, or NULL. */
json_t *t_nft_object(const json_t *list, const char *kind, size_t n);
const char *t_str(const json_t *o, const char *key); /* "" if there is none */

#endif
