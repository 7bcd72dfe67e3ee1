/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One UTF-8 character at a time (RFC 3629: no overlong forms, no surrogates, nothing above
 * U+10FFFF), for the text functions of util.h.
 */
#ifndef SK_UTF8_H
#define SK_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at s (len bytes left, at least 1) with its code point, or 0 if malformed.
 */
size_t sk_utf8_next(const char *s, size_t len, uint32_t *ret);

#endif
