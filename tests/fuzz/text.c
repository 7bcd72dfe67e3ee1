/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes into the functions that take text from people: escaping, width, dates, numbers, error
 * texts. What comes out must be safe to print, whatever room there was for it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_escape(const char *s, size_t len, size_t cap)
{
	char *dst = malloc(cap);

	assert(dst);
	sk_escape(dst, cap, s, len);
	assert(strlen(dst) < cap && sk_utf8_valid(dst, strlen(dst)));
	for (const char *p = dst; *p; p++)
		assert((unsigned char)*p >= 0x20 && *p != 0x7f);
	assert(sk_width(dst) <= strlen(dst));
	free(dst);
}

static void check_date(const char *s)
{
	char text[40];
	int64_t t, again;

	if (sk_time_parse(s, false, &t, NULL) < 0)
		return;
	sk_time_format(t, text, sizeof(text));
	if (t < 0 || t > 250000000000)
		return; /* a zone can carry the ends of the range past what is written */
	assert(sk_time_parse(text, false, &again, NULL) == 0 && again == t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);
	struct sk_err err;
	uint64_t v;

	assert(s);
	if (size)
		memcpy(s, data, size);
	s[size] = '\0';
	check_escape((const char *)data, size, 1);
	check_escape((const char *)data, size, 7);
	check_escape((const char *)data, size, 4 * size + 1);
	check_date(s);
	if (sk_parse_u64(s, 65535, &v) == 0)
		assert(v <= 65535);
	if (sk_utf8_valid(s, strlen(s))) {
		sk_err_set(&err, -1, s, "%s", "%s", s);
		sk_err_prefix(&err, "rules[%u]", 7u);
		assert(sk_utf8_valid(err.path, strlen(err.path)));
		assert(sk_utf8_valid(err.en, strlen(err.en)));
		assert(sk_utf8_valid(err.ja, strlen(err.ja)));
	}
	free(s);
	return 0;
}
