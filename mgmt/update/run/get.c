/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A release from its index to a whole and verified bundle in the state folder. Over the network
 * HTTPS only, bounded, and an interrupted transfer goes on where it ended: what counts is the hash
 * in the signed index.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/feeds/fetch/fetch.h"
#include "mgmt/update/run/run.h"

#define PART "bundle.part"
#define PART_OF "part.json"
#define SIGNATURE ".p7s"
#define SIGNATURE_MAX (64u << 10)
#define COPY (1u << 20)

static const struct sk_text fetching = {"fetching the update", "更新をダウンロード中"};
static const struct sk_text checking = {"checking the update", "更新を検証中"};
static const struct sk_text copying = {"copying the update", "更新をコピー中"};

static int path_in(const struct mg_run_opts *o, const char *name, char dst[512], struct sk_err *err)
{
	return snprintf(dst, 512, "%s/%s", o->state_dir, name) < 512
		? 0
		: sk_err_en(err, -ENAMETOOLONG, NULL, "the state folder's name is too long");
}

static int file_error(struct sk_err *err, int code, const char *path)
{
	return sk_err_set(err, code, NULL, "%s: %s", "%s: %s", path, strerror(-code));
}

/* ---- the index ----
 */
static int get_text(struct mg_http *h, const char *url, struct sk_buf *b, struct sk_err *err)
{
	const struct mg_http_conditions none = {0};
	struct mg_http_result result = {0};

	return mg_http_get(h, url, &none, b, &result, err);
}

static int signature_url(const char *url, char *dst, size_t cap)
{
	const size_t path = strcspn(url, "?#");

	return snprintf(dst, cap, "%.*s" SIGNATURE "%s", (int)path, url, url + path) < (int)cap
		? 0
		: -EINVAL;
}

int mg_get_index(const struct mg_run_opts *o, const char *url, const char *compatible,
	struct mg_release *ret, struct mg_signer *signer, struct sk_err *err)
{
	const struct mg_http_opts opts = {.ca_file = o->ca_file, .timeout = 60};
	char sig_url[MG_FEED_URL_MAX + 8];
	struct mg_http *h = NULL;
	struct sk_buf index, sig;
	int r = mg_feed_url_check(url, err);

	if (r == 0 && signature_url(url, sig_url, sizeof(sig_url)) < 0)
		r = sk_err_set(
			err, -EINVAL, "source", "the address is too long", "URL が長すぎます");
	if (r == 0)
		r = mg_http_new(&h, &opts, err);
	if (r < 0)
		return r;
	sk_buf_init(&index, MG_INDEX_MAX);
	sk_buf_init(&sig, SIGNATURE_MAX);
	r = get_text(h, url, &index, err);
	if (r == 0)
		r = get_text(h, sig_url, &sig, err);
	if (r == 0) {
		const struct mg_cms c = {sig.data, sk_buf_str(&index), sig.len, index.len};

		r = mg_cms_verify(o->keyring, &c, NULL, signer, err);
	}
	if (r == 0)
		r = mg_index_parse(sk_buf_str(&index), index.len, compatible, ret, err);
	sk_buf_done(&index);
	sk_buf_done(&sig);
	mg_http_free(h);
	return r;
}

/* ---- the bundle ----
 */
/* SHA-256 of the first size bytes of fd. */
static int hash_file(int fd, int64_t size, struct sk_oneshot *s, char hex[65])
{
	_cleanup_(sk_freep) uint8_t *p = malloc(COPY);
	crypto_hash_sha256_state st;
	uint8_t sum[32];
	int64_t at = 0;

	if (!p)
		return -ENOMEM;
	crypto_hash_sha256_init(&st);
	while (at < size) {
		const ssize_t n = pread(fd, p, (size_t)SK_MIN(size - at, (int64_t)COPY), at);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		crypto_hash_sha256_update(&st, p, (size_t)n);
		at += n;
		sk_oneshot_progress(s, (uint64_t)at, (uint64_t)size, &checking);
	}
	crypto_hash_sha256_final(&st, sum);
	sk_hex(hex, sum, sizeof(sum));
	return 0;
}

