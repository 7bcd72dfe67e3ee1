// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a program's output; the first two say how large the screen is. Wide characters are
 * whole, the cursor is on the screen, and where the output was cut between two reads does not
 * matter.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "mgmt/screen/vt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void whole(const struct scr_vt *vt)
{
	const size_t cols = scr_vt_cols(vt);
	size_t row, col;

	scr_vt_cursor(vt, &row, &col);
	assert(row < scr_vt_rows(vt) && col < cols);
	for (row = 0; row < scr_vt_rows(vt); row++) {
		const struct scr_cell *c = scr_vt_row(vt, row);

		for (col = 0; col < cols; col++) {
			assert(c[col].fg < 16 && c[col].bg < 16);
			assert(!c[col].wide || (col + 1 < cols && !c[col + 1].ch));
			assert(c[col].ch || (col && c[col - 1].wide));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scr_vt *a, *b;
	char sa[64], sb[64];
	size_t na, nb;

	if (size < 2 || size > 4096)
		return 0;
	a = scr_vt_new(data[0] % 12 + 1, data[1] % 30 + 2);
	b = scr_vt_new(data[0] % 12 + 1, data[1] % 30 + 2);
	assert(a && b);
	scr_vt_feed(a, data + 2, size - 2);
	for (size_t i = 2; i < size; i++) {
		scr_vt_feed(b, data + i, 1);
		whole(b);
	}
	for (size_t i = 0; i < scr_vt_rows(a); i++)
		assert(memcmp(scr_vt_row(a, i), scr_vt_row(b, i),
			       scr_vt_cols(a) * sizeof(struct scr_cell)) == 0);
	na = scr_vt_answer(a, sa, sizeof(sa));
	nb = scr_vt_answer(b, sb, sizeof(sb));
	assert(na == nb && memcmp(sa, sb, na) == 0);
	scr_vt_free(a);
	scr_vt_free(b);
	return 0;
}
