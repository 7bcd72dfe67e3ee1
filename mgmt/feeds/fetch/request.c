/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request of mgmtd: feed.fetch or feed.parse. Everything is open before rights are given up;
 * then the source is read, verified, unpacked, parsed, and answered with a sealed list or with the
 * reason why there is none.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/feeds/fetch/fetch.h"
#include "mgmt/feeds/parse.h"
#include "mgmt/feeds/unpack.h"
#include "mgmt/feeds/verify.h"

#define REQUEST_MS 10000
#define KEY_MAX MG_FETCH_SECRET_MAX
#define LOCAL_ETAG "sha256:"

struct request {
	const struct mg_fetch_opts *o;
	int fd;
	uint32_t id;
	uint64_t began; /* monotonic µs */
	struct mg_feed_def d;
	bool parse; /* the content came with the request */
	int64_t now;
	const char *etag, *last_modified; /* borrowed from the request's body */
	void *given;                      /* what came with it: content or previous list; mapped */
	size_t given_len;
	struct mg_local_files files;
	char key[KEY_MAX];

	struct mg_list_builder *b;
	struct mg_parse_tally t;
	struct mg_http_result http;
	uint64_t bytes;
	uint64_t by_kind[SK_BL_KINDS];
};

/* ---- the request ----
 */
static int map_given(struct request *q, int fd, struct sk_err *err)
{
	struct stat st;
	int r = sk_memfd_check(fd, err);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return sk_err_en(err, -errno, NULL, "memfd: %s", strerror(errno));
	if (st.st_size > (off_t)MG_FEED_BYTES_MAX)
		return sk_err_set(err, -EFBIG, NULL, "is larger than %u MiB",
			"%u MiB を超えています", MG_FEED_BYTES_MAX >> 20);
	if (st.st_size == 0)
		return 0;
	q->given = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (q->given == MAP_FAILED) {
		q->given = NULL;
		return sk_err_en(err, -errno, NULL, "memfd: %s", strerror(errno));
	}
	q->given_len = (size_t)st.st_size;
	return 0;
}

static int read_args(struct request *q, const json_t *args, struct sk_err *err)
{
	static const char *const keys[] = {
		"definition", "etag", "last_modified", "now", "name", NULL};
	json_t *definition;
	const char *name = NULL;
	int r = sk_json_only(args, keys, err);

	if (r == 0)
		r = sk_json_object(args, "definition", true, &definition, err);
	if (r == 0)
		r = sk_json_str(args, "etag", false, &q->etag, err);
	if (r == 0)
		r = sk_json_str(args, "last_modified", false, &q->last_modified, err);
	if (r == 0)
		r = sk_json_int(args, "now", true, &q->now, err);
	if (r == 0)
		r = sk_json_str(args, "name", false, &name, err);
	if (r == 0 &&
		(q->now < 0 || strlen(q->etag ? q->etag : "") > 255 ||
			strlen(q->last_modified ? q->last_modified : "") > 63 ||
			strpbrk(q->etag ? q->etag : "", "\r\n") ||
			strpbrk(q->last_modified ? q->last_modified : "", "\r\n")))
		r = sk_err_en(err, -EINVAL, "etag", "is too long, or now is no time");
	if (r < 0)
		return r;
	r = mg_feed_def_parse(&q->d, definition, err);
	if (r < 0)
		sk_err_prefix(err, "definition");
	return r;
}

static int read_key(struct request *q, struct sk_err *err)
{
	int r;

	if (q->parse || !q->d.wants_key)
		return 0;
	r = mg_fetch_secret(q->o->secrets, q->d.name, q->key, sizeof(q->key));
	if (r == -ENOENT)
		return sk_err_set(err, -ENOKEY, "api_key_header",
			"needs an API key, named %s: sekisho secret set feeds - --add",
			"API キーが必要です(名称 %s): sekisho secret set feeds - --add", q->d.name);
	if (r < 0)
		return sk_err_set(err, r, "api_key_header",
			"the API key in the secrets file is too long or holds blanks",
			"シークレットファイルの API キーが長すぎるか、空白が含まれています");
	return 0;
}

static int read_request(struct request *q, struct sk_ipc_msg *m, struct sk_err *err)
{
	const char *op = NULL;
	json_t *args = NULL;
	int r = sk_json_str(m->body, "op", true, &op, err);

	if (r == 0)
		r = sk_json_object(m->body, "args", true, &args, err);
	if (r < 0)
		return r;
	q->parse = strcmp(op, "feed.parse") == 0;
	if (!q->parse && strcmp(op, "feed.fetch") != 0)
		return sk_err_en(err, -EOPNOTSUPP, "op", "there is no such operation");
	r = read_args(q, args, err);
	if (r == 0 && m->fd >= 0)
		r = map_given(q, m->fd, err);
	if (r == 0 && q->parse && m->fd < 0)
		r = sk_err_en(err, -EINVAL, NULL, "the content did not come with the request");
	if (r == 0)
		r = read_key(q, err);
	if (r == 0 && !q->parse && q->d.path)
		r = mg_local_open(&q->files, &q->d, err);
	return r;
}

