/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy that uses every kind of match and action there is, for the tests of fw/nft. */
#ifndef TEST_NFT_SAMPLE_H
#define TEST_NFT_SAMPLE_H

#include "tests/unit/policy/build.h"

#define T_SAMPLE_BIG 3000 /* addresses of the big object, two apart */

/* Finished; free with fw_policy_free. */
struct fw_policy *t_sample(void);
/* n allow records lan → wan with addresses and ports of their own. */
struct fw_policy *t_many(size_t n);

#endif
