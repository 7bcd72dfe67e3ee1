/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small things everybody uses. Nothing here keeps state or touches the outside; the text functions
 * take bytes nobody has checked yet.
 */
#include "lib/util.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "lib/utf8.h"

void sk_freep(void *p)
{
	free(*(void **)p);
}

void sk_closep(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		close(*fd);
		errno = saved;
	}
}

void sk_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

int sk_grow(void *arr, size_t *cap, size_t need, size_t size)
{
	size_t n = *cap;
	void *p;

	if (need <= n)
		return 0;
	while (n < need) {
		if (n > SIZE_MAX / 2)
			return -ENOMEM;
		n = n ? n * 2 : 8;
	}
	p = reallocarray(*(void **)arr, n, size);
	if (!p)
		return -ENOMEM;
	*(void **)arr = p;
	*cap = n;
	return 0;
}

bool sk_streq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

int sk_parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s || !s[0])
		return -EINVAL;
	for (const char *p = s; *p; p++)
		if (*p < '0' || *p > '9')
			return -EINVAL;
	for (const char *p = s; *p; p++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	}
	if (v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

char *sk_hex(char *dst, const void *src, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = src;

	for (size_t i = 0; i < n; i++) {
		dst[2 * i] = digits[p[i] >> 4];
		dst[2 * i + 1] = digits[p[i] & 15];
	}
	dst[2 * n] = '\0';
	return dst;
}

void sk_sha256(uint8_t out[32], const void *p, size_t n)
{
	crypto_hash_sha256(out, p, n);
}
