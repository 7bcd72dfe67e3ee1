// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes that programs write: characters in UTF-8, control characters, and the sequences of
 * terminfo's "linux" (console_codes(4), ECMA-48). What is not known is passed over as a whole.
 */
#include <string.h>

#include "lib/utf8.h"
#include "lib/util.h"
#include "mgmt/screen/private.h"

#define PARAM_MAX 9999u

/* Parameter i, or def where it is missing or 0. */
static size_t param(const struct scr_vt *vt, size_t i, size_t def)
{
	return i < vt->n_params && vt->params[i] ? vt->params[i] : def;
}

static void go(struct scr_vt *vt, size_t row, size_t col)
{
	vt->at.row = SK_MIN(row, vt->rows - 1);
	vt->at.col = SK_MIN(col, vt->cols - 1);
}

/* To a row that counts from the scrolling region's first where programs asked for that. */
static void go_origin(struct scr_vt *vt, size_t row, size_t col)
{
	go(vt, vt->origin ? SK_MIN(row + vt->top, vt->bottom) : row, col);
}

static void answer(struct scr_vt *vt, const char *s)
{
	const size_t n = strlen(s);

	if (vt->answer_len + n > sizeof(vt->answer))
		return;
	memcpy(vt->answer + vt->answer_len, s, n);
	vt->answer_len += n;
}

size_t scr_vt_answer(struct scr_vt *vt, char *dst, size_t cap)
{
	const size_t n = SK_MIN(cap, vt->answer_len);

	memcpy(dst, vt->answer, n);
	memmove(vt->answer, vt->answer + n, vt->answer_len - n);
	vt->answer_len -= n;
	return n;
}

/* ---- CSI --------------------------------------------------------------------------------------
 */
static void erase_display(struct scr_vt *vt)
{
	const size_t what = param(vt, 0, 0), row = vt->at.row;
	size_t from = what == 0 ? row + 1 : 0;
	size_t to = what == 1 ? row : vt->rows;

	if (what > 3)
		return;
	if (what == 0)
		scr_vt_erase(vt, row, SK_MIN(vt->at.col, vt->cols - 1), vt->cols);
	if (what == 1)
		scr_vt_erase(vt, row, 0, SK_MIN(vt->at.col + 1, vt->cols));
	for (; from < to; from++)
		scr_vt_erase(vt, from, 0, vt->cols);
}

static void erase_line(struct scr_vt *vt)
{
	const size_t what = param(vt, 0, 0), col = SK_MIN(vt->at.col, vt->cols - 1);

	if (what <= 2)
		scr_vt_erase(vt, vt->at.row, what == 0 ? col : 0, what == 1 ? col + 1 : vt->cols);
}

/* A colour of the 256, or of 24 bits, as the nearest of the 16: by its brightest parts. */
static uint8_t nearest(unsigned r, unsigned g, unsigned b)
{
	const unsigned top = SK_MAX(r, SK_MAX(g, b));
	const uint8_t bits = (uint8_t)((r * 2 > top) | (g * 2 > top) << 1 | (b * 2 > top) << 2);

	if (top < 48)
		return 0;
	return (uint8_t)(top > 200 ? bits | 8 : bits);
}

static uint8_t of_256(unsigned n)
{
	static const uint8_t steps[] = {0, 95, 135, 175, 215, 255};

	if (n < 16)
		return (uint8_t)n;
	if (n >= 232)
		return nearest((n - 232) * 10 + 8, (n - 232) * 10 + 8, (n - 232) * 10 + 8);
	n = SK_MIN(n - 16, 215u);
	return nearest(steps[n / 36], steps[n / 6 % 6], steps[n % 6]);
}

/* 38;5;N or 38;2;R;G;B at i: how many parameters that is. */
static size_t extended(const struct scr_vt *vt, size_t i, uint8_t *ret)
{
	const size_t left = vt->n_params - i;

	if (left >= 3 && vt->params[i + 1] == 5) {
		*ret = of_256(vt->params[i + 2]);
		return 3;
	}
	if (left >= 5 && vt->params[i + 1] == 2) {
		*ret = nearest(vt->params[i + 2], vt->params[i + 3], vt->params[i + 4]);
		return 5;
	}
	return left;
}

