/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A backup read from its first byte to its last, into a new folder or into nothing. Files are made
 * without rights of anybody but root; owners come later, when all was checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/backup/run/run.h"

struct in {
	int fd, out;
	const char *dir; /* NULL: only checked */
	struct mg_bk_entries *entries;
	struct mg_bk_tell *t;
	struct mg_bk_stream stream;
	uint8_t sealed[MG_BK_SEALED], plain[MG_BK_CHUNK];
	struct mg_bk_head head;
	crypto_hash_sha256_state sum; /* of all that was read of the file */
};

/* ---- into the folder --------------------------------------------------------------------------
 */
static int on_entry(const struct mg_bk_entry *e, void *arg, struct sk_err *err)
{
	struct in *in = arg;
	char path[MG_BK_PATH + MG_BK_NAME_MAX];

	if (!mg_bk_source_of(e->name))
		return sk_err_set(err, -EPROTONOSUPPORT, NULL,
			"the backup holds %s, which this version does not know: update first",
			"このバージョンが対応していない内容 (%s) が含まれています。先に Sekisho "
			"を更新してください",
			e->name);
	if (!in->dir)
		return 0;
	if (sk_grow(&in->entries->v, &in->entries->cap, in->entries->n + 1, sizeof(*e)) < 0)
		return sk_err_nomem(err);
	in->entries->v[in->entries->n++] = *e;
	/* Parents come first and were made here, so no link can lead out. */
	snprintf(path, sizeof(path), "%s/%s", in->dir, e->name);
	if (e->folder)
		return mkdir(path, 0700) < 0 ? mg_bk_fail(err, path) : 0;
	in->out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return in->out < 0 ? mg_bk_fail(err, path) : 0;
}

static int on_data(const void *p, size_t n, void *arg, struct sk_err *err)
{
	const struct in *in = arg;
	const uint8_t *at = p;

	while (in->out >= 0 && n) {
		const ssize_t k = write(in->out, at, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return mg_bk_fail(err, in->dir);
		at += k;
		n -= (size_t)k;
	}
	return 0;
}

static int on_file_end(void *arg, struct sk_err *err)
{
	struct in *in = arg;

	if (in->out >= 0 && fsync(in->out) < 0)
		return mg_bk_fail(err, in->dir);
	sk_closep(&in->out);
	in->out = -1;
	return 0;
}

/* ---- out of the file --------------------------------------------------------------------------
 */
static ssize_t read_full(int fd, uint8_t *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		const ssize_t k = read(fd, p + got, n - got);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		if (k == 0)
			break;
		got += (size_t)k;
	}
	return (ssize_t)got;
}

static int unlock(const struct in *in, const struct mg_bk_secret *s, uint8_t key[MG_BK_KEY],
	struct sk_err *err)
{
	struct mg_bk_keyfile k;
	int r;

	if (!s->is_key)
		return mg_bk_unlock_passphrase(&in->head, s->text, s->len, key, err);
	r = mg_bk_key_parse(s->text, s->len, &k, err);
	if (r == 0 && !k.has_secret)
		r = sk_err_set(err, -EINVAL, "key",
			"is the public key: the file written by `sekisho backup key new` is needed",
			"は公開鍵です。sekisho backup key new "
			"で出力した鍵ファイルを指定してください");
	if (r == 0)
		r = mg_bk_unlock_secret(&in->head, k.secret, key, err);
	sodium_memzero(&k, sizeof(k));
	return r;
}

static int begin(struct in *in, const struct mg_bk_secret *s, struct sk_err *err)
{
	uint8_t p[MG_BK_HEAD_MAX + 64], key[MG_BK_KEY];
	const ssize_t n = read_full(in->fd, p, sizeof(p));
	size_t used = 0;
	int r;

	if (n < 0)
		return mg_bk_fail(err, "backup");
	r = mg_bk_head_parse(p, (size_t)n, &in->head, &used, err);
	if (r == -EAGAIN)
		return mg_bk_cut(err);
	if (r == 0 && lseek(in->fd, (off_t)used, SEEK_SET) < 0)
		r = mg_bk_fail(err, "backup");
	if (r == 0)
		r = unlock(in, s, key, err);
	if (r == 0)
		r = mg_bk_open_init(&in->stream, &in->head, key, err);
	if (r == 0) {
		mg_bk_stream_bind(&in->stream, p, used);
		crypto_hash_sha256_init(&in->sum);
		crypto_hash_sha256_update(&in->sum, p, used);
	}
	sodium_memzero(key, sizeof(key));
	return r;
}

