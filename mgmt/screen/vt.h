/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a terminal has on it: cells of characters, from the bytes that programs write. It does what
 * terminfo's entry "linux" says, in UTF-8, with wide characters (Japanese). Pure: whoever draws it
 * looks at the cells.
 */
#ifndef SCR_VT_H
#define SCR_VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCR_ROWS_MAX 128
#define SCR_COLS_MAX 512

enum { SCR_BOLD = 1, SCR_UNDERLINE = 2, SCR_REVERSE = 4 };
enum { SCR_FG = 7, SCR_BG = 0 };

struct scr_cell {
	uint32_t ch;    /* 0: the second half of a wide character */
	uint8_t wide;   /* takes this cell and the next */
	uint8_t fg, bg; /* 0 to 15, as ANSI counts colours */
	uint8_t attr;
};

struct scr_vt;

/* Empty; NULL without memory, or outside 1…SCR_ROWS_MAX × 2…SCR_COLS_MAX. */
struct scr_vt *scr_vt_new(size_t rows, size_t cols);
void scr_vt_free(struct scr_vt *vt);

/* What a program wrote; a sequence may be cut anywhere and goes on at the next call. */
void scr_vt_feed(struct scr_vt *vt, const void *bytes, size_t n);

/* Cells that were written or moved since this was asked last: a byte may stand for all of them. */
size_t scr_vt_work(struct scr_vt *vt);

/* What is to be sent back as if it were typed (where the cursor is, …): taken out, at most cap
 * bytes. */
size_t scr_vt_answer(struct scr_vt *vt, char *dst, size_t cap);

size_t scr_vt_rows(const struct scr_vt *vt);
size_t scr_vt_cols(const struct scr_vt *vt);
/* Borrowed: scr_vt_cols() cells, until the next call that takes a vt that is not const. */
const struct scr_cell *scr_vt_row(const struct scr_vt *vt, size_t row);
/* Was the row changed, or the cursor there moved, since this was asked last? */
bool scr_vt_changed(struct scr_vt *vt, size_t row);
void scr_vt_change_all(struct scr_vt *vt);
/* Is there a cursor to be seen, and where? */
bool scr_vt_cursor(const struct scr_vt *vt, size_t *ret_row, size_t *ret_col);

#endif
