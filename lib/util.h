/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small things everybody uses: cleanup attributes, array size, overflow-safe allocation. */
#ifndef SK_UTIL_H
#define SK_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SK_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SK_MIN(a, b) ((a) < (b) ? (a) : (b))
#define SK_MAX(a, b) ((a) > (b) ? (a) : (b))
#define _cleanup_(f) __attribute__((cleanup(f)))

/* For _cleanup_: free a pointer, close a descriptor (if >= 0), close a FILE. */
void sk_freep(void *p);
void sk_closep(int *fd);
void sk_fclosep(FILE **f);

/* Grow *arr (elements of size bytes, *cap of them) to hold at least need. 0 or -ENOMEM (unchanged).
 */
int sk_grow(void *arr, size_t *cap, size_t need, size_t size);

bool sk_streq(const char *a, const char *b); /* NULL equals NULL only */

/* strtoul without its traps: whole string, base 10, max inclusive. 0, -EINVAL or -ERANGE. */
int sk_parse_u64(const char *s, uint64_t max, uint64_t *ret);

bool sk_utf8_valid(const char *s, size_t len);

/*
 * Copy s to dst (cap bytes, always terminated) with control characters, terminal escapes and
 * invalid UTF-8 written as \xNN: for logs and terminals. Returns dst.
 */
char *sk_escape(char *dst, size_t cap, const char *s, size_t len);

/* Columns s takes on a terminal: East Asian wide characters count two (UAX #11). */
size_t sk_width(const char *s);

/* Lower-case hex of n bytes into dst (2n+1 bytes). */
char *sk_hex(char *dst, const void *src, size_t n);

/* SHA-256 (FIPS 180-4). */
void sk_sha256(uint8_t out[32], const void *p, size_t n);

#endif