/* The bytes there are of this very bundle. */
static int64_t have_of(const struct mg_run_opts *o, int fd, const struct mg_release *r)
{
	json_t *v = mg_state_load(o->state_dir, PART_OF);
	const bool same = sk_streq(json_string_value(json_object_get(v, "sha256")), r->sha256);
	struct stat st;

	json_decref(v);
	if (same && fstat(fd, &st) == 0 && st.st_size <= r->size)
		return st.st_size;
	return ftruncate(fd, 0) < 0 ? -errno : 0;
}

struct telling {
	struct sk_oneshot *s;
	int64_t size;
};

static void on_progress(int64_t now, void *arg)
{
	struct telling *t = arg;

	sk_oneshot_progress(t->s, (uint64_t)now, (uint64_t)t->size, &fetching);
}

static int transfer(
	const struct mg_run_opts *o, const char *url, struct mg_http_file *f, struct sk_err *err)
{
	const struct mg_http_opts opts = {.ca_file = o->ca_file, .timeout = o->timeout};
	struct mg_http *h = NULL;
	int r = mg_http_new(&h, &opts, err);

	if (r == 0)
		r = mg_http_download(h, url, f, err);
	mg_http_free(h);
	return r;
}

static int check_hash(
	struct sk_oneshot *s, int fd, const struct mg_http_file *f, const struct mg_release *rel)
{
	char hex[65];
	int r = f->have == rel->size ? hash_file(fd, rel->size, s, hex) : -EBADMSG;

	return r == 0 && strcmp(hex, rel->sha256) != 0 ? -EBADMSG : r;
}

static int fetch(const struct mg_run_opts *o, struct sk_oneshot *s, int fd, const char *url,
	const struct mg_release *rel, struct sk_err *err)
{
	struct telling t = {s, rel->size};
	struct mg_http_file f = {.fd = fd, .max = rel->size, .progress = on_progress, .arg = &t};
	bool resumed;
	int r;

	f.have = have_of(o, fd, rel);
	resumed = f.have > 0;
	r = f.have < 0 ? file_error(err, (int)f.have, PART)
		       : mg_state_space(o->state_dir, rel->size - f.have, err);
	if (r == 0)
		r = f.have == rel->size ? 0 : transfer(o, url, &f, err);
	if (r < 0)
		return r;
	r = check_hash(s, fd, &f, rel);
	/* Another file at the same place than the one that was begun: once more, from the start. */
	if (r == -EBADMSG && resumed) {
		f.have = 0;
		if (ftruncate(fd, 0) == 0 && (r = transfer(o, url, &f, err)) < 0)
			return r;
		r = check_hash(s, fd, &f, rel);
	}
	if (r < 0 && ftruncate(fd, 0) < 0)
		r = -errno;
	return r < 0 ? sk_err_set(err, r, "sha256",
			       "what was fetched is not the file that was signed: thrown away",
			       "ダウンロードした内容が署名された更新と異なるため、破棄しました")
		     : 0;
}

/* Durable under its final name. */
static int finish(const struct mg_run_opts *o, int fd, struct sk_err *err)
{
	char from[512], to[512];
	int r = path_in(o, PART, from, err);

	if (r == 0)
		r = path_in(o, MG_BUNDLE_FILE, to, err);
	if (r == 0 && (fsync(fd) < 0 || rename(from, to) < 0))
		r = file_error(err, -errno, to);
	if (r == 0)
		mg_state_remove(o->state_dir, PART_OF);
	return r;
}

static int open_part(const struct mg_run_opts *o, int flags, struct sk_err *err)
{
	char path[512];
	int r = path_in(o, PART, path, err), fd;

	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	return fd < 0 ? file_error(err, -errno, path) : fd;
}

