/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions under limits. All are JIT-compiled when their rule is loaded (about 20 µs and
 * 1 KiB each), before workers share them. Where executable memory is refused, they are interpreted.
 */
#include "ips/detect/inspect_int.h"

#define MATCH_LIMIT 3500
#define DEPTH_LIMIT 1500
/* The interpreter counts every step where JIT counts few. */
#define SLOW_FACTOR 30
#define PAIRS 2 /* whole match; pcrexform's first group */

bool ips_pcre_init(struct ips_inspect *in)
{
	in->pcre = pcre2_match_data_create(PAIRS, NULL);
	in->limit = pcre2_match_context_create(NULL);
	in->limit_slow = pcre2_match_context_create(NULL);
	if (!in->pcre || !in->limit || !in->limit_slow)
		return false;
	pcre2_set_match_limit(in->limit, MATCH_LIMIT);
	pcre2_set_depth_limit(in->limit, DEPTH_LIMIT);
	pcre2_set_match_limit(in->limit_slow, MATCH_LIMIT * SLOW_FACTOR);
	pcre2_set_depth_limit(in->limit_slow, DEPTH_LIMIT * SLOW_FACTOR);
	/* Kilobytes. What the interpreter's backtracking may take is kept for the next match. */
	pcre2_set_heap_limit(in->limit_slow, 4096);
	return true;
}

void ips_pcre_done(struct ips_inspect *in)
{
	pcre2_match_data_free(in->pcre);
	pcre2_match_context_free(in->limit);
	pcre2_match_context_free(in->limit_slow);
}

void ips_pcre_prepare(void *code)
{
	if (code)
		pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
}

static pcre2_match_context *limits(const struct ips_inspect *in, const pcre2_code *code)
{
	size_t jit = 0;

	pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &jit);
	return jit ? in->limit : in->limit_slow;
}

int ips_pcre_run(struct ips_inspect *in, const void *code, struct ips_view v, uint32_t start,
	struct ips_place *ret)
{
	const PCRE2_SIZE *pair;
	int n;

	if (!code || start > v.len)
		return 0;
	in->stats.pcre_calls++;
	n = pcre2_match(code, v.data ? v.data : (const uint8_t *)"", v.len, start, 0, in->pcre,
		limits(in, code));
	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	if (n < 0) {
		in->stats.pcre_limit++;
		return -1;
	}
	/* n is 0 when there are more groups than PAIRS: the first ones are there. */
	pair = pcre2_get_ovector_pointer(in->pcre);
	ret->from = (uint32_t)pair[0];
	ret->to = (uint32_t)pair[1];
	return 1;
}
