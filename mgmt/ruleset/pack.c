// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unpacking: gzip (RFC 1952) by zlib, tar in the POSIX.1-1988 (ustar) and GNU forms. Links, devices
 * and names that lead elsewhere are passed over: nothing here is ever written under its own name
 * without being checked again.
 */
#include "mgmt/ruleset/pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/util.h"

#define BLOCK 512
#define MAGIC_AT 257

struct mg_pack {
	struct sk_buf plain; /* unpacked, if it was packed */
	struct mg_pack_file *files;
	size_t n, cap;
};

static int damaged(struct sk_err *err)
{
	return sk_err_set(err, -EINVAL, NULL, "the archive is damaged or cut short",
		"アーカイブが壊れているか、途中で切れています");
}

static int too_big(struct sk_err *err)
{
	return sk_err_set(err, -EFBIG, NULL, "larger than %u MiB when unpacked",
		"展開後の大きさが %u MiB を超えています", MG_PACK_BYTES_MAX >> 20);
}

/* ---- gzip -------------------------------------------------------------------------------------
 */
static int inflate_all(z_stream *z, struct sk_buf *out, struct sk_err *err)
{
	uint8_t chunk[65536];
	int r;

	do {
		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		r = inflate(z, Z_NO_FLUSH);
		if (r != Z_OK && r != Z_STREAM_END)
			return r == Z_MEM_ERROR ? sk_err_nomem(err) : damaged(err);
		sk_buf_put(out, chunk, sizeof(chunk) - z->avail_out);
		if (sk_buf_error(out))
			return sk_buf_error(out) == -ENOMEM ? sk_err_nomem(err) : too_big(err);
	} while (r != Z_STREAM_END && (z->avail_in || z->avail_out == 0));
	return r == Z_STREAM_END ? 0 : damaged(err);
}

static int gunzip(struct mg_pack *k, const void *p, size_t n, struct sk_err *err)
{
	z_stream z = {.next_in = (Bytef *)p, .avail_in = (uInt)n};
	int r;

	if (n > UINT32_MAX)
		return too_big(err);
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return sk_err_nomem(err);
	r = inflate_all(&z, &k->plain, err);
	inflateEnd(&z);
	return r;
}

/* ---- tar --------------------------------------------------------------------------------------
 */
struct header {
	char name[256];
	uint64_t size;
	char type;
};

static bool octal(const uint8_t *p, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++) {
		if (v >> 40)
			return false;
		v = v << 3 | (uint64_t)(p[i] - '0');
	}
	*ret = v;
	return i == n || p[i] == ' ' || p[i] == '\0';
}

static bool checksum_fits(const uint8_t *p)
{
	uint64_t sum = 0, want;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : p[i];
	return octal(p + 148, 8, &want) && want == sum;
}

static bool read_header(const uint8_t *p, struct header *h)
{
	bool ustar = memcmp(p + MAGIC_AT, "ustar\0", 6) == 0;
	int prefix = ustar ? (int)strnlen((const char *)p + 345, 155) : 0;

	if (!checksum_fits(p) || !octal(p + 124, 12, &h->size))
		return false;
	h->type = (char)p[156];
	snprintf(h->name, sizeof(h->name), "%.*s%s%.100s", prefix, (const char *)p + 345,
		prefix ? "/" : "", (const char *)p);
	return true;
}

/* Without "./" before it; false for what is not a plain relative name. */
static bool clean_name(char *name)
{
	size_t skip = 0, n;

	while (name[skip] == '.' && name[skip + 1] == '/')
		skip += 2;
	n = strlen(name + skip);
	memmove(name, name + skip, n + 1);
	if (!n || name[0] == '/' || !sk_utf8_valid(name, n))
		return false;
	for (const char *s = name; s; s = strchr(s, '/')) {
		s += *s == '/';
		if (!*s || *s == '/' || *s == '.')
			return false; /* hidden files too */
	}
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '\\')
			return false;
	return true;
}

static int add_file(
	struct mg_pack *k, const char *name, const uint8_t *p, size_t n, struct sk_err *err)
{
	struct mg_pack_file *f;

	if (k->n >= MG_PACK_FILES_MAX)
		return sk_err_set(err, -EFBIG, NULL, "more than %d files",
			"ファイルは %d 個までです", MG_PACK_FILES_MAX);
	if (sk_grow(&k->files, &k->cap, k->n + 1, sizeof(*f)) < 0)
		return sk_err_nomem(err);
	f = &k->files[k->n];
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->data = p;
	f->len = n;
	if (clean_name(f->name))
		k->n++;
	return 0;
}

static int untar(struct mg_pack *k, const uint8_t *p, size_t n, struct sk_err *err)
{
	char longname[256] = "";
	struct sk_cursor c;
	int r = 0;

	sk_cur_init(&c, p, n);
	while (r == 0 && sk_cur_left(&c) >= BLOCK) {
		const uint8_t *block = sk_cur_take(&c, BLOCK), *data;
		struct header h;

		if (block[0] == '\0') /* the end */
			return 0;
		if (!read_header(block, &h) || h.size > sk_cur_left(&c))
			return damaged(err);
		data = sk_cur_take(&c, (size_t)h.size);
		sk_cur_skip(&c, SK_MIN((BLOCK - h.size % BLOCK) % BLOCK, sk_cur_left(&c)));
		if (h.type == 'L') { /* GNU: the next one's name */
			snprintf(longname, sizeof(longname), "%.*s",
				(int)SK_MIN(h.size, (uint64_t)255), (const char *)data);
			continue;
		}
		if (h.type == '0' || h.type == '\0')
			r = add_file(k, longname[0] ? longname : h.name, data, (size_t)h.size, err);
		longname[0] = '\0';
	}
	return r;
}

static bool is_tar(const uint8_t *p, size_t n)
{
	return n >= BLOCK && memcmp(p + MAGIC_AT, "ustar", 5) == 0;
}

/* ---- what it is -------------------------------------------------------------------------------
 */
static int read_pack(
	struct mg_pack *k, const char *name, const uint8_t *p, size_t n, struct sk_err *err)
{
	const char *base = strrchr(name, '/');
	int r;

	if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b) {
		r = gunzip(k, p, n, err);
		if (r < 0)
			return r;
		p = k->plain.data;
		n = k->plain.len;
	}
	if (n && is_tar(p, n))
		return untar(k, p, n, err);
	if (n && memchr(p, '\0', SK_MIN(n, (size_t)65536)))
		return sk_err_set(err, -EINVAL, NULL, "neither a file of rules nor a tar archive",
			"シグネチャファイルでも tar アーカイブでもありません");
	if (n > MG_PACK_BYTES_MAX)
		return too_big(err);
	r = add_file(k, base && base[1] ? base + 1 : name, p, n, err);
	/* A name that is none (standard input): the content is what counts. */
	return r == 0 && k->n == 0 ? add_file(k, "local.rules", p, n, err) : r;
}

int mg_pack_open(
	struct mg_pack **ret, const char *name, const void *p, size_t n, struct sk_err *err)
{
	struct mg_pack *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return sk_err_nomem(err);
	sk_buf_init(&k->plain, MG_PACK_BYTES_MAX);
	r = read_pack(k, name, p, n, err);
	if (r < 0) {
		mg_pack_free(k);
		return r;
	}
	*ret = k;
	return 0;
}

void mg_pack_free(struct mg_pack *k)
{
	if (!k)
		return;
	sk_buf_done(&k->plain);
	free(k->files);
	free(k);
}

const struct mg_pack_file *mg_pack_files(const struct mg_pack *k, size_t *n)
{
	*n = k->n;
	return k->files;
}