static int read_all(struct in *in, struct mg_bk_reader *reader, struct sk_err *err)
{
	static const struct sk_text reading = {"reading the backup", "バックアップを読み込み中"};
	int r = 0;

	while (r == 0) {
		const ssize_t n = read_full(in->fd, in->sealed, sizeof(in->sealed));
		size_t len = 0;

		if (n < 0)
			return mg_bk_fail(err, "backup");
		if (n == 0)
			return in->stream.ended ? 0 : mg_bk_cut(err);
		crypto_hash_sha256_update(&in->sum, in->sealed, (size_t)n);
		/* A short chunk is the last one, or the file was cut within it. */
		r = mg_bk_open(&in->stream, in->sealed, (size_t)n, in->plain, &len, err);
		if (r == -EBADMSG && (size_t)n < sizeof(in->sealed) && !in->stream.ended)
			r = mg_bk_cut(err);
		if (r == 0)
			r = mg_bk_reader_feed(reader, in->plain, len, err);
		in->t->done += (uint64_t)n;
		mg_bk_progress(in->t, &reading);
	}
	return r;
}

static int open_file(struct in *in, const char *path, struct sk_err *err)
{
	struct stat st;

	in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (in->fd < 0 && errno == ENOENT)
		return sk_err_set(err, -ENOENT, "name", "there is no backup %s",
			"バックアップ %s がありません", path);
	if (in->fd < 0 || fstat(in->fd, &st) < 0)
		return mg_bk_fail(err, path);
	if (!S_ISREG(st.st_mode))
		return sk_err_set(err, -EINVAL, "name", "is no file", "はファイルではありません");
	in->t->total = (uint64_t)st.st_size;
	in->t->done = 0;
	return 0;
}

static json_t *about(struct in *in, const struct mg_bk_reader *r, const json_t *manifest)
{
	json_t *v = json_copy((json_t *)manifest);
	uint8_t sum[32];
	char hex[65];

	if (!v)
		return NULL;
	crypto_hash_sha256_final(&in->sum, sum);
	json_object_set_new(v, "sha256", json_string(sk_hex(hex, sum, sizeof(sum))));
	json_object_set_new(v, "created", json_integer(in->head.created));
	json_object_set_new(v, "product", json_string(in->head.product));
	json_object_set_new(v, "n_files", json_integer((json_int_t)mg_bk_reader_files(r)));
	json_object_set_new(v, "content", json_integer((json_int_t)mg_bk_reader_bytes(r)));
	json_object_set_new(v, "bytes", json_integer((json_int_t)in->t->total));
	return v;
}

int mg_bk_read(const char *path, const struct mg_bk_secret *s, const char *dir,
	struct mg_bk_entries *entries, struct mg_bk_tell *t, json_t **ret_manifest,
	struct sk_err *err)
{
	static const struct mg_bk_reader_ops ops = {on_entry, on_data, on_file_end};
	struct in *in = calloc(1, sizeof(*in));
	struct mg_bk_reader *reader = NULL;
	const json_t *manifest = NULL;
	int r;

	if (!in)
		return sk_err_nomem(err);
	*in = (struct in){.fd = -1, .out = -1, .dir = dir, .entries = entries, .t = t};
	r = open_file(in, path, err);
	if (r == 0)
		r = begin(in, s, err);
	if (r == 0)
		r = mg_bk_reader_new(&reader, &ops, in, err);
	if (r == 0)
		r = read_all(in, reader, err);
	if (r == 0)
		r = mg_bk_reader_end(reader, &manifest, err);
	if (r == 0) {
		*ret_manifest = about(in, reader, manifest);
		r = *ret_manifest ? 0 : sk_err_nomem(err);
	}
	mg_bk_reader_free(reader);
	sk_closep(&in->fd);
	sk_closep(&in->out);
	sodium_memzero(in, sizeof(*in));
	free(in);
	return r;
}
