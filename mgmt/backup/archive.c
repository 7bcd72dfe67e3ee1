/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records within a backup's stream; see archive.h. A passphrase proves who locked a backup, not
 * that its content is harmless: names and sizes are checked as those of a stranger.
 */
#include "mgmt/backup/archive.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"

#define RECORD 5 /* type and length */
#define ENTRY_MAX 4096

static int bad(struct sk_err *err, const char *name)
{
	return sk_err_set(err, -EBADMSG, name[0] ? name : NULL,
		"the content of the backup is not what it should be",
		"バックアップの内容が正しくありません");
}

bool mg_bk_name_ok(const char *name)
{
	const size_t len = strlen(name);

	if (!len || len >= MG_BK_NAME_MAX || name[0] == '/' || !sk_utf8_valid(name, len))
		return false;
	for (const char *s = name; *s;) {
		const size_t n = strcspn(s, "/");

		if (!n || n > 200 || (s[0] == '.' && (n == 1 || (n == 2 && s[1] == '.'))))
			return false;
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
				return false;
		s += n;
		if (*s && !*++s)
			return false; /* ends with a slash */
	}
	return true;
}

/* ---- writing ----------------------------------------------------------------------------------
 */
static int put_record(struct sk_buf *b, char type, const json_t *v, struct sk_err *err)
{
	struct sk_buf text;
	int r;

	sk_buf_init(&text, MG_BK_MANIFEST_MAX);
	sk_json_put(&text, v);
	sk_buf_putc(b, type);
	for (int shift = 24; shift >= 0; shift -= 8)
		sk_buf_putc(b, (char)(text.len >> shift & 0xff));
	sk_buf_put(b, text.data, text.len);
	r = sk_buf_error(&text) ? sk_buf_error(&text) : sk_buf_error(b);
	sk_buf_done(&text);
	return r < 0
		? sk_err_set(err, r, NULL, "too many files for one backup", "ファイルが多すぎます")
		: 0;
}

int mg_bk_put_entry(struct sk_buf *b, const struct mg_bk_entry *e, struct sk_err *err)
{
	json_t *v = json_pack("{s:s, s:I, s:s, s:s}", "name", e->name, "mode", (json_int_t)e->mode,
		"owner", e->owner, "group", e->group);
	int r;

	if (!v)
		return sk_err_set(err, -EINVAL, NULL, "a file's name is not UTF-8",
			"ファイル名が UTF-8 ではありません");
	if (!e->folder)
		json_object_set_new(v, "size", json_integer((json_int_t)e->size));
	r = put_record(b, e->folder ? 'D' : 'F', v, err);
	json_decref(v);
	return r;
}

int mg_bk_put_manifest(struct sk_buf *b, const json_t *manifest, struct sk_err *err)
{
	return put_record(b, 'M', manifest, err);
}

/* ---- reading ----------------------------------------------------------------------------------
 */
struct seen {
	char *name;
	uint64_t size;
	uint8_t sum[32];
};

struct mg_bk_reader {
	const struct mg_bk_reader_ops *ops;
	void *arg;
	struct sk_buf rec; /* record under way */
	struct seen *files;
	size_t n, cap;
	bool content; /* of files[n - 1] */
	uint64_t left, bytes;
	crypto_hash_sha256_state sum;
	json_t *manifest;
};

int mg_bk_reader_new(struct mg_bk_reader **ret, const struct mg_bk_reader_ops *ops, void *arg,
	struct sk_err *err)
{
	struct mg_bk_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return sk_err_nomem(err);
	r->ops = ops;
	r->arg = arg;
	sk_buf_init(&r->rec, MG_BK_MANIFEST_MAX + RECORD);
	*ret = r;
	return 0;
}

void mg_bk_reader_free(struct mg_bk_reader *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		free(r->files[i].name);
	free(r->files);
	sk_buf_done(&r->rec);
	json_decref(r->manifest);
	free(r);
}

size_t mg_bk_reader_files(const struct mg_bk_reader *r)
{
	return r->n;
}

uint64_t mg_bk_reader_bytes(const struct mg_bk_reader *r)
{
	return r->bytes;
}

static bool user_ok(const char *s)
{
	return s[0] && strlen(s) < MG_BK_USER_MAX &&
		strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(s);
}

static int read_entry(const json_t *v, bool folder, struct mg_bk_entry *e, struct sk_err *err)
{
	const char *name = "", *owner = "", *group = "";
	int64_t mode = 0, size = 0;

	if (sk_json_str(v, "name", true, &name, NULL) < 0 || !mg_bk_name_ok(name) ||
		sk_json_str(v, "owner", true, &owner, NULL) < 0 || !user_ok(owner) ||
		sk_json_str(v, "group", true, &group, NULL) < 0 || !user_ok(group) ||
		sk_json_int(v, "mode", true, &mode, NULL) < 0 || mode < 0 || mode > 07777 ||
		(!folder && sk_json_int(v, "size", true, &size, NULL) < 0) || size < 0 ||
		(uint64_t)size > MG_BK_SIZE_MAX)
		return bad(err, "");
	*e = (struct mg_bk_entry){.folder = folder, .size = (uint64_t)size, .mode = (unsigned)mode};
	snprintf(e->name, sizeof(e->name), "%s", name);
	snprintf(e->owner, sizeof(e->owner), "%s", owner);
	snprintf(e->group, sizeof(e->group), "%s", group);
	return 0;
}

