/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new backup: databases are copied first, then everything goes through the cipher into a file
 * that gets its name when it is complete. What fails leaves nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/backup/run/run.h"

static const struct sk_text copying = {"copying the registry", "台帳をコピー中"};
static const struct sk_text writing = {"writing the backup", "バックアップを書き込み中"};

struct out {
	const struct mg_bk_opts *o;
	const struct mg_bk_plan *p;
	struct mg_bk_tell *t;
	char scratch[MG_BK_PATH], part[MG_BK_PATH], name[160], host[64];
	int fd;
	struct mg_bk_stream stream;
	uint8_t plain[MG_BK_CHUNK], sealed[MG_BK_SEALED];
	size_t n;
	uint64_t written;
	crypto_hash_sha256_state sum; /* of the whole file, by which it is known again */
	json_t *files, *about;
	char *site;
};

/* ---- bytes ------------------------------------------------------------------------------------
 */
static int write_all(struct out *w, const void *p, size_t n, struct sk_err *err)
{
	const uint8_t *at = p;

	while (n) {
		const ssize_t k = write(w->fd, at, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return mg_bk_fail(err, w->p->place);
		at += k;
		n -= (size_t)k;
		w->written += (uint64_t)k;
		crypto_hash_sha256_update(&w->sum, at - k, (size_t)k);
	}
	return 0;
}

static int flush(struct out *w, bool last, struct sk_err *err)
{
	const size_t n = mg_bk_seal(&w->stream, w->plain, w->n, last, w->sealed);

	w->n = 0;
	return write_all(w, w->sealed, n, err);
}

static int put(struct out *w, const void *p, size_t n, struct sk_err *err)
{
	const uint8_t *at = p;
	int r = 0;

	while (r == 0 && n) {
		size_t take;

		/* A full chunk waits until more comes: it might be the last. */
		if (w->n == sizeof(w->plain))
			r = flush(w, false, err);
		take = SK_MIN(n, sizeof(w->plain) - w->n);
		memcpy(w->plain + w->n, at, take);
		w->n += take;
		at += take;
		n -= take;
	}
	return r;
}

/* ---- files ------------------------------------------------------------------------------------
 */
static int put_content(struct out *w, const struct mg_bk_entry *e, int fd, struct sk_err *err)
{
	crypto_hash_sha256_state sum;
	uint8_t buf[32768], hash[32];
	uint64_t left = e->size;
	char hex[65];
	json_t *row;
	int r = 0;

	crypto_hash_sha256_init(&sum);
	while (r == 0 && left) {
		const ssize_t n = read(fd, buf, (size_t)SK_MIN((uint64_t)sizeof(buf), left));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mg_bk_fail(err, e->name);
		if (n == 0)
			return sk_err_set(err, -EAGAIN, NULL,
				"%s changed while it was read; try again",
				"%s が読み取り中に変更されました。再度実行してください", e->name);
		crypto_hash_sha256_update(&sum, buf, (size_t)n);
		r = put(w, buf, (size_t)n, err);
		left -= (uint64_t)n;
		w->t->done += (uint64_t)n;
		mg_bk_progress(w->t, &writing);
	}
	crypto_hash_sha256_final(&sum, hash);
	row = json_pack("{s:s, s:I, s:s}", "name", e->name, "size", (json_int_t)e->size, "sha256",
		sk_hex(hex, hash, sizeof(hash)));
	return r < 0 ? r : json_array_append_new(w->files, row) < 0 ? sk_err_nomem(err) : 0;
}

static int put_entry(struct out *w, const struct mg_bk_entry *e, int fd, struct sk_err *err)
{
	struct sk_buf b;
	int r;

	sk_buf_init(&b, 8192);
	r = mg_bk_put_entry(&b, e, err);
	if (r == 0)
		r = put(w, b.data, b.len, err);
	sk_buf_done(&b);
	return r < 0 || e->folder ? r : put_content(w, e, fd, err);
}

static int one(const struct mg_bk_entry *e, int fd, void *arg, struct sk_err *err)
{
	struct out *w = arg;
	_cleanup_(sk_closep) int copy = -1;
	struct mg_bk_entry copied = *e;
	char path[MG_BK_PATH + MG_BK_NAME_MAX];
	struct stat st;

	if (!mg_bk_is_database(e->name))
		return put_entry(w, e, fd, err);
	snprintf(path, sizeof(path), "%s/%s", w->scratch, e->name + strlen("mgmtd/"));
	copy = open(path, O_RDONLY | O_CLOEXEC);
	if (copy < 0 || fstat(copy, &st) < 0)
		return mg_bk_fail(err, path);
	copied.size = (uint64_t)st.st_size;
	return put_entry(w, &copied, copy, err);
}

static int add_size(const struct mg_bk_entry *e, int fd, void *arg, struct sk_err *err)
{
	((struct out *)arg)->t->total += e->size;
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------------
 */
static int write_head(struct out *w, struct sk_err *err)
{
	struct mg_bk_head *h = calloc(1, sizeof(*h));
	uint8_t key[MG_BK_KEY];
	struct sk_buf b;
	int r = 0;

	if (!h)
		return sk_err_nomem(err);
	h->created = w->p->now;
	snprintf(h->product, sizeof(h->product), "%s", SK_VERSION);
	snprintf(h->site, sizeof(h->site), "%.120s", w->p->site ? w->p->site : "");
	crypto_secretstream_xchacha20poly1305_keygen(key);
	if (w->p->has_pub)
		r = mg_bk_lock_public(h, key, w->p->pub, err);
	if (r == 0 && w->p->pass)
		r = mg_bk_lock_passphrase(h, key, w->p->pass, w->p->pass_len, err);
	if (r == 0) {
		mg_bk_seal_init(&w->stream, h, key);
		sk_buf_init(&b, MG_BK_HEAD_MAX + 64);
		r = mg_bk_head_encode(h, &b, err);
		mg_bk_stream_bind(&w->stream, b.data, b.len);
		if (r == 0)
			r = write_all(w, b.data, b.len, err);
		sk_buf_done(&b);
	}
	sodium_memzero(key, sizeof(key));
	free(h);
	return r;
}

static int write_manifest(struct out *w, struct sk_err *err)
{
	struct sk_buf b;
	int r;

	json_object_set(w->about, "files", w->files);
	sk_buf_init(&b, MG_BK_MANIFEST_MAX + 64);
	r = mg_bk_put_manifest(&b, w->about, err);
	if (r == 0)
		r = put(w, b.data, b.len, err);
	sk_buf_done(&b);
	return r < 0 ? r : flush(w, true, err);
}

/* As part of a file's name, on any file system. */
static void read_host(char dst[64])
{
	if (gethostname(dst, 64) < 0 || !dst[0])
		snprintf(dst, 64, "gateway");
	dst[63] = '\0';
	for (char *s = dst; *s; s++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.", *s))
			*s = '_';
}

/* Its name: the time first, so that names sort by age, and whose it is. */
static void choose_name(struct out *w)
{
	time_t t = (time_t)w->p->now;
	struct tm tm;
	char stamp[32];

	localtime_r(&t, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	read_host(w->host);
	snprintf(w->name, sizeof(w->name), "sekisho-%s-%s-%s" MG_BK_SUFFIX, stamp, w->host,
		w->p->label);
	snprintf(w->part, sizeof(w->part), "%.800s/.%s.part", w->p->place, w->name);
}

static int open_part(struct out *w, struct sk_err *err)
{
	w->fd = open(w->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->fd >= 0)
		return 0;
	if (errno == EROFS || errno == EACCES)
		return sk_err_set(err, -errno, "to", "%s cannot be written", "%s に書き込めません",
			w->p->place);
	return mg_bk_fail(err, w->p->place);
}

static int finish(struct out *w, struct sk_err *err)
{
	char path[MG_BK_PATH];
	_cleanup_(sk_closep) int dir = -1;

	snprintf(path, sizeof(path), "%.800s/%s", w->p->place, w->name);
	if (fsync(w->fd) < 0)
		return mg_bk_fail(err, w->p->place);
	/* FAT has no hard links: rename alone, the name is of this second. */
	if (access(path, F_OK) == 0)
		return sk_err_set(
			err, -EEXIST, NULL, "%s exists already", "%s は既にあります", path);
	if (rename(w->part, path) < 0)
		return mg_bk_fail(err, path);
	w->part[0] = '\0';
	dir = open(w->p->place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		fsync(dir);
	return 0;
}

static int write_everything(struct out *w, struct sk_err *err)
{
	const struct mg_bk_walk sizes = {.with = w->p->with, .fn = add_size, .arg = w};
	const struct mg_bk_walk files = {.with = w->p->with, .fn = one, .arg = w};
	int r = mg_bk_walk_all(w->o, &sizes, err);

	mg_bk_progress(w->t, &copying);
	if (r == 0)
		r = mg_bk_snapshot(w->o, w->scratch, w->about, err);
	if (r == 0)
		r = open_part(w, err);
	if (r == 0)
		r = write_head(w, err);
	if (r == 0)
		r = mg_bk_walk_all(w->o, &files, err);
	if (r == 0)
		r = write_manifest(w, err);
	return r < 0 ? r : finish(w, err);
}

static json_t *answer(struct out *w, uint64_t began)
{
	json_t *audit = json_object_get(w->about, "audit");
	uint8_t sum[32];
	char hex[65];
	json_t *v;

	crypto_hash_sha256_final(&w->sum, sum);
	v = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "name", w->name, "place", w->p->place,
		"created", (json_int_t)w->p->now, "bytes", (json_int_t)w->written, "files",
		(json_int_t)json_array_size(w->files), "took_ms",
		(json_int_t)((sk_mono_us() - began) / 1000), "sha256",
		sk_hex(hex, sum, sizeof(sum)));

	if (v && audit) {
		json_object_set(v, "audit_rows", json_object_get(audit, "rows"));
		json_object_set(v, "audit_faults", json_object_get(audit, "faults"));
	}
	return v;
}

int mg_bk_create(const struct mg_bk_opts *o, const struct mg_bk_plan *p, struct mg_bk_tell *t,
	json_t **ret, struct sk_err *err)
{
	const uint64_t began = sk_mono_us();
	_cleanup_(sk_closep) int lock = mg_bk_lock(o, true, err);
	struct out *w = lock < 0 ? NULL : calloc(1, sizeof(*w));
	int r;

	if (lock < 0)
		return lock;
	if (!w)
		return sk_err_nomem(err);
	*w = (struct out){.o = o, .p = p, .t = t, .fd = -1, .files = json_array()};
	w->about = json_pack("{s:I, s:s, s:s}", "created", (json_int_t)p->now, "product",
		SK_VERSION, "site", p->site ? p->site : "");
	crypto_hash_sha256_init(&w->sum);
	choose_name(w);
	snprintf(w->scratch, sizeof(w->scratch), "%.900s/.work-XXXXXX", o->backup_dir);
	r = !p->pass && !p->has_pub ? sk_err_set(err, -ENOKEY, NULL,
					      "there is no key yet: `sekisho backup key new` makes "
					      "one, or give a passphrase",
					      "鍵がありません。sekisho backup key new "
					      "で作成するか、パスフレーズを指定してください")
				    : 0;
	if (r == 0 && !mkdtemp(w->scratch))
		r = mg_bk_fail(err, o->backup_dir);
	if (r == 0) {
		r = write_everything(w, err);
		mg_bk_remove_tree(w->scratch);
	}
	if (r < 0 && w->fd >= 0 && w->part[0])
		unlink(w->part);
	if (r == 0 && p->keep)
		mg_bk_prune(p->place, w->host, p->keep);
	if (r == 0)
		*ret = answer(w, began);
	sk_closep(&w->fd);
	json_decref(w->files);
	json_decref(w->about);
	sodium_memzero(w->plain, sizeof(w->plain));
	free(w);
	return r;
}