/* SGR number p, other than the longer ones. */
static void rendition(struct scr_cell *pen, unsigned p)
{
	if (p == 0)
		*pen = (struct scr_cell){.fg = SCR_FG, .bg = SCR_BG};
	else if (p == 1)
		pen->attr |= SCR_BOLD;
	else if (p == 4 || p == 21)
		pen->attr |= SCR_UNDERLINE;
	else if (p == 7)
		pen->attr |= SCR_REVERSE;
	else if (p == 2 || p == 22)
		pen->attr &= (uint8_t)~SCR_BOLD;
	else if (p == 24)
		pen->attr &= (uint8_t)~SCR_UNDERLINE;
	else if (p == 27)
		pen->attr &= (uint8_t)~SCR_REVERSE;
	else if (p >= 30 && p <= 37)
		pen->fg = (uint8_t)(p - 30);
	else if (p == 39)
		pen->fg = SCR_FG;
	else if (p >= 40 && p <= 47)
		pen->bg = (uint8_t)(p - 40);
	else if (p == 49)
		pen->bg = SCR_BG;
	else if (p >= 90 && p <= 97)
		pen->fg = (uint8_t)(p - 90 + 8);
	else if (p >= 100 && p <= 107)
		pen->bg = (uint8_t)(p - 100 + 8);
}

static void renditions(struct scr_vt *vt)
{
	struct scr_cell *pen = &vt->at.pen;

	if (!vt->n_params)
		rendition(pen, 0);
	for (size_t i = 0; i < vt->n_params;) {
		if (vt->params[i] == 38)
			i += extended(vt, i, &pen->fg);
		else if (vt->params[i] == 48)
			i += extended(vt, i, &pen->bg);
		else
			rendition(pen, vt->params[i++]);
	}
}

static void mode(struct scr_vt *vt, bool on)
{
	for (size_t i = 0; i < vt->n_params; i++) {
		const unsigned p = vt->params[i];

		if (vt->prefix == '?' && p == 25) {
			vt->cursor = on;
		} else if (vt->prefix == '?' && p == 7) {
			vt->wrap = on;
		} else if (vt->prefix == '?' && p == 6) {
			vt->origin = on;
			go_origin(vt, 0, 0);
		} else if (!vt->prefix && p == 4) {
			vt->insert = on;
		}
	}
}

static void region(struct scr_vt *vt)
{
	const size_t top = param(vt, 0, 1), bottom = param(vt, 1, vt->rows);

	if (top >= bottom || bottom > vt->rows)
		return;
	vt->top = top - 1;
	vt->bottom = bottom - 1;
	go_origin(vt, 0, 0);
}

static void report(struct scr_vt *vt)
{
	char s[32];

	if (param(vt, 0, 0) == 5)
		answer(vt, "\033[0n");
	if (param(vt, 0, 0) != 6)
		return;
	snprintf(s, sizeof(s), "\033[%zu;%zuR", vt->at.row + 1 - (vt->origin ? vt->top : 0),
		SK_MIN(vt->at.col, vt->cols - 1) + 1);
	answer(vt, s);
}

static void repeat(struct scr_vt *vt, size_t n)
{
	/* Of one line, which is what programs draw with it: the number comes from outside. */
	n = SK_MIN(n, vt->cols);
	while (vt->last && n--)
		scr_vt_print(vt, vt->last, 1);
}

/* Up and down end at the scrolling region when they began in it. */
static void move(struct scr_vt *vt, char c, size_t n)
{
	const size_t row = vt->at.row, col = SK_MIN(vt->at.col, vt->cols - 1);
	const size_t first = row >= vt->top ? vt->top : 0;
	const size_t last = row <= vt->bottom ? vt->bottom : vt->rows - 1;

	switch (c) {
	case 'A':
	case 'F': go(vt, row - SK_MIN(n, row - first), c == 'F' ? 0 : col); break;
	case 'B':
	case 'E':
	case 'e': go(vt, SK_MIN(row + n, last), c == 'E' ? 0 : col); break;
	case 'C':
	case 'a': go(vt, row, col + n); break;
	case 'D': go(vt, row, col - SK_MIN(n, col)); break;
	case 'G':
	case '`': go(vt, row, n - 1); break;
	case 'd': go_origin(vt, n - 1, col); break;
	default: break;
	}
}

static void save(struct scr_vt *vt)
{
	vt->saved = vt->at;
}

