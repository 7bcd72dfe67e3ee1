/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of one zone pair against each other, in evaluation order: who overlaps whom, who is
 * covered by the earlier ones, who could be left out because of a later one, who conflicts.
 */
#include <errno.h>
#include <string.h>

#include "fw/policy/analyze_int.h"
#include "lib/util.h"

/* What the walk over the earlier rules found out about one rule. */
struct met {
	size_t n;     /* earlier rules in a->list that overlap it and do match something */
	bool covered; /* the last of them covers it alone */
};

static struct met meet_earlier(struct fw_analysis *a, const uint32_t *rules, size_t pos)
{
	uint32_t j = rules[pos];
	struct met m = {0};

	for (size_t k = 0; k < pos; k++) {
		uint32_t i = rules[k];

		if (!fw_prod_overlap(&a->space, i, j))
			continue;
		if (a->action[i] != a->action[j]) {
			a->diff_before[j] = i;
			if (a->diff_after[i] == NONE)
				a->diff_after[i] = j;
		}
		if (m.covered || (a->status[i] & FW_R_COVERED))
			continue;
		a->list[m.n++] = i;
		m.covered = fw_prod_covers(&a->space, i, j);
	}
	return m;
}

static int report_covered(struct fw_analysis *a, uint32_t j, const struct met *m, bool cut)
{
	enum fw_finding_kind kind = FW_F_REDUNDANT;
	struct fw_finding *f;

	for (size_t k = 0; k < m->n; k++) {
		if (a->cover.decides[k] && a->action[a->list[k]] != a->action[j])
			kind = FW_F_SHADOWED;
	}
	f = fw_finding_add(a, kind, j);
	if (!f)
		return -ENOMEM;
	f->budget = cut;
	for (size_t k = 0; k < m->n; k++) {
		if (a->cover.decides[k])
			fw_finding_other(a, f, a->list[k]);
	}
	return 0;
}

/* The union test, unless nothing earlier is in its way. Sets status and reports. */
static int test_covered(struct fw_analysis *a, uint32_t j, const struct met *m)
{
	int r;

	if (m->n == 0)
		return 0;
	r = fw_cover(&a->cover, j, a->list, m->n);
	if (r < 0)
		return r;
	if (r == FW_UNCOVERED)
		return 0;
	/* One rule that covers it alone settles the question even where the budget did not suffice.
	 */
	a->status[j] |= r == FW_COVERED || m->covered ? FW_R_COVERED : FW_R_CUT;
	return report_covered(a, j, m, r == FW_COVER_CUT);
}

/*
 * Earlier rules that j makes superfluous: the same action, within j, and nothing with another
 * action between the two. j must be known to match, or both would be called superfluous because of
 * each other.
 */
static int test_forward(struct fw_analysis *a, uint32_t j, const struct met *m)
{
	for (size_t k = 0; k < m->n; k++) {
		uint32_t i = a->list[k];
		struct fw_finding *f;

		if (a->action[i] != a->action[j] || a->diff_after[i] != NONE ||
			(a->status[i] & (FW_R_FORWARD | FW_R_CUT)) ||
			!fw_prod_covers(&a->space, j, i))
			continue;
		a->status[i] |= FW_R_FORWARD;
		f = fw_finding_add(a, FW_F_REDUNDANT, i);
		if (!f)
			return -ENOMEM;
		fw_finding_other(a, f, j);
	}
	return 0;
}

/* Earlier rules with another action that share a part with j, none of the two within the other. */
static int test_conflicts(struct fw_analysis *a, uint32_t j, const struct met *m)
{
	struct fw_finding *f = NULL;

	for (size_t k = 0; k < m->n; k++) {
		uint32_t i = a->list[k];

		if (a->action[i] == a->action[j] || fw_prod_covers(&a->space, j, i))
			continue;
		if (!f)
			f = fw_finding_add(a, FW_F_CONFLICT, j);
		if (!f)
			return -ENOMEM;
		fw_finding_other(a, f, i);
	}
	return 0;
}

int fw_analyze_group(struct fw_analysis *a, const uint32_t *rules, size_t n)
{
	for (size_t pos = 0; pos < n; pos++) {
		uint32_t j = rules[pos];
		struct met m = meet_earlier(a, rules, pos);
		int r = test_covered(a, j, &m);

		if (r == 0 && !(a->status[j] & (FW_R_COVERED | FW_R_CUT)))
			r = test_forward(a, j, &m);
		if (r == 0 && !(a->status[j] & FW_R_COVERED))
			r = test_conflicts(a, j, &m);
		if (r < 0)
			return r;
	}
	return 0;
}