/* ---- content to entries ----
 */
static int parse_plain(struct request *q, const void *p, size_t n, struct sk_err *err)
{
	struct sk_buf plain;
	int r;

	sk_buf_init(&plain, q->d.max_bytes);
	r = mg_feed_unpack(p, n, &plain, err);
	if (r == 1) {
		p = plain.data;
		n = plain.len;
	}
	if (r >= 0)
		r = mg_feed_parse(&q->d, q->now, p, n, q->b, &q->t, err);
	sk_buf_done(&plain);
	return r;
}

/* Where its hash or signature lies: fetched, or opened before. */
static int beside(struct request *q, struct mg_http *h, const char *url, int fd, struct sk_buf *out,
	struct sk_err *err)
{
	const struct mg_http_conditions none = {0};
	struct mg_http_result result = {0};
	int r;

	sk_buf_init(out, MG_VERIFY_MAX);
	if (!h)
		return sk_fd_read(fd, out, err);
	r = mg_http_get(h, url, &none, out, &result, err);
	return r;
}

static const char *file_name(const struct request *q)
{
	const char *at = q->d.url ? q->d.url : q->d.path, *slash = strrchr(at, '/');

	return slash && slash[1] ? slash + 1 : at;
}

static int verify(struct request *q, struct mg_http *h, const void *p, size_t n, struct sk_err *err)
{
	struct sk_buf b = {0};
	int r = q->d.sha256 ? mg_verify_sha256(q->d.sha256, p, n, err) : 0;

	if (r == 0 && q->d.sha256_at) {
		r = beside(q, h, q->d.sha256_at, q->files.checksum, &b, err);
		if (r == 0)
			r = mg_verify_sha256_text(sk_buf_str(&b), b.len, file_name(q), p, n, err);
		sk_buf_done(&b);
	}
	if (r < 0)
		sk_err_prefix(err, "checksum");
	if (r == 0 && q->d.signature != MG_SIG_NONE) {
		r = beside(q, h, q->d.signature_at, q->files.signature, &b, err);
		if (r == 0) {
			const struct mg_signed s = {sk_buf_str(&b), b.len, p, n};

			r = q->d.signature == MG_SIG_MINISIGN
				? mg_verify_minisign(q->d.signature_key, &s, err)
				: mg_verify_ed25519(q->d.signature_key, &s, err);
		}
		if (r < 0)
			sk_err_prefix(err, "signature");
		sk_buf_done(&b);
	}
	return r;
}

/* ---- over the network ----
 */
static int source_url(const struct request *q, char dst[MG_FEED_URL_MAX + KEY_MAX])
{
	const char *mark = strstr(q->d.url, MG_FEED_KEY_MARK);

	if (!mark)
		return snprintf(dst, MG_FEED_URL_MAX + KEY_MAX, "%s", q->d.url);
	return snprintf(dst, MG_FEED_URL_MAX + KEY_MAX, "%.*s%s%s", (int)(mark - q->d.url),
		q->d.url, q->key, mark + strlen(MG_FEED_KEY_MARK));
}

struct events {
	struct request *q;
	struct mg_http *h;
	struct sk_buf body;
	struct sk_err *err;
};

/* One event of a MISP feed. One that is gone is an error of the list, not its end. */
static int one_event(const char *uuid, void *arg)
{
	static const struct sk_text gone = {"the event is not there", "イベントがありません"};
	const struct mg_http_conditions none = {0};
	struct events *e = arg;
	struct mg_parse_tally *t = &e->q->t;
	struct mg_http_result result = {0};
	char url[MG_FEED_URL_MAX + 64];
	int r;

	snprintf(url, sizeof(url), "%.*s%s.json",
		(int)(strlen(e->q->d.url) - strlen("manifest.json")), e->q->d.url, uuid);
	sk_buf_reset(&e->body);
	r = mg_http_get(e->h, url, &none, &e->body, &result, e->err);
	if (r == -ENOENT && t->n_first < MG_PARSE_FIRST) {
		t->first[t->n_first].why = &gone;
		snprintf(t->first[t->n_first++].sample, MG_PARSE_SAMPLE, "%s", uuid);
	}
	if (r == -ENOENT) {
		t->lines++;
		t->errors++;
		return 0;
	}
	if (r < 0)
		return r;
	e->q->bytes += e->body.len;
	if (e->q->bytes > e->q->d.max_bytes)
		return sk_err_set(e->err, -EFBIG, "max_bytes", "is larger than %llu bytes in all",
			"合計で %llu バイトを超えています", (unsigned long long)e->q->d.max_bytes);
	return mg_feed_parse(&e->q->d, e->q->now, e->body.data, e->body.len, e->q->b, t, e->err);
}

