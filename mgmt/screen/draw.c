// SPDX-License-Identifier: GPL-2.0-or-later
/* Cells to pixels. */
#include <errno.h>
#include <ft2build.h>
#include <string.h>
#include FT_FREETYPE_H

#include "lib/util.h"
#include "mgmt/screen/draw.h"

/* About 36 rows of characters that are 3/7 as wide as high, but 80 of them must fit in a line. */
bool scr_layout(size_t width, size_t height, struct scr_layout *ret)
{
	size_t w = height / 36 * 3 / 7;

	w = SK_MAX(w, 8u);
	w = SK_MIN(w, width / 80);
	if (w < 6)
		return false;
	ret->width = w;
	ret->height = w * 7 / 3;
	ret->cols = SK_MIN(width / ret->width, (size_t)SCR_COLS_MAX);
	ret->rows = SK_MIN(height / ret->height, (size_t)SCR_ROWS_MAX);
	return ret->rows >= 20;
}

/* ---- glyphs -----------------------------------------------------------------------------------
 */
#define CACHE 1024 /* characters, by their code's low bits */

struct glyph {
	uint32_t ch;
	bool wide;
	uint8_t *cover; /* 0 to 255 a pixel; owned; NULL: not made yet */
};

struct scr_font {
	FT_Library library;
	FT_Face face;
	struct scr_layout l;
	struct glyph cache[CACHE];
};

static int failed(const char *path, FT_Error e, struct sk_err *err)
{
	return sk_err_set(err, -ENOENT, NULL, "the font %s cannot be read (%d)",
		"フォント %s を読み込めません (%d)", path, (int)e);
}

int scr_font_new(
	const char *path, const struct scr_layout *l, struct scr_font **ret, struct sk_err *err)
{
	struct scr_font *f = calloc(1, sizeof(*f));
	FT_Error e;

	if (!f)
		return sk_err_nomem(err);
	f->l = *l;
	e = FT_Init_FreeType(&f->library);
	if (!e)
		e = FT_New_Face(f->library, path, 0, &f->face);
	if (e || !FT_IS_SCALABLE(f->face)) {
		scr_font_free(f);
		return failed(path, e, err);
	}
	*ret = f;
	return 0;
}

void scr_font_free(struct scr_font *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < CACHE; i++)
		free(f->cache[i].cover);
	if (f->face)
		FT_Done_Face(f->face);
	if (f->library)
		FT_Done_FreeType(f->library);
	free(f);
}

/* The glyph's pixels into its cell; what would stand over its edge is cut. */
static void place(const struct scr_font *f, uint8_t *cover, size_t width)
{
	const FT_GlyphSlot g = f->face->glyph;
	const FT_Size_Metrics *m = &f->face->size->metrics;
	const long above = m->ascender >> 6, below = -(m->descender >> 6);
	const long base = ((long)f->l.height - above - below) / 2 + above;

	if (g->bitmap.pixel_mode != FT_PIXEL_MODE_GRAY)
		return;
	for (long y = 0; y < (long)g->bitmap.rows; y++)
		for (long x = 0; x < (long)g->bitmap.width; x++) {
			const long row = base - g->bitmap_top + y, col = g->bitmap_left + x;

			if (row >= 0 && row < (long)f->l.height && col >= 0 && col < (long)width)
				cover[row * (long)width + col] =
					g->bitmap.buffer[y * g->bitmap.pitch + x];
		}
}

/* Many signs (arrows, lines) are as wide as a kanji in a Japanese font: made narrow here. */
static void render(const struct scr_font *f, uint32_t ch, uint8_t *cover, size_t width)
{
	const FT_UInt high = (FT_UInt)f->l.width * 2;
	const FT_UInt index = FT_Get_Char_Index(f->face, ch);
	size_t advance;

	if (FT_Set_Pixel_Sizes(f->face, high, high) ||
		FT_Load_Glyph(f->face, index, FT_LOAD_NO_BITMAP))
		return;
	advance = (size_t)((f->face->glyph->advance.x + 63) >> 6);
	if (advance > width &&
		(FT_Set_Pixel_Sizes(f->face, (FT_UInt)(high * width / advance), high) ||
			FT_Load_Glyph(f->face, index, FT_LOAD_NO_BITMAP)))
		return;
	if (!FT_Render_Glyph(f->face->glyph, FT_RENDER_MODE_NORMAL))
		place(f, cover, width);
}