static void restore(struct scr_vt *vt)
{
	vt->at = vt->saved;
}

static void edit(struct scr_vt *vt, char c, size_t n)
{
	const size_t row = vt->at.row, col = SK_MIN(vt->at.col, vt->cols - 1);
	const bool inside = row >= vt->top && row <= vt->bottom;
	const long by = (long)n;

	switch (c) {
	case '@': scr_vt_shift(vt, by); break;
	case 'P': scr_vt_shift(vt, -by); break;
	case 'X': scr_vt_erase(vt, row, col, SK_MIN(col + n, vt->cols)); break;
	case 'L':
		if (inside)
			scr_vt_scroll(vt, row, vt->bottom, -by);
		break;
	case 'M':
		if (inside)
			scr_vt_scroll(vt, row, vt->bottom, by);
		break;
	case 'S': scr_vt_scroll(vt, vt->top, vt->bottom, by); break;
	case 'T': scr_vt_scroll(vt, vt->top, vt->bottom, -by); break;
	case 'b': repeat(vt, n); break;
	default: break;
	}
}

static void control_sequence(struct scr_vt *vt, char c)
{
	if (vt->odd || (vt->prefix && c != 'h' && c != 'l'))
		return;
	switch (c) {
	case 'H':
	case 'f': go_origin(vt, param(vt, 0, 1) - 1, param(vt, 1, 1) - 1); break;
	case 'J': erase_display(vt); break;
	case 'K': erase_line(vt); break;
	case 'm': renditions(vt); break;
	case 'h': mode(vt, true); break;
	case 'l': mode(vt, false); break;
	case 'r': region(vt); break;
	case 'n': report(vt); break;
	case 'c': answer(vt, "\033[?6c"); break;
	case 's': save(vt); break;
	case 'u': restore(vt); break;
	default: move(vt, c, param(vt, 0, 1)); edit(vt, c, param(vt, 0, 1));
	}
}

static void csi(struct scr_vt *vt, char c)
{
	if (c >= '0' && c <= '9') {
		if (!vt->n_params)
			vt->n_params = 1;
		vt->params[vt->n_params - 1] =
			SK_MIN(vt->params[vt->n_params - 1] * 10 + (unsigned)(c - '0'), PARAM_MAX);
	} else if (c == ';' || c == ':') {
		if (!vt->n_params)
			vt->n_params = 1;
		if (vt->n_params == SCR_PARAMS)
			vt->odd = true;
		else
			vt->params[vt->n_params++] = 0;
	} else if (c >= '<' && c <= '?') {
		vt->prefix = c;
	} else if (c >= ' ' && c <= '/') {
		vt->odd = true;
	} else {
		vt->state = SCR_GROUND;
		control_sequence(vt, c);
	}
}

/* ---- the rest ---------------------------------------------------------------------------------
 */
static void reverse_index(struct scr_vt *vt)
{
	if (vt->at.row == vt->top)
		scr_vt_scroll(vt, vt->top, vt->bottom, -1);
	else if (vt->at.row)
		vt->at.row--;
}

static void escape(struct scr_vt *vt, char c)
{
	vt->state = SCR_GROUND;
	switch (c) {
	case '[':
		vt->state = SCR_CSI;
		memset(vt->params, 0, sizeof(vt->params));
		vt->n_params = 0;
		vt->prefix = '\0';
		vt->odd = false;
		break;
	case ']':
	case 'P':
	case '^':
	case '_':
		vt->state = SCR_STRING;
		vt->left = c == ']';
		break;
	case '(': vt->state = SCR_CHARSET; break;
	case ')':
	case '#':
	case '%':
	case ' ': vt->state = SCR_ONE; break;
	case 'c': scr_vt_reset(vt); break;
	case 'D': scr_vt_line_feed(vt); break;
	case 'E':
		vt->at.col = 0;
		scr_vt_line_feed(vt);
		break;
	case 'M': reverse_index(vt); break;
	case 'Z': answer(vt, "\033[?6c"); break;
	case '7': save(vt); break;
	case '8': restore(vt); break;
	default: break;
	}
}