static int end_file(struct mg_bk_reader *r, struct sk_err *err)
{
	crypto_hash_sha256_final(&r->sum, r->files[r->n - 1].sum);
	r->content = false;
	return r->ops->file_end ? r->ops->file_end(r->arg, err) : 0;
}

static int begin_file(struct mg_bk_reader *r, const struct mg_bk_entry *e, struct sk_err *err)
{
	struct seen *f;

	if (r->n >= MG_BK_FILES_MAX)
		return bad(err, e->name);
	if (sk_grow(&r->files, &r->cap, r->n + 1, sizeof(*r->files)) < 0)
		return sk_err_nomem(err);
	f = &r->files[r->n];
	*f = (struct seen){.name = strdup(e->name), .size = e->size};
	if (!f->name)
		return sk_err_nomem(err);
	r->n++;
	r->content = true;
	r->left = e->size;
	crypto_hash_sha256_init(&r->sum);
	return r->left ? 0 : end_file(r, err);
}

static int take_record(struct mg_bk_reader *r, struct sk_err *err)
{
	const char type = (char)r->rec.data[0];
	json_t *v = sk_json_parse((const char *)r->rec.data + RECORD, r->rec.len - RECORD, NULL);
	struct mg_bk_entry e;
	int ret;

	sk_buf_reset(&r->rec);
	if (!json_is_object(v)) {
		json_decref(v);
		return bad(err, "");
	}
	if (type == 'M') {
		r->manifest = v;
		return 0;
	}
	ret = read_entry(v, type == 'D', &e, err);
	json_decref(v);
	if (ret == 0)
		ret = r->ops->entry ? r->ops->entry(&e, r->arg, err) : 0;
	return ret == 0 && !e.folder ? begin_file(r, &e, err) : ret;
}

/* How many more bytes the record under way needs; -EBADMSG. */
static int64_t wants(const struct mg_bk_reader *r)
{
	const uint8_t *p = r->rec.data;
	uint32_t len;

	if (r->rec.len < RECORD)
		return (int64_t)(RECORD - r->rec.len);
	len = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
	if (!memchr("DFM", p[0], 3) || len > (p[0] == 'M' ? MG_BK_MANIFEST_MAX : ENTRY_MAX))
		return -EBADMSG;
	return (int64_t)(RECORD + (uint64_t)len - r->rec.len);
}

static int feed_content(struct mg_bk_reader *r, const uint8_t **p, size_t *n, struct sk_err *err)
{
	const size_t take = (size_t)SK_MIN((uint64_t)*n, r->left);
	int ret = r->ops->data ? r->ops->data(*p, take, r->arg, err) : 0;

	crypto_hash_sha256_update(&r->sum, *p, take);
	*p += take;
	*n -= take;
	r->left -= take;
	r->bytes += take;
	return ret < 0 || r->left ? ret : end_file(r, err);
}

static int feed_record(struct mg_bk_reader *r, const uint8_t **p, size_t *n, struct sk_err *err)
{
	int64_t more = wants(r);
	size_t take;

	if (more < 0)
		return bad(err, "");
	take = SK_MIN(*n, (size_t)more);
	sk_buf_put(&r->rec, *p, take);
	if (sk_buf_error(&r->rec))
		return sk_err_nomem(err);
	*p += take;
	*n -= take;
	more = wants(r);
	if (more < 0)
		return bad(err, "");
	return more == 0 ? take_record(r, err) : 0;
}

int mg_bk_reader_feed(struct mg_bk_reader *r, const void *p, size_t n, struct sk_err *err)
{
	const uint8_t *at = p;
	int ret = 0;

	while (ret == 0 && n) {
		if (r->manifest)
			return bad(err, ""); /* nothing follows it */
		ret = r->content ? feed_content(r, &at, &n, err) : feed_record(r, &at, &n, err);
	}
	return ret;
}

static int compare(const struct seen *f, const json_t *v, struct sk_err *err)
{
	const char *name = "", *sum = "";
	int64_t size = -1;
	char hex[65];

	sk_json_str(v, "name", true, &name, NULL);
	sk_json_str(v, "sha256", true, &sum, NULL);
	sk_json_int(v, "size", true, &size, NULL);
	if (strcmp(name, f->name) != 0 || size != (int64_t)f->size ||
		strcmp(sum, sk_hex(hex, f->sum, sizeof(f->sum))) != 0)
		return bad(err, f->name);
	return 0;
}

int mg_bk_reader_end(struct mg_bk_reader *r, const json_t **ret, struct sk_err *err)
{
	json_t *files = NULL;

	if (!r->manifest || r->content ||
		sk_json_array(r->manifest, "files", true, &files, NULL) < 0 ||
		json_array_size(files) != r->n)
		return bad(err, "");
	for (size_t i = 0; i < r->n; i++) {
		int q = compare(&r->files[i], json_array_get(files, i), err);

		if (q < 0)
			return q;
	}
	*ret = r->manifest;
	return 0;
}
