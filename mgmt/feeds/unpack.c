/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounded unpacking of what a feed's server sent; see unpack.h. Pure. */
#include "mgmt/feeds/unpack.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "lib/cursor.h"
#include "lib/util.h"

#define GZIP (16 + MAX_WBITS)
#define RAW (-MAX_WBITS)
#define ZIP_HEADER 30
#define ZIP_ENCRYPTED 0x0001
#define ZIP_SIZES_BEHIND 0x0008

static int damaged(struct sk_err *err)
{
	return sk_err_set(err, -EBADMSG, NULL, "the packed file is damaged or cut short",
		"圧縮ファイルが壊れているか、途中で切れています");
}

static int too_big(const struct sk_buf *out, struct sk_err *err)
{
	return sk_err_set(err, -EFBIG, "max_bytes", "is larger than %zu bytes when unpacked",
		"展開すると %zu バイトを超えます", out->max);
}

static int inflate_stream(z_stream *z, struct sk_buf *out, struct sk_err *err)
{
	uint8_t chunk[65536];
	int r;

	do {
		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		r = inflate(z, Z_NO_FLUSH);
		if (r == Z_MEM_ERROR)
			return sk_err_nomem(err);
		if (r != Z_OK && r != Z_STREAM_END)
			return damaged(err);
		sk_buf_put(out, chunk, sizeof(chunk) - z->avail_out);
		if (sk_buf_error(out))
			return sk_buf_error(out) == -ENOMEM ? sk_err_nomem(err) : too_big(out, err);
	} while (r != Z_STREAM_END && (z->avail_in || z->avail_out == 0));
	return r == Z_STREAM_END ? 0 : damaged(err);
}

static int inflate_one(int window, const uint8_t *p, size_t n, size_t *ret_used, struct sk_buf *out,
	struct sk_err *err)
{
	z_stream z = {.next_in = (Bytef *)p, .avail_in = (uInt)n};
	int r;

	if (inflateInit2(&z, window) != Z_OK)
		return sk_err_nomem(err);
	r = inflate_stream(&z, out, err);
	*ret_used = n - z.avail_in;
	inflateEnd(&z);
	return r;
}

static bool is_gzip(const uint8_t *p, size_t n)
{
	return n >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

/* RFC 1952, 2.2: several members one behind the other are one file. */
static int gunzip(const uint8_t *p, size_t n, struct sk_buf *out, struct sk_err *err)
{
	while (n) {
		size_t used = 0;
		int r;

		if (!is_gzip(p, n)) {
			/* Zeros at the end are padding of tapes; all else is damage. */
			for (size_t i = 0; i < n; i++)
				if (p[i])
					return damaged(err);
			return 1;
		}
		r = inflate_one(GZIP, p, n, &used, out, err);
		if (r < 0)
			return r;
		p += used;
		n -= used;
	}
	return 1;
}

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static int stored(struct sk_cursor *c, size_t n, struct sk_buf *out, struct sk_err *err)
{
	const uint8_t *p = sk_cur_take(c, n);

	if (!p)
		return damaged(err);
	sk_buf_put(out, p, n);
	if (sk_buf_error(out))
		return sk_buf_error(out) == -ENOMEM ? sk_err_nomem(err) : too_big(out, err);
	return 1;
}

/* APPNOTE 4.3.7: the local header of the first file, its name, its extra field, its data. */
static int unzip(const uint8_t *p, size_t n, struct sk_buf *out, struct sk_err *err)
{
	struct sk_cursor c;
	const uint8_t *h;
	uint16_t flags, method;
	uint32_t crc, packed;
	size_t used = 0;
	int r;

	sk_cur_init(&c, p, n);
	h = sk_cur_take(&c, ZIP_HEADER);
	if (!h)
		return damaged(err);
	flags = le16(h + 6);
	method = le16(h + 8);
	crc = (uint32_t)le16(h + 14) | (uint32_t)le16(h + 16) << 16;
	packed = (uint32_t)le16(h + 18) | (uint32_t)le16(h + 20) << 16;
	sk_cur_skip(&c, le16(h + 26));
	sk_cur_skip(&c, le16(h + 28));
	if (!sk_cur_ok(&c))
		return damaged(err);
	if ((flags & ZIP_ENCRYPTED) || (method != 0 && method != 8) ||
		(method == 0 && (flags & ZIP_SIZES_BEHIND)))
		return sk_err_set(err, -EBADMSG, NULL,
			"is a zip archive that is encrypted or packed in an unusual way",
			"暗号化された、または特殊な方式の ZIP ファイルです");
	if (method == 0)
		r = stored(&c, packed, out, err);
	else
		r = inflate_one(RAW, p + c.off, sk_cur_left(&c), &used, out, err);
	if (r < 0)
		return r;
	if (!(flags & ZIP_SIZES_BEHIND) &&
		crc32_z(crc32_z(0, NULL, 0), out->data ? out->data : (const uint8_t *)"",
			out->len) != crc)
		return damaged(err);
	return 1;
}

int mg_feed_unpack(const void *p, size_t n, struct sk_buf *out, struct sk_err *err)
{
	const uint8_t *b = p;

	if (n > UINT32_MAX)
		return too_big(out, err);
	if (is_gzip(b, n))
		return gunzip(b, n, out, err);
	if (n >= 4 && memcmp(b, "PK\3\4", 4) == 0)
		return unzip(b, n, out, err);
	return 0;
}
