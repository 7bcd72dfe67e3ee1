/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of a rule's text: borrowed, never terminated, every step checked against the length. All
 * of the rule language is read through these.
 */
#ifndef IPS_RULES_TEXT_H
#define IPS_RULES_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ips_text {
	const char *p;
	size_t n;
};

#define IPS_TEXT(lit) ((struct ips_text){lit, sizeof(lit) - 1})

/* The arguments of "%.*s", for values quoted in a reason. */
#define IPS_T(t) (int)((t).n > 60 ? 60 : (t).n), (t).p

static inline bool ips_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline struct ips_text ips_text_of(const char *s)
{
	return (struct ips_text){s, strlen(s)};
}

static inline bool ips_text_starts(struct ips_text t, char c)
{
	return t.n > 0 && t.p[0] == c;
}

struct ips_text ips_text_trim(struct ips_text t);
struct ips_text ips_text_skip(struct ips_text t, size_t n); /* the rest after n bytes, trimmed */
bool ips_text_eq(struct ips_text t, const char *s);         /* case matters */
bool ips_text_is(struct ips_text t, const char *s);         /* ASCII case does not */

/* The piece of *rest up to sep, trimmed; *rest moves behind it. False when nothing is left. */
bool ips_text_cut(struct ips_text *rest, char sep, struct ips_text *ret);
/* The same, separated by blanks. */
bool ips_text_word(struct ips_text *rest, struct ips_text *ret);

/* Whole numbers; decimal, 0x…; max inclusive. False when t is not one. */
bool ips_text_u64(struct ips_text t, uint64_t max, uint64_t *ret);
bool ips_text_i64(struct ips_text t, int64_t min, int64_t max, int64_t *ret);
bool ips_text_u32(struct ips_text t, uint32_t *ret);
/* Hexadecimal digit or -1. */
int ips_hex_digit(char c);

/* Days since 1970 of a date; month and day from 1. */
int64_t ips_days(int64_t y, unsigned m, unsigned d);

/* A copy with its terminator, cut to cap. */
char *ips_text_copy(char *dst, size_t cap, struct ips_text t);

#endif
