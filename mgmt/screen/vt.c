// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The terminal's memory: printing, scrolling, erasing. Its control sequences are read in parse.c.
 * Every position that comes from outside is clamped where it is stored.
 */
#include <string.h>

#include "lib/util.h"
#include "mgmt/screen/private.h"

struct scr_vt *scr_vt_new(size_t rows, size_t cols)
{
	struct scr_vt *vt;

	if (rows < 1 || rows > SCR_ROWS_MAX || cols < 2 || cols > SCR_COLS_MAX)
		return NULL;
	vt = calloc(1, sizeof(*vt));
	if (!vt)
		return NULL;
	vt->cells = calloc(rows * cols, sizeof(*vt->cells));
	if (!vt->cells) {
		free(vt);
		return NULL;
	}
	vt->rows = rows;
	vt->cols = cols;
	scr_vt_reset(vt);
	return vt;
}

void scr_vt_free(struct scr_vt *vt)
{
	if (vt)
		free(vt->cells);
	free(vt);
}

size_t scr_vt_rows(const struct scr_vt *vt)
{
	return vt->rows;
}

size_t scr_vt_cols(const struct scr_vt *vt)
{
	return vt->cols;
}

const struct scr_cell *scr_vt_row(const struct scr_vt *vt, size_t row)
{
	return vt->cells + row * vt->cols;
}

bool scr_vt_cursor(const struct scr_vt *vt, size_t *ret_row, size_t *ret_col)
{
	*ret_row = vt->at.row;
	*ret_col = SK_MIN(vt->at.col, vt->cols - 1);
	return vt->cursor;
}

bool scr_vt_changed(struct scr_vt *vt, size_t row)
{
	const size_t at = vt->cursor ? vt->at.row : SIZE_MAX;
	const size_t col = SK_MIN(vt->at.col, vt->cols - 1);

	/* Where the cursor was, and where it is now. */
	if (at != vt->shown_row || col != vt->shown_col) {
		if (vt->shown_row < vt->rows)
			vt->changed[vt->shown_row] = true;
		if (at < vt->rows)
			vt->changed[at] = true;
		vt->shown_row = at;
		vt->shown_col = col;
	}
	if (!vt->changed[row])
		return false;
	vt->changed[row] = false;
	return true;
}

void scr_vt_change_all(struct scr_vt *vt)
{
	memset(vt->changed, true, sizeof(vt->changed));
}

static struct scr_cell *cells(struct scr_vt *vt, size_t row)
{
	vt->changed[row] = true;
	return vt->cells + row * vt->cols;
}

size_t scr_vt_work(struct scr_vt *vt)
{
	const size_t n = vt->work;

	vt->work = 0;
	return n;
}

static void blank(struct scr_vt *vt, struct scr_cell *c, size_t n)
{
	vt->work += n;
	for (size_t i = 0; i < n; i++)
		c[i] = (struct scr_cell){.ch = ' ', .fg = SCR_FG, .bg = vt->at.pen.bg};
}

/* Half of a wide character is nothing: what is about to be cut at col goes as a whole. */
static void split(struct scr_vt *vt, size_t row, size_t col)
{
	struct scr_cell *c = cells(vt, row);

	if (col == 0 || col >= vt->cols || c[col].ch)
		return;
	c[col - 1].ch = c[col].ch = ' ';
	c[col - 1].wide = 0;
}

void scr_vt_erase(struct scr_vt *vt, size_t row, size_t from, size_t to)
{
	if (from >= to)
		return;
	split(vt, row, from);
	split(vt, row, to);
	blank(vt, cells(vt, row) + from, to - from);
}

void scr_vt_scroll(struct scr_vt *vt, size_t top, size_t bottom, long by)
{
	const size_t n = bottom - top + 1, line = vt->cols * sizeof(*vt->cells);
	const size_t d = SK_MIN((size_t)(by < 0 ? -by : by), n);
	struct scr_cell *a = vt->cells + top * vt->cols, *b = a + d * vt->cols;

	if (by > 0)
		memmove(a, b, (n - d) * line);
	else
		memmove(b, a, (n - d) * line);
	blank(vt, by > 0 ? a + (n - d) * vt->cols : a, d * vt->cols);
	vt->work += (n - d) * vt->cols;
	memset(vt->changed + top, true, n);
}

void scr_vt_shift(struct scr_vt *vt, long by)
{
	const size_t col = SK_MIN(vt->at.col, vt->cols - 1), n = vt->cols - col;
	const size_t d = SK_MIN((size_t)(by < 0 ? -by : by), n);
	struct scr_cell *c = cells(vt, vt->at.row) + col;

	vt->work += n - d;
	split(vt, vt->at.row, col);
	if (by > 0) {
		split(vt, vt->at.row, vt->cols - d);
		memmove(c + d, c, (n - d) * sizeof(*c));
		blank(vt, c, d);
	} else {
		split(vt, vt->at.row, col + d);
		memmove(c, c + d, (n - d) * sizeof(*c));
		blank(vt, c + n - d, d);
	}
}

void scr_vt_line_feed(struct scr_vt *vt)
{
	if (vt->at.row == vt->bottom)
		scr_vt_scroll(vt, vt->top, vt->bottom, 1);
	else if (vt->at.row + 1 < vt->rows)
		vt->at.row++;
}

/* The line is full only when something more comes: so does every terminal. */
void scr_vt_print(struct scr_vt *vt, uint32_t ch, size_t width)
{
	struct scr_cell *c;
	struct scr_cell new = vt->at.pen;

	if (vt->at.col + width > vt->cols) {
		if (vt->wrap) {
			vt->at.col = 0;
			scr_vt_line_feed(vt);
		} else {
			vt->at.col = vt->cols - width;
		}
	}
	if (vt->insert)
		scr_vt_shift(vt, (long)width);
	split(vt, vt->at.row, vt->at.col);
	split(vt, vt->at.row, vt->at.col + width);
	c = cells(vt, vt->at.row) + vt->at.col;
	new.ch = ch;
	new.wide = width == 2;
	c[0] = new;
	if (width == 2) {
		new.ch = 0;
		new.wide = 0;
		c[1] = new;
	}
	vt->work += width;
	vt->at.col += width;
	vt->last = ch;
}

void scr_vt_reset(struct scr_vt *vt)
{
	vt->at = (struct scr_position){.pen = {.fg = SCR_FG, .bg = SCR_BG}};
	vt->saved = vt->at;
	vt->top = 0;
	vt->bottom = vt->rows - 1;
	vt->cursor = vt->wrap = true;
	vt->insert = vt->origin = false;
	vt->graphics = false;
	vt->shown_row = SIZE_MAX;
	for (size_t i = 0; i < vt->rows; i++)
		scr_vt_erase(vt, i, 0, vt->cols);
	scr_vt_change_all(vt);
}
