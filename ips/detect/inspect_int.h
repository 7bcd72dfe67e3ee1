/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of confirmation: a worker's scratch, one run over a list of options, and what
 * each kind of option answers. Nothing outside ips/detect includes it.
 */
#ifndef IPS_DETECT_INSPECT_INT_H
#define IPS_DETECT_INSPECT_INT_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "ips/detect/inspect.h"

#define IPS_STEPS_MAX 3000   /* options looked at in one run, retries included */
#define IPS_BASE64_MAX 65536 /* bytes decoded by base64_decode */

struct ips_inspect {
	uint8_t *buf[2]; /* transforms write one from the other */
	uint32_t cap;
	uint8_t *base64;
	pcre2_match_data *pcre;
	pcre2_match_context *limit, *limit_slow; /* JIT; interpreter */
	struct ips_inspect_stats stats;
};

/* NO: an earlier relative option may try its next place. STOP: it would be in vain. */
enum ips_run_result { IPS_RUN_STOP = -1, IPS_RUN_NO = 0, IPS_RUN_YES = 1 };

struct ips_run {
	struct ips_inspect *in;
	struct ips_inspect_env *env;
	const struct ips_opt *opts;
	uint32_t n;
	const uint8_t *data;
	uint32_t len;
	uint32_t pos; /* end of the last match: relative options count from here */
	uint32_t steps;
	uint64_t offset;
	unsigned flags;
};

/* content.c: bounds of the search for one content, then its places. */
struct ips_place {
	uint32_t from, to;
};
enum ips_run_result ips_content_bounds(
	const struct ips_run *r, const struct ips_opt *o, struct ips_place *ret);
bool ips_content_find(
	const struct ips_run *r, const struct ips_content *c, struct ips_place in, uint32_t *ret);
enum ips_run_result ips_content_absent(const struct ips_run *r, const struct ips_opt *o);

/* bytes.c */
enum ips_run_result ips_byte_test(struct ips_run *r, const struct ips_opt *o);
enum ips_run_result ips_byte_jump(struct ips_run *r, const struct ips_opt *o);
enum ips_run_result ips_byte_extract(struct ips_run *r, const struct ips_opt *o);
enum ips_run_result ips_byte_math(struct ips_run *r, const struct ips_opt *o);
enum ips_run_result ips_isdataat(struct ips_run *r, const struct ips_opt *o);
enum ips_run_result ips_bsize(struct ips_run *r, const struct ips_opt *o);
int64_t ips_var_get(const struct ips_run *r, const struct ips_var *v);
bool ips_cmp_u64(const struct ips_num_cmp *c, uint64_t v);

/* pcre.c: 1 and the place, 0 none, -1 a limit was hit. start counts from data. */
int ips_pcre_run(struct ips_inspect *in, const void *code, struct ips_view v, uint32_t start,
	struct ips_place *ret);
void ips_pcre_prepare(void *code); /* at load, before others see it */
bool ips_pcre_init(struct ips_inspect *in);
void ips_pcre_done(struct ips_inspect *in);

/* asn1.c */
bool ips_asn1(const struct ips_opt *o, struct ips_view v, uint32_t pos);

/* base64.c: bytes written; at most cap. RFC 4648: the first other byte ends it. */
uint32_t ips_base64_decode(uint8_t *dst, uint32_t cap, struct ips_view v);

#endif