static int fetch_events(
	struct request *q, struct mg_http *h, const struct sk_buf *manifest, struct sk_err *err)
{
	struct events e = {.q = q, .h = h, .err = err};
	int r;

	sk_buf_init(&e.body, q->d.max_bytes);
	r = mg_feed_misp_manifest(&q->d, q->now, manifest->data, manifest->len, one_event, &e, err);
	sk_buf_done(&e.body);
	return r;
}

static int fetch_url(struct request *q, struct sk_err *err)
{
	const struct mg_http_opts o = {.ca_file = q->o->ca_file,
		.proxy = q->d.proxy,
		.header = q->d.api_key_header,
		.key = q->key[0] ? q->key : NULL,
		.timeout = q->d.timeout};
	const struct mg_http_conditions c = {q->etag, q->last_modified};
	char url[MG_FEED_URL_MAX + KEY_MAX];
	struct mg_http *h = NULL;
	struct sk_buf body;
	int r = mg_http_new(&h, &o, err);

	if (r < 0)
		return r;
	sk_buf_init(&body, q->d.max_bytes);
	source_url(q, url);
	r = mg_http_get(h, url, &c, &body, &q->http, err);
	q->bytes = body.len;
	if (r == 0 && !q->http.not_modified) {
		r = verify(q, h, sk_buf_str(&body), body.len, err);
		if (r == 0)
			r = mg_feed_is_manifest(&q->d)
				? fetch_events(q, h, &body, err)
				: parse_plain(q, sk_buf_str(&body), body.len, err);
	}
	sk_buf_done(&body);
	mg_http_free(h);
	return r;
}

/* ---- from disk ----
 */
/* All files one behind the other, with where each ends. */
static int read_files(struct request *q, struct sk_buf *all, size_t *ends, struct sk_err *err)
{
	for (size_t i = 0; i < q->files.n; i++) {
		int r = sk_fd_read(q->files.v[i].fd, all, err);

		if (r < 0)
			return r;
		ends[i] = all->len;
	}
	q->bytes = all->len;
	return 0;
}

/* Unchanged content needs no new list. */
static void local_etag(struct request *q, const struct sk_buf *all)
{
	uint8_t sum[32];
	char hex[65];

	sk_sha256(sum, sk_buf_str(all), all->len);
	snprintf(
		q->http.etag, sizeof(q->http.etag), LOCAL_ETAG "%s", sk_hex(hex, sum, sizeof(sum)));
	q->http.not_modified = q->etag && strcmp(q->etag, q->http.etag) == 0;
}

static int fetch_files(struct request *q, struct sk_err *err)
{
	_cleanup_(sk_freep) size_t *ends = calloc(q->files.n, sizeof(*ends));
	struct sk_buf all;
	size_t at = 0;
	int r;

	if (!ends)
		return sk_err_nomem(err);
	sk_buf_init(&all, q->d.max_bytes);
	r = read_files(q, &all, ends, err);
	if (r == 0)
		r = verify(q, NULL, sk_buf_str(&all), all.len, err);
	if (r == 0)
		local_etag(q, &all);
	for (size_t i = 0; r == 0 && !q->http.not_modified && i < q->files.n; i++) {
		r = parse_plain(q, sk_buf_str(&all) + at, ends[i] - at, err);
		if (r < 0)
			sk_err_prefix(err, "%.60s", q->files.v[i].name);
		at = ends[i];
	}
	sk_buf_done(&all);
	return r;
}

/* ---- the answer ----
 */
static json_t *errors_json(const struct mg_parse_tally *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n_first; i++) {
		const struct mg_parse_error *e = &t->first[i];

		json_array_append_new(list,
			json_pack("{s:I, s:s, s:s, s:s}", "line", (json_int_t)e->line, "sample",
				e->sample, "en", e->why->en, "ja", e->why->ja));
	}
	return list;
}

static json_t *kinds_json(const struct request *q)
{
	json_t *v = json_object();

	for (int k = 0; k < SK_BL_KINDS; k++)
		if (q->by_kind[k])
			json_object_set_new(v, sk_bl_kind_name((enum sk_bl_kind)k),
				json_integer((json_int_t)q->by_kind[k]));
	return v;
}

