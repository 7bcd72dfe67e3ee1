/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle in RAUC's format "verity": the payload, a CMS signature that holds the manifest, and the
 * signature's length as eight bytes, most significant first. The manifest is a key file
 * (freedesktop.org Desktop Entry, "Basic format").
 */
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/update/update.h"

#define SIGNATURE_MAX (64u << 10) /* as RAUC has it */
#define MANIFEST_MAX (64u << 10)

int mg_bundle_signature(
	const uint8_t tail[8], int64_t file_size, size_t *ret_len, struct sk_err *err)
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | tail[i];
	if (n == 0 || n > SIGNATURE_MAX || file_size < 8 || n >= (uint64_t)file_size - 8)
		return sk_err_set(err, -EBADMSG, NULL,
			"is no update bundle (.raucb), or is cut short",
			"更新用のファイル (.raucb) ではないか、途中で切れています");
	*ret_len = (size_t)n;
	return 0;
}

static int bad(struct sk_err *err, const char *what)
{
	return sk_err_set(err, -EBADMSG, "manifest", "the bundle's manifest is wrong: %s",
		"更新用ファイルの内容情報に誤りがあります: %s", what);
}

/* A key's value into dst, if the line is that key. 1: it was; -EMSGSIZE: too long. */
static int take(const char *line, size_t n, const char *key, char *dst, size_t cap)
{
	const size_t k = strlen(key);

	if (n <= k || memcmp(line, key, k) != 0 || line[k] != '=')
		return 0;
	line += k + 1;
	n -= k + 1;
	while (n && *line == ' ')
		line++, n--;
	if (n >= cap)
		return -EMSGSIZE;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] >= 0x7f)
			return -EMSGSIZE;
	memcpy(dst, line, n);
	dst[n] = '\0';
	return 1;
}

static int line_of(struct mg_manifest *m, const char *section, const char *line, size_t n)
{
	int r = 0;

	if (strcmp(section, "update") == 0) {
		r = take(line, n, "compatible", m->compatible, sizeof(m->compatible));
		if (r == 0)
			r = take(line, n, "version", m->version, sizeof(m->version));
		if (r == 0)
			r = take(line, n, "build", m->build, sizeof(m->build));
	} else if (strcmp(section, "image.root") == 0) {
		r = take(line, n, "sha256", m->root_sha256, sizeof(m->root_sha256));
	}
	return r;
}

static int lines(struct mg_manifest *m, const char *text, size_t n, struct sk_err *err)
{
	char section[64] = "";

	while (n) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n, all = end ? len + 1 : len;

		while (len && strchr(" \t\r", text[len - 1]))
			len--;
		if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
			if (len - 2 >= sizeof(section))
				return bad(err, "a section's name is too long");
			memcpy(section, text + 1, len - 2);
			section[len - 2] = '\0';
		} else if (len && text[0] != '#' && line_of(m, section, text, len) < 0) {
			return bad(err, "a value is too long or not printable");
		}
		text += all;
		n -= all;
	}
	return 0;
}

int mg_manifest_parse(const char *text, size_t n, struct mg_manifest *ret, struct sk_err *err)
{
	struct mg_manifest m = {0};
	int r;

	if (n > MANIFEST_MAX || memchr(text, '\0', n))
		return bad(err, "it is no text");
	r = lines(&m, text, n, err);
	if (r < 0)
		return r;
	if (!m.compatible[0] || mg_version_check(m.version, NULL) < 0)
		return bad(err, "it lacks compatible or version");
	*ret = m;
	return 0;
}
