/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that people typed: lists, names, Japanese full-width input, and quoting it back in a
 * message. Pure; used by the parsers of this folder and by forms that accept the same input.
 */
#ifndef FW_TEXT_H
#define FW_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define FW_ITEM_MAX 256  /* bytes of one list item with its NUL */
#define FW_QUOTE_MAX 97  /* bytes of a quoted piece of input with its NUL */
#define FW_SPEC_MAX 8192 /* bytes of an address, protocol or port field */
#define FW_WORDS_MAX 256 /* bytes of a name-like field: applicant, partner, ticket */

/* s for a message: control characters escaped, cut to fit. Returns dst. */
const char *fw_quote(char dst[FW_QUOTE_MAX], const char *s);

/*
 * The next item of a list, blanks around it removed, into dst. *p moves on; NULL when the last item
 * was taken. 1 with an item (which may be empty), 0 at the end, -E2BIG with a message if it is too
 * long.
 */
int fw_item_next(const char **p, const char *seps, char dst[FW_ITEM_MAX], struct sk_err *err);

/*
 * A text field: valid UTF-8, at least min_visible characters one can see, at most max bytes, no
 * control characters, line breaks or direction overrides. field becomes err->path.
 */
int fw_text_check(
	const char *field, const char *s, size_t min_visible, size_t max, struct sk_err *err);

/*
 * Full-width digits, letters, signs and blanks (U+3000, U+FF01-FF5E, 、 。 − ー 〜 and the like) as
 * ASCII; all else as it is. Owned, or NULL without memory.
 */
char *fw_text_narrow(const char *s);

/* Copy s in ASCII lower case into dst, cut at cap. Returns dst. */
char *fw_text_lower(char *dst, size_t cap, const char *s);

/* Names of objects. See object.h. */
bool fw_text_letter(uint32_t c);
bool fw_text_blank(uint32_t c);   /* white space of any script */
bool fw_text_control(uint32_t c); /* control, direction override, line separator, invisible */

#endif