static json_t *end_json(const struct request *q, int code, const struct sk_err *err)
{
	json_t *end = sk_ipc_end_body(code, err, NULL), *more;
	json_int_t entries = 0;

	for (int k = 0; k < SK_BL_KINDS; k++)
		entries += (json_int_t)q->by_kind[k];
	more = json_pack("{s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"not_modified", q->http.not_modified, "etag", q->http.etag, "last_modified",
		q->http.last_modified, "http_status", (json_int_t)q->http.status, "bytes",
		(json_int_t)q->bytes, "entries", entries, "lines", (json_int_t)q->t.lines, "errors",
		(json_int_t)q->t.errors, "ignored", (json_int_t)q->t.ignored, "fetched_ms",
		(json_int_t)((sk_mono_us() - q->began) / 1000), "by_kind", kinds_json(q),
		"first_errors", errors_json(&q->t));
	if (!end || !more || json_object_update_missing(end, more) < 0) {
		json_decref(end);
		end = NULL;
	}
	json_decref(more);
	return end;
}

static int send_list(struct request *q, struct sk_err *err)
{
	const struct mg_list_meta m = {.feed = q->d.name,
		.fetched = q->now,
		.lines = q->t.lines,
		.errors = q->t.errors,
		.ignored = q->t.ignored,
		.previous = q->parse ? NULL : q->given,
		.previous_len = q->parse ? 0 : q->given_len};
	_cleanup_(sk_closep) int fd = -1;
	json_t *body;
	struct sk_buf out;
	int r;

	sk_buf_init(&out, MG_LIST_BYTES_MAX);
	r = mg_list_write(q->b, &m, &out, q->by_kind, err);
	if (r == 0) {
		fd = sk_memfd("list", out.data, out.len);
		if (fd < 0)
			r = sk_err_en(err, fd, NULL, "memfd: %s", strerror(-fd));
	}
	sk_buf_done(&out);
	if (r < 0)
		return r;
	body = json_pack("{s:b}", "list", 1);
	r = body ? sk_ipc_send(q->fd, SK_IPC_DATA, q->id, body, fd, err) : sk_err_nomem(err);
	json_decref(body);
	return r;
}

static int run(struct request *q, struct sk_err *err)
{
	int r = mg_fetch_confine(q->o, !q->parse && q->d.url, err);

	if (r < 0)
		return r;
	q->b = mg_list_builder_new(q->d.max_entries);
	if (!q->b)
		return sk_err_nomem(err);
	q->bytes = q->given_len;
	if (q->parse)
		r = parse_plain(q, q->given ? q->given : "", q->given_len, err);
	else
		r = q->d.url ? fetch_url(q, err) : fetch_files(q, err);
	if (r == 0 && !q->http.not_modified)
		r = send_list(q, err);
	return r;
}

static void done(struct request *q)
{
	mg_list_builder_free(q->b);
	mg_local_close(&q->files);
	if (q->given)
		munmap(q->given, q->given_len);
	mg_feed_def_done(&q->d);
	explicit_bzero(q->key, sizeof(q->key));
}

void mg_fetch_serve(int fd, const struct mg_fetch_opts *o)
{
	struct request q = {.o = o,
		.fd = fd,
		.began = sk_mono_us(),
		.files = {.checksum = -1, .signature = -1}};
	struct sk_err err = {0};
	struct sk_ipc_msg m;
	json_t *end;
	int r = sk_ipc_recv(fd, REQUEST_MS, &m, &err);

	if (r < 0 || m.type != SK_IPC_REQUEST) {
		if (r != -ECONNRESET)
			sk_log(LOG_WARNING, "no request came: %s",
				r < 0 ? err.en : "other message");
		if (r == 0)
			sk_ipc_msg_done(&m);
		return;
	}
	q.id = m.id;
	r = read_request(&q, &m, &err);
	if (r == 0)
		r = run(&q, &err);
	end = end_json(&q, r, &err);
	if (!end || sk_ipc_send(fd, SK_IPC_END, q.id, end, -1, &err) < 0)
		sk_log(LOG_WARNING, "%s: cannot be answered: %s", q.d.name ? q.d.name : "?",
			err.en);
	else if (r < 0)
		sk_log(LOG_NOTICE, "%s: %s%s%s", q.d.name ? q.d.name : "?", err.path,
			err.path[0] ? ": " : "", err.en);
	else
		sk_log(LOG_INFO, "%s: %llu lines, %llu entries, %llu errors%s", q.d.name,
			(unsigned long long)q.t.lines, (unsigned long long)q.t.entries,
			(unsigned long long)q.t.errors,
			q.http.not_modified ? ", not modified" : "");
	json_decref(end);
	done(&q);
	sk_ipc_msg_done(&m);
}