/* A string ends at BEL or ESC \; the console's palette (ESC ] P, ESC ] R) has no end. */
static void string(struct scr_vt *vt, char c)
{
	const bool first = vt->left == 1;

	vt->left = 0;
	if (first && c == 'P') {
		vt->state = SCR_PALETTE;
		vt->left = 7;
	} else if ((first && c == 'R') || c == '\a') {
		vt->state = SCR_GROUND;
	} else if (c == '\033') {
		vt->state = SCR_STRING_ESC;
	}
}

static void control(struct scr_vt *vt, char c)
{
	switch (c) {
	case '\b':
		vt->at.col = SK_MIN(vt->at.col, vt->cols - 1);
		vt->at.col -= vt->at.col > 0;
		break;
	case '\t': go(vt, vt->at.row, (vt->at.col / 8 + 1) * 8); break;
	case '\n':
	case '\v':
	case '\f': scr_vt_line_feed(vt); break;
	case '\r': vt->at.col = 0; break;
	case 030:
	case 032: vt->state = SCR_GROUND; break;
	default: break;
	}
}

/* DEC's line drawing, which some ask for by ESC ( 0: lines and corners from j to x. */
static uint32_t line_drawing(char c)
{
	static const uint16_t lines[] = {0x2518, 0x2510, 0x250c, 0x2514, 0x253c, 0x2500, 0x2500,
		0x2500, 0x2500, 0x2500, 0x251c, 0x2524, 0x2534, 0x252c, 0x2502};

	return c >= 'j' && c <= 'x' ? lines[c - 'j'] : (uint32_t)c;
}

static void character(struct scr_vt *vt)
{
	char s[sizeof(vt->utf8) + 1] = "";
	uint32_t ch = 0xfffd;
	size_t width = 1;

	memcpy(s, vt->utf8, vt->utf8_len);
	if (vt->utf8_len == vt->utf8_need && sk_utf8_next(s, vt->utf8_len, &ch) == vt->utf8_len)
		width = sk_width(s);
	else
		ch = 0xfffd;
	vt->utf8_len = vt->utf8_need = 0;
	/* A mark over the letter before it would need that letter: it is left out. C1 is nothing.
	 */
	if (width == 0 || ch < ' ' || (ch >= 0x7f && ch < 0xa0))
		return;
	scr_vt_print(vt, ch, width);
}

static void ground(struct scr_vt *vt, char c)
{
	const unsigned char u = (unsigned char)c;

	if (vt->utf8_need && (u & 0xc0) != 0x80)
		character(vt); /* cut off: that it was there is shown */
	if (u < 0x20 || u == 0x7f) {
		if (c == '\033')
			vt->state = SCR_ESC;
		else
			control(vt, c);
		return;
	}
	if (u < 0x80) {
		scr_vt_print(vt, vt->graphics ? line_drawing(c) : u, 1);
		return;
	}
	if (!vt->utf8_need)
		vt->utf8_need = u >= 0xf0 ? 4 : u >= 0xe0 ? 3 : u >= 0xc0 ? 2 : 1;
	vt->utf8[vt->utf8_len++] = c;
	if (vt->utf8_len == vt->utf8_need)
		character(vt);
}

static void feed(struct scr_vt *vt, char c)
{
	const unsigned char u = (unsigned char)c;

	/* Within a sequence control characters act at once, and ESC begins a new one. */
	if ((vt->state == SCR_ESC || vt->state == SCR_CSI) && (u < 0x20 || u > 0x7e)) {
		if (c == '\033')
			vt->state = SCR_ESC;
		else if (u < 0x20)
			control(vt, c);
		return;
	}
	switch (vt->state) {
	case SCR_GROUND: ground(vt, c); break;
	case SCR_ESC: escape(vt, c); break;
	case SCR_CSI: csi(vt, c); break;
	case SCR_STRING: string(vt, c); break;
	case SCR_STRING_ESC:
		vt->state = SCR_ESC;
		if (c == '\\')
			vt->state = SCR_GROUND;
		else
			feed(vt, c);
		break;
	case SCR_PALETTE:
		if (--vt->left == 0)
			vt->state = SCR_GROUND;
		break;
	case SCR_CHARSET:
		vt->graphics = c == '0';
		vt->state = SCR_GROUND;
		break;
	case SCR_ONE: vt->state = SCR_GROUND; break;
	}
}

void scr_vt_feed(struct scr_vt *vt, const void *bytes, size_t n)
{
	const char *p = bytes;

	for (size_t i = 0; i < n; i++)
		feed(vt, p[i]);
}
