// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A folder as an archive (POSIX.1-1988 ustar), so that the daemon gets it as one file and never has
 * to read where only the caller may. Nothing is written.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/cli/cli.h"

#define BLOCK 512
#define DEPTH 4

static int put_header(struct sk_buf *b, const char *name, size_t size, struct sk_err *err)
{
	char h[BLOCK] = {0};
	unsigned sum = 0;

	if (strlen(name) > 99)
		return sk_err_set(
			err, -ENAMETOOLONG, name, "the name is too long", "ファイル名が長すぎます");
	memcpy(h, name, strlen(name));
	snprintf(h + 100, 8, "%07o", 0644u);
	snprintf(h + 108, 8, "%07o", 0u);
	snprintf(h + 116, 8, "%07o", 0u);
	snprintf(h + 124, 12, "%011zo", size);
	snprintf(h + 136, 12, "%011o", 0u);
	memset(h + 148, ' ', 8);
	h[156] = '0';
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	sk_buf_put(b, h, BLOCK);
	return 0;
}

static int put_file(struct sk_buf *b, const char *path, const char *name, struct sk_err *err)
{
	static const char zeros[BLOCK];
	struct sk_buf content;
	int r;

	sk_buf_init(&content, b->max);
	r = sk_file_read(path, &content, err);
	if (r == 0)
		r = put_header(b, name, content.len, err);
	if (r == 0) {
		sk_buf_put(b, sk_buf_str(&content), content.len);
		sk_buf_put(b, zeros, (BLOCK - content.len % BLOCK) % BLOCK);
	}
	sk_buf_done(&content);
	if (r == 0 && sk_buf_error(b))
		r = sk_err_set(err, -EFBIG, NULL, "the folder holds more than %zu MiB",
			"フォルダーの内容が %zu MiB を超えています", b->max >> 20);
	return r;
}

static int put_folder(
	struct sk_buf *b, const char *path, const char *prefix, int depth, struct sk_err *err);

static int put_entry(
	struct sk_buf *b, const char *path, const char *name, int depth, struct sk_err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return sk_err_en(err, -errno, path, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode) && depth < DEPTH)
		return put_folder(b, path, name, depth + 1, err);
	return S_ISREG(st.st_mode) ? put_file(b, path, name, err) : 0;
}

static int put_folder(
	struct sk_buf *b, const char *path, const char *prefix, int depth, struct sk_err *err)
{
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort), r = 0;

	if (n < 0)
		return sk_err_en(err, -errno, path, "%s", strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		char full[4096], in[512];

		snprintf(full, sizeof(full), "%s/%s", path, name);
		snprintf(in, sizeof(in), "%s%s%s", prefix, prefix[0] ? "/" : "", name);
		if (r == 0 && name[0] != '.')
			r = put_entry(b, full, in, depth, err);
		free(list[i]);
	}
	free(list);
	return r;
}

int cli_pack(const char *folder, struct sk_buf *b, struct sk_err *err)
{
	static const char end[2 * BLOCK];
	int r = put_folder(b, folder, "", 0, err);

	sk_buf_put(b, end, sizeof(end));
	return r;
}
