/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions under limits. A pattern that is used repeatedly gets a JIT-compiled copy: few
 * of the thousands in a rule set ever run, and compiling all would cost seconds at start. Where
 * executable memory is refused, the interpreter stays.
 */
#include "ips/detect/inspect_int.h"

#define MATCH_LIMIT 3500
#define DEPTH_LIMIT 1500
/* The interpreter counts every step where JIT counts few. */
#define SLOW_FACTOR 30
#define JIT_AFTER 8
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

/*
 * Make the copy. Workers share patterns, and compiling changes a code in place: so each works on a
 * copy of its own, and the first one done is published for all.
 */
static void *jit(struct ips_pcre *p)
{
	pcre2_code *copy = pcre2_code_copy(p->code);
	void *none = NULL, *mine = copy;

	if (!copy || pcre2_jit_compile(copy, PCRE2_JIT_COMPLETE) != 0) {
		pcre2_code_free(copy);
		mine = p->code;
	}
	if (__atomic_compare_exchange_n(
		    &p->jit, &none, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return mine;
	if (mine != p->code)
		pcre2_code_free(mine);
	return none;
}

int ips_pcre_run(struct ips_inspect *in, struct ips_pcre *p, struct ips_view v, uint32_t start,
	struct ips_place *ret)
{
	void *code = __atomic_load_n(&p->jit, __ATOMIC_ACQUIRE);
	const PCRE2_SIZE *pair;
	int n;

	if (!p->code || start > v.len)
		return 0;
	in->stats.pcre_calls++;
	if (!code && __atomic_add_fetch(&p->uses, 1, __ATOMIC_RELAXED) >= JIT_AFTER)
		code = jit(p);
	if (!code)
		code = p->code;
	n = pcre2_match(code, v.data ? v.data : (const uint8_t *)"", v.len, start, 0, in->pcre,
		code == p->code ? in->limit_slow : in->limit);
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