/* Borrowed until another one of the same place; NULL: nothing to see. */
static const uint8_t *glyph(struct scr_font *f, uint32_t ch, bool wide)
{
	struct glyph *g = &f->cache[ch % CACHE];
	const size_t width = f->l.width * (wide ? 2 : 1);

	if (ch <= ' ')
		return NULL;
	if (g->cover && g->ch == ch && g->wide == wide)
		return g->cover;
	free(g->cover);
	*g = (struct glyph){ch, wide, calloc(f->l.height, width)};
	if (g->cover)
		render(f, ch, g->cover, width);
	return g->cover;
}

/* ---- pixels -----------------------------------------------------------------------------------
 */
struct colour {
	uint8_t r, g, b;
};

static struct colour colour(unsigned n)
{
	static const struct colour v[] = {{0, 0, 0}, {170, 0, 0}, {0, 170, 0}, {170, 85, 0},
		{0, 0, 170}, {170, 0, 170}, {0, 170, 170}, {200, 200, 200}, {85, 85, 85},
		{255, 85, 85}, {85, 255, 85}, {255, 255, 85}, {85, 85, 255}, {255, 85, 255},
		{85, 255, 255}, {255, 255, 255}};

	return v[n % SK_ARRAY_SIZE(v)];
}

static uint32_t part(unsigned v, unsigned bits, unsigned shift)
{
	return (uint32_t)(bits >= 8 ? v << (bits - 8) : v >> (8 - bits)) << shift;
}

static uint32_t pixel(const struct scr_format *f, struct colour a, struct colour b, unsigned cover)
{
	const unsigned r = (a.r * cover + b.r * (255 - cover)) / 255,
		       g = (a.g * cover + b.g * (255 - cover)) / 255,
		       l = (a.b * cover + b.b * (255 - cover)) / 255;

	return part(r, f->r.bits, f->r.shift) | part(g, f->g.bits, f->g.shift) |
		part(l, f->b.bits, f->b.shift);
}

/* Frame buffers of machines that this runs on are little-endian. */
static void put(uint8_t *dst, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		dst[i] = (uint8_t)(v >> (8 * i));
}

static void draw_cell(struct scr_font *f, const struct scr_format *format, const struct scr_cell *c,
	uint8_t *dst, size_t line)
{
	const bool reverse = c->attr & SCR_REVERSE;
	const unsigned bright = (c->attr & SCR_BOLD) && c->fg < 8 ? c->fg + 8u : c->fg;
	const struct colour fg = colour(reverse ? c->bg : bright),
			    bg = colour(reverse ? bright : c->bg);
	const size_t width = f->l.width * (c->wide ? 2 : 1);
	const uint8_t *cover = glyph(f, c->ch, c->wide);

	for (size_t y = 0; y < f->l.height; y++)
		for (size_t x = 0; x < width; x++) {
			const bool under = (c->attr & SCR_UNDERLINE) && y + 2 == f->l.height;
			const unsigned k = under ? 255 : cover ? cover[y * width + x] : 0;

			put(dst + y * line + x * format->bytes, pixel(format, fg, bg, k),
				format->bytes);
		}
}

void scr_draw_row(struct scr_font *f, const struct scr_format *format, const struct scr_vt *vt,
	size_t row, void *dst, size_t line)
{
	const struct scr_cell *cells = scr_vt_row(vt, row);
	const size_t cols = SK_MIN(scr_vt_cols(vt), f->l.cols);
	size_t at_row, at_col;
	const bool cursor = scr_vt_cursor(vt, &at_row, &at_col) && at_row == row;

	/* The cursor on the second half of a wide character is on all of it. */
	if (cursor && at_col && !cells[at_col].ch)
		at_col--;
	for (size_t i = 0; i < cols; i += cells[i].wide ? 2 : 1) {
		struct scr_cell c = cells[i];

		if (c.wide && i + 1 == cols)
			c.wide = 0;
		if (cursor && i == at_col)
			c.attr ^= SCR_REVERSE;
		draw_cell(f, format, &c, (uint8_t *)dst + i * f->l.width * format->bytes, line);
	}
}
