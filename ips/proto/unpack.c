/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decompression by zlib and brotli with counted memory. Used for HTTP/2 bodies; work is bounded by
 * the receiver, who stops it, so a bomb costs one output buffer more.
 */
#include "ips/proto/unpack.h"

#include <brotli/decode.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "ips/proto/libmem.h"

#define OUT 4096
#define MEMBERS_MAX 16 /* gzip files in one stream */

struct ips_unpack {
	struct ips_mem *m;
	enum ips_unpack_kind kind;
	bool started, ended;
	uint8_t first; /* of deflate: the byte that, with the next, tells zlib's frame */
	bool has_first;
	unsigned members;
	z_stream z;
	BrotliDecoderState *br;
};

int ips_unpack_kind(const uint8_t *name, size_t n)
{
	static const struct {
		const char *name;
		enum ips_unpack_kind kind;
	} kinds[] = {{"gzip", IPS_UNPACK_GZIP}, {"x-gzip", IPS_UNPACK_GZIP},
		{"deflate", IPS_UNPACK_DEFLATE}, {"br", IPS_UNPACK_BROTLI}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (n == strlen(kinds[i].name) &&
			strncasecmp((const char *)name, kinds[i].name, n) == 0)
			return (int)kinds[i].kind;
	return -1;
}

static void *z_alloc(void *m, unsigned n, unsigned size)
{
	return ips_libmem_calloc(m, n, size);
}

static void z_free(void *m, void *p)
{
	ips_libmem_free(m, p);
}

static void *br_alloc(void *m, size_t n)
{
	return ips_libmem_alloc(m, n);
}

static void br_free(void *m, void *p)
{
	ips_libmem_free(m, p);
}

struct ips_unpack *ips_unpack_new(struct ips_mem *m, enum ips_unpack_kind kind)
{
	struct ips_unpack *u = ips_mem_alloc(m, sizeof(*u));

	if (!u)
		return NULL;
	u->m = m;
	u->kind = kind;
	return u;
}

void ips_unpack_free(struct ips_unpack *u)
{
	if (!u)
		return;
	if (u->br)
		BrotliDecoderDestroyInstance(u->br);
	else if (u->started)
		inflateEnd(&u->z);
	ips_mem_free(u->m, u, sizeof(*u));
}

static bool start_inflate(struct ips_unpack *u, int window)
{
	u->z = (z_stream){.zalloc = z_alloc, .zfree = z_free, .opaque = u->m};
	u->started = inflateInit2(&u->z, window) == Z_OK;
	return u->started;
}

static enum ips_unpack_result inflate_some(struct ips_unpack *u, const uint8_t *p, size_t n,
	bool (*out)(const uint8_t *p, size_t n, void *arg), void *arg)
{
	uint8_t buf[OUT];
	int r;

	u->z.next_in = (Bytef *)(uintptr_t)p;
	u->z.avail_in = (uInt)n;
	do {
		u->z.next_out = buf;
		u->z.avail_out = sizeof(buf);
		r = inflate(&u->z, Z_NO_FLUSH);
		if (u->z.avail_out < sizeof(buf) && !out(buf, sizeof(buf) - u->z.avail_out, arg))
			return IPS_UNPACK_ENOUGH;
		if (r == Z_STREAM_END && u->kind == IPS_UNPACK_GZIP && u->z.avail_in > 0 &&
			++u->members < MEMBERS_MAX && inflateReset(&u->z) == Z_OK)
			continue;
		if (r == Z_STREAM_END)
			return IPS_UNPACK_END;
		if (r != Z_OK && r != Z_BUF_ERROR)
			/* What follows a whole gzip file and is none itself is ignored. */
			return u->members ? IPS_UNPACK_END : IPS_UNPACK_BAD;
	} while (u->z.avail_in > 0 || u->z.avail_out == 0);
	return IPS_UNPACK_OK;
}

/* RFC 1950: CM is 8 and the first two bytes are a multiple of 31. */
static enum ips_unpack_result start_deflate(struct ips_unpack *u, const uint8_t **p, size_t *n,
	bool (*out)(const uint8_t *p, size_t n, void *arg), void *arg)
{
	if (!u->has_first) {
		u->first = **p;
		u->has_first = true;
		(*p)++;
		(*n)--;
	}
	if (*n == 0)
		return IPS_UNPACK_OK;
	if (!start_inflate(u, (u->first & 15) == 8 && (u->first * 256 + **p) % 31 == 0 ? 15 : -15))
		return IPS_UNPACK_BAD;
	return inflate_some(u, &u->first, 1, out, arg);
}

static enum ips_unpack_result brotli_some(struct ips_unpack *u, const uint8_t *p, size_t n,
	bool (*out)(const uint8_t *p, size_t n, void *arg), void *arg)
{
	uint8_t buf[OUT];
	BrotliDecoderResult r;

	if (!u->br)
		u->br = BrotliDecoderCreateInstance(br_alloc, br_free, u->m);
	if (!u->br)
		return IPS_UNPACK_BAD;
	do {
		uint8_t *next = buf;
		size_t left = sizeof(buf);

		r = BrotliDecoderDecompressStream(u->br, &n, &p, &left, &next, NULL);
		if (left < sizeof(buf) && !out(buf, sizeof(buf) - left, arg))
			return IPS_UNPACK_ENOUGH;
	} while (r == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT);
	if (r == BROTLI_DECODER_RESULT_SUCCESS)
		return IPS_UNPACK_END;
	return r == BROTLI_DECODER_RESULT_ERROR ? IPS_UNPACK_BAD : IPS_UNPACK_OK;
}

enum ips_unpack_result ips_unpack_feed(struct ips_unpack *u, const uint8_t *p, size_t n,
	bool (*out)(const uint8_t *p, size_t n, void *arg), void *arg)
{
	enum ips_unpack_result r = IPS_UNPACK_OK;

	if (u->ended)
		return IPS_UNPACK_END;
	if (n == 0)
		return IPS_UNPACK_OK;
	if (u->kind == IPS_UNPACK_BROTLI)
		r = brotli_some(u, p, n, out, arg);
	else if (u->kind == IPS_UNPACK_GZIP && !u->started && !start_inflate(u, 15 + 16))
		r = IPS_UNPACK_BAD;
	else if (u->kind == IPS_UNPACK_DEFLATE && !u->started)
		r = start_deflate(u, &p, &n, out, arg);
	if (u->kind != IPS_UNPACK_BROTLI && r == IPS_UNPACK_OK && n > 0 && u->started)
		r = inflate_some(u, p, n, out, arg);
	u->ended = r == IPS_UNPACK_END;
	return r;
}