int mg_get_bundle(const struct mg_run_opts *o, struct sk_oneshot *s, const char *index_url,
	const struct mg_release *rel, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd = open_part(o, 0, err);
	json_t *of = json_pack("{s:s, s:s}", "sha256", rel->sha256, "version", rel->version);
	char url[MG_FEED_URL_MAX + 128];
	int r = fd;

	if (r >= 0)
		r = mg_index_beside(index_url, rel->file, url, sizeof(url));
	if (r == 0) {
		/* What is there of another release goes before the note says otherwise. */
		const int64_t have = have_of(o, fd, rel);

		r = have < 0 ? file_error(err, (int)have, PART)
			     : mg_state_save(o->state_dir, PART_OF, of, err);
	}
	json_decref(of);
	if (r == 0)
		r = fetch(o, s, fd, url, rel, err);
	return r < 0 ? r : finish(o, fd, err);
}

/* ---- from a file ----
 */
static int copy(struct sk_oneshot *s, int from, int to, int64_t size)
{
	_cleanup_(sk_freep) uint8_t *p = malloc(COPY);
	int64_t at = 0;

	if (!p)
		return -ENOMEM;
	while (at < size) {
		const ssize_t n = pread(from, p, (size_t)SK_MIN(size - at, (int64_t)COPY), at);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		for (ssize_t done = 0; done < n;) {
			const ssize_t w = pwrite(to, p + done, (size_t)(n - done), at + done);

			if (w <= 0)
				return w < 0 ? -errno : -EIO;
			done += w;
		}
		at += n;
		sk_oneshot_progress(s, (uint64_t)at, (uint64_t)size, &copying);
	}
	return 0;
}

int mg_get_local(
	const struct mg_run_opts *o, struct sk_oneshot *s, const char *path, struct sk_err *err)
{
	_cleanup_(sk_closep) int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_(sk_closep) int to = -1;
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return sk_err_set(err, -errno, "file", "%s cannot be read: %s",
			"%s を読み取れません (%s)", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > MG_BUNDLE_MAX)
		return sk_err_set(err, -EINVAL, "file", "is no update bundle (.raucb)",
			"更新用のファイル (.raucb) ではありません");
	mg_state_remove(o->state_dir, PART_OF);
	to = open_part(o, O_TRUNC, err);
	r = to < 0 ? to : mg_state_space(o->state_dir, st.st_size, err);
	if (r == 0 && (r = copy(s, from, to, st.st_size)) < 0) {
		file_error(err, r, path);
		mg_state_remove(o->state_dir, PART);
	}
	return r < 0 ? r : finish(o, to, err);
}

/* ---- what it is ----
 */
static int read_at(int fd, void *p, size_t n, int64_t at)
{
	const ssize_t got = pread(fd, p, n, at);

	return got == (ssize_t)n ? 0 : got < 0 ? -errno : -EIO;
}

int mg_get_inspect(const struct mg_run_opts *o, struct mg_manifest *ret, struct mg_signer *signer,
	struct sk_err *err)
{
	_cleanup_(sk_freep) uint8_t *sig = NULL;
	_cleanup_(sk_closep) int fd = -1;
	struct sk_buf manifest;
	uint8_t tail[8] = {0};
	struct stat st;
	char path[512];
	size_t len = 0;
	int r = path_in(o, MG_BUNDLE_FILE, path, err);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return file_error(err, -errno, path);
	if (st.st_size >= 8)
		read_at(fd, tail, sizeof(tail), st.st_size - 8);
	r = mg_bundle_signature(tail, st.st_size, &len, err);
	if (r < 0)
		return r;
	sig = malloc(len);
	if (!sig || read_at(fd, sig, len, st.st_size - 8 - (int64_t)len) < 0)
		return file_error(err, -EIO, path);
	sk_buf_init(&manifest, 64u << 10);
	r = mg_cms_verify(
		o->keyring, &(struct mg_cms){.sig = sig, .sig_len = len}, &manifest, signer, err);
	if (r == 0)
		r = mg_manifest_parse(sk_buf_str(&manifest), manifest.len, ret, err);
	sk_buf_done(&manifest);
	return r;
}
