/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between vt.c and parse.c. */
#ifndef SCR_PRIVATE_H
#define SCR_PRIVATE_H

#include "mgmt/screen/vt.h"

#define SCR_PARAMS 16

struct scr_position {
	size_t row, col; /* col == cols: after the last one */
	struct scr_cell pen;
};

enum scr_state {
	SCR_GROUND,
	SCR_ESC,
	SCR_CSI,
	SCR_STRING,     /* up to BEL or ESC \ : nothing of it is used */
	SCR_STRING_ESC, /* … after its ESC */
	SCR_PALETTE,    /* ESC ] P and seven digits, without an end */
	SCR_ONE,        /* one more byte: ESC # and the like */
	SCR_CHARSET,    /* ESC ( */
};

struct scr_vt {
	size_t rows, cols, top, bottom; /* the rows that scroll, with both */
	struct scr_cell *cells;
	bool changed[SCR_ROWS_MAX];
	size_t shown_row, shown_col; /* of the cursor; SIZE_MAX: none */
	struct scr_position at, saved;
	bool cursor, wrap, insert, origin, graphics;
	uint32_t last; /* for REP */

	enum scr_state state;
	unsigned params[SCR_PARAMS], n_params, left;
	char prefix;  /* '?', '>' … of a CSI sequence */
	bool odd;     /* an intermediate byte: none that is known */
	char utf8[4]; /* a character that has begun */
	size_t utf8_len, utf8_need;
	char answer[64];
	size_t answer_len;
	size_t work; /* see scr_vt_work() */
};

void scr_vt_reset(struct scr_vt *vt);
void scr_vt_print(struct scr_vt *vt, uint32_t ch, size_t width);
void scr_vt_line_feed(struct scr_vt *vt);
/* Columns from up to, without, to. */
void scr_vt_erase(struct scr_vt *vt, size_t row, size_t from, size_t to);
/* Rows top to bottom, with both: up by a positive number, down by a negative one. */
void scr_vt_scroll(struct scr_vt *vt, size_t top, size_t bottom, long by);
/* The rest of the line at the cursor: to the right by a positive number, else to the left. */
void scr_vt_shift(struct scr_vt *vt, long by);

#endif
