/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A row of cells as pixels: characters by FreeType out of one font file, into memory laid out as a
 * frame buffer's. No descriptor is used after scr_font_new.
 */
#ifndef SCR_DRAW_H
#define SCR_DRAW_H

#include "lib/err.h"
#include "mgmt/screen/vt.h"

/* Where the parts of a colour lie in a pixel. */
struct scr_format {
	unsigned bytes; /* 2, 3 or 4 a pixel */
	struct {
		unsigned shift, bits;
	} r, g, b;
};

/* Size of a cell, and how many fit, on a screen of that many pixels. false: it is too small. */
struct scr_layout {
	size_t width, height; /* of a cell that is not wide */
	size_t rows, cols;
};
bool scr_layout(size_t width, size_t height, struct scr_layout *ret);

struct scr_font;
/* The file stays mapped. -ENOENT and the like. */
int scr_font_new(
	const char *path, const struct scr_layout *l, struct scr_font **ret, struct sk_err *err);
void scr_font_free(struct scr_font *f);

/*
 * Row `row` of vt into dst: l->height lines of `line` bytes, each at least l->cols * l->width
 * pixels. The cursor is drawn where vt has it.
 */
void scr_draw_row(struct scr_font *f, const struct scr_format *format, const struct scr_vt *vt,
	size_t row, void *dst, size_t line);

#endif
