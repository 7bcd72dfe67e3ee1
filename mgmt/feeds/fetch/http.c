/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTPS by libcurl, and nothing else: certificates are checked, redirects are followed here, one by
 * one, so that a key never goes to another host, and every bound ends the transfer while it runs.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/feeds/fetch/fetch.h"
#include "mgmt/feeds/unpack.h"

#define CONNECT_S 15L
#define SLOW_BYTES 100L /* a second, … */
#define SLOW_S 20L      /* … for so long */
#define HEADERS_MAX 65536u

struct mg_http {
	struct mg_http_opts o;
	CURL *curl;
	uint64_t deadline; /* monotonic µs */
	char detail[CURL_ERROR_SIZE];
	/* the transfer that runs */
	struct sk_buf *body;
	struct mg_http_file *file; /* NULL: into body */
	int file_error;
	struct mg_http_result *result;
	size_t headers;
	char encoding[32];
	bool too_big, inside, redirected, first_is_public, from_start;
};

static const struct sk_text too_big_text = {"is larger than %llu bytes: not fetched further",
	"%llu バイトを超えたため取得を中止しました"};

int mg_http_new(struct mg_http **ret, const struct mg_http_opts *o, struct sk_err *err)
{
	struct mg_http *h = calloc(1, sizeof(*h));

	if (h)
		h->curl = curl_easy_init();
	if (!h || !h->curl) {
		free(h);
		return sk_err_nomem(err);
	}
	h->o = *o;
	h->deadline = sk_mono_us() + (uint64_t)o->timeout * 1000000;
	*ret = h;
	return 0;
}

void mg_http_free(struct mg_http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	free(h);
}

/* ---- while it runs ----
 */
static int write_file(struct mg_http_file *f, const char *p, size_t n)
{
	while (n) {
		const ssize_t w = pwrite(f->fd, p, n, f->have);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return w < 0 ? -errno : -EIO;
		f->have += w;
		p += w;
		n -= (size_t)w;
	}
	if (f->progress)
		f->progress(f->have, f->arg);
	return 0;
}

/* 206 goes on where the file ends; 200 begins anew. */
static size_t on_file(char *p, size_t size, size_t n, void *arg)
{
	struct mg_http *h = arg;
	struct mg_http_file *f = h->file;

	if (h->result->status != 200 && h->result->status != 206)
		return size * n;
	if (h->result->status == 200 && !h->from_start) {
		h->from_start = true;
		f->have = 0;
		if (ftruncate(f->fd, 0) < 0)
			h->file_error = -errno;
	}
	h->too_big = (uint64_t)f->have + size * n > (uint64_t)f->max;
	if (!h->too_big && !h->file_error)
		h->file_error = write_file(f, p, size * n);
	return h->too_big || h->file_error ? 0 : size * n;
}

static uint64_t most(const struct mg_http *h)
{
	return h->file ? (uint64_t)h->file->max : h->body->max;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct mg_http *h = arg;

	/* What a redirect or an error says is of no interest. */
	if (h->result->status != 200)
		return size * n;
	sk_buf_put(h->body, p, size * n);
	h->too_big = sk_buf_error(h->body) == -EMSGSIZE;
	return sk_buf_error(h->body) ? 0 : size * n;
}

static bool header_is(const char *p, size_t n, const char *name)
{
	const size_t len = strlen(name);

	return n > len && strncasecmp(p, name, len) == 0;
}

/* The value if it can be sent back later: printable and not too long. */
static void keep(const char *p, size_t n, char *dst, size_t cap)
{
	while (n && strchr(" \t", p[0]))
		p++, n--;
	while (n && strchr(" \t\r\n", p[n - 1]))
		n--;
	if (n >= cap)
		return;
	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] >= 0x7f)
			return;
	memcpy(dst, p, n);
	dst[n] = '\0';
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct mg_http *h = arg;
	const size_t len = size * n;
	long status = 0;

	h->headers += len;
	if (h->headers > HEADERS_MAX)
		return 0;
	if (header_is(p, len, "HTTP/")) {
		curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
		h->result->status = status;
	} else if (header_is(p, len, "content-encoding:")) {
		keep(p + 17, len - 17, h->encoding, sizeof(h->encoding));
	} else if (header_is(p, len, "etag:")) {
		keep(p + 5, len - 5, h->result->etag, sizeof(h->result->etag));
	} else if (header_is(p, len, "last-modified:")) {
		keep(p + 14, len - 14, h->result->last_modified, sizeof(h->result->last_modified));
	}
	return len;
}

/* Bytes over the wire, before they are decoded. */
static int on_progress(
	void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	struct mg_http *h = arg;

	if (now >= 0 && (uint64_t)now > most(h))
		h->too_big = true;
	return h->too_big;
}

/* Addresses that a server on the internet has no business to send us to. */
static bool is_inside(const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	uint32_t a;

	if (sa->sa_family == AF_INET6) {
		const uint8_t *b = in6->sin6_addr.s6_addr;

		if (!IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
			return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) ||
				IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) ||
				IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
		memcpy(&a, b + 12, 4);
	} else if (sa->sa_family == AF_INET) {
		a = in->sin_addr.s_addr;
	} else {
		return true;
	}
	a = ntohl(a);
	return a >> 24 == 0 || a >> 24 == 10 || a >> 24 == 127 || a >> 20 == 0xac1 ||
		a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe || a >> 22 == 0x191;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
	struct mg_http *h = arg;
	const bool inside = is_inside(&sa->addr);

	/* Without a proxy only: there it is the proxy's address. */
	if (h->redirected && h->first_is_public && inside && !h->o.proxy) {
		h->inside = true;
		return CURL_SOCKET_BAD;
	}
	if (!h->redirected)
		h->first_is_public = !inside;
	return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
}

/* ---- one request ----
 */
static int append(struct curl_slist **list, const char *name, const char *value)
{
	char line[1400];
	struct curl_slist *next;

	if (snprintf(line, sizeof(line), "%s: %s", name, value) >= (int)sizeof(line))
		return -EINVAL;
	next = curl_slist_append(*list, line);
	if (!next)
		return -ENOMEM;
	*list = next;
	return 0;
}

static int make_headers(const struct mg_http *h, const struct mg_http_conditions *c,
	bool first_host, struct curl_slist **ret)
{
	char range[48];
	int r = append(ret, "Accept-Encoding", h->file ? "identity" : "gzip");

	if (r == 0 && h->file && h->file->have) {
		snprintf(range, sizeof(range), "bytes=%lld-", (long long)h->file->have);
		r = append(ret, "Range", range);
	}

	if (r == 0 && c->etag && c->etag[0])
		r = append(ret, "If-None-Match", c->etag);
	if (r == 0 && c->last_modified && c->last_modified[0])
		r = append(ret, "If-Modified-Since", c->last_modified);
	if (r == 0 && h->o.header && h->o.key && first_host)
		r = append(ret, h->o.header, h->o.key);
	return r;
}

static void prepare(struct mg_http *h, const char *url, uint64_t left_ms)
{
	CURL *c = h->curl;

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "sekisho/" SK_VERSION);
	/* Not by libcurl, to which a gzip stream may well end anywhere. */
	curl_easy_setopt(c, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, h->o.proxy ? h->o.proxy : "");
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (h->o.ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, h->o.ca_file);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)SK_MIN(left_ms, (uint64_t)INT32_MAX));
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, SLOW_S);
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)most(h));
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, h->file ? on_file : on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, h);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->detail);
	h->detail[0] = '\0';
}

/* ---- what went wrong ----
 */
static const struct {
	CURLcode rc;
	int code;
	struct sk_text text;
} failures[] = {
	{CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH,
		{"the server's name cannot be resolved", "サーバー名を解決できません"}},
	{CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH,
		{"the proxy's name cannot be resolved", "プロキシの名前を解決できません"}},
	{CURLE_COULDNT_CONNECT, -EHOSTUNREACH,
		{"cannot connect to the server", "サーバーに接続できません"}},
	{CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT,
		{"the server was too slow", "サーバーの応答が遅すぎるため中止しました"}},
	{CURLE_PEER_FAILED_VERIFICATION, -EACCES,
		{"the server's certificate is not trusted, or is for another name",
			"サーバー証明書が信頼できないか、別の名前のものです"}},
	{CURLE_SSL_CONNECT_ERROR, -EPROTO,
		{"no encrypted connection with the server",
			"サーバーと暗号化通信を確立できません"}},
	{CURLE_SSL_CACERT_BADFILE, -EINVAL,
		{"the file of trusted certificates cannot be read",
			"信頼する証明書のファイルを読めません"}},
	{CURLE_PARTIAL_FILE, -EBADMSG, {"the transfer was cut short", "転送が途中で切れました"}},
	{CURLE_RECV_ERROR, -EBADMSG,
		{"the transfer was cut short, the connection broke",
			"転送が途中で切れました (接続断)"}},
	{CURLE_GOT_NOTHING, -EBADMSG,
		{"the server answered nothing", "サーバーから応答がありません"}},
};

/* Where it happened, without path and query: they may hold the key. */
static void host_of(const char *url, char dst[128])
{
	const char *host = strncmp(url, "https://", 8) == 0 ? url + 8 : url;

	snprintf(dst, 128, "%.*s", (int)SK_MIN(strcspn(host, "/?#"), (size_t)120), host);
}

static int failed(struct mg_http *h, CURLcode rc, const char *url, struct sk_err *err)
{
	char host[128], detail[160];
	const struct sk_text *t = NULL;
	int code = -EIO;

	host_of(url, host);
	if (h->file_error)
		return sk_err_set(err, h->file_error, NULL, "cannot write what was fetched: %s",
			"取得した内容を書き込めません (%s)", strerror(-h->file_error));
	if (!h->file && sk_buf_error(h->body) == -ENOMEM)
		return sk_err_nomem(err);
	if (h->too_big || rc == CURLE_FILESIZE_EXCEEDED)
		return sk_err_set(err, -EFBIG, "max_bytes", too_big_text.en, too_big_text.ja,
			(unsigned long long)most(h));
	if (h->inside)
		return sk_err_set(err, -EACCES, "url",
			"was sent on to an address inside (%s): not followed",
			"内部のアドレス (%s) へ転送されたため中止しました", host);
	for (size_t i = 0; i < SK_ARRAY_SIZE(failures) && !t; i++) {
		if (failures[i].rc == rc) {
			t = &failures[i].text;
			code = failures[i].code;
		}
	}
	sk_escape(detail, sizeof(detail), h->detail[0] ? h->detail : curl_easy_strerror(rc),
		strlen(h->detail[0] ? h->detail : curl_easy_strerror(rc)));
	if (!t)
		return sk_err_set(err, code, "url", "cannot be fetched (%s: %s)",
			"取得できません (%s: %s)", host, detail);
	return sk_err_set(
		err, code, "url", "%s%.0s (%s: %s)", "%.0s%s (%s: %s)", t->en, t->ja, host, detail);
}

static int bad_status(long status, const char *url, struct sk_err *err)
{
	char host[128];
	int code = -EPROTO;
	struct sk_text t = {"the server answered with status", "サーバーの応答"};

	host_of(url, host);
	if (status == 401 || status == 403) {
		code = -EACCES;
		t = (struct sk_text){"the server refuses access (is an API key needed, and right?)",
			"サーバーがアクセスを拒否しました (API キーを確認してください)"};
	} else if (status == 404 || status == 410) {
		code = -ENOENT;
		t = (struct sk_text){
			"the server has no such file", "サーバーにファイルがありません"};
	} else if (status == 429) {
		code = -EBUSY;
		t = (struct sk_text){"the server says it is asked too often",
			"取得の頻度が高すぎるとサーバーに拒否されました"};
	} else if (status >= 500) {
		code = -EAGAIN;
		t = (struct sk_text){"the server has a fault of its own", "サーバー側の障害です"};
	}
	return sk_err_set(
		err, code, "url", "%s%.0s (%s: %ld)", "%.0s%s (%s: %ld)", t.en, t.ja, host, status);
}

/* ---- with redirects ----
 */
static int once(struct mg_http *h, const char *url, const struct mg_http_conditions *c,
	bool first_host, struct sk_err *err)
{
	const uint64_t now = sk_mono_us();
	struct curl_slist *headers = NULL;
	CURLcode rc;
	int r;

	if (now >= h->deadline)
		return sk_err_set(err, -ETIMEDOUT, "timeout", "took longer than %lld seconds",
			"%lld 秒を超えたため中止しました", (long long)h->o.timeout);
	prepare(h, url, (h->deadline - now + 999) / 1000);
	r = make_headers(h, c, first_host, &headers);
	if (r < 0) {
		curl_slist_free_all(headers);
		return r == -ENOMEM ? sk_err_nomem(err)
				    : sk_err_en(err, r, NULL, "a header is too long");
	}
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	rc = curl_easy_perform(h->curl);
	curl_slist_free_all(headers);
	return rc == CURLE_OK ? 0 : failed(h, rc, url, err);
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The next URL into dst, or why not. Of its query nothing is shown: the key may have come back. */
static int next_url(struct mg_http *h, char dst[MG_FEED_URL_MAX + 1], struct sk_err *err)
{
	char *to = NULL;
	char shown[96];

	curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &to);
	if (!to)
		return sk_err_set(err, -EPROTO, "url", "was redirected to nowhere",
			"転送先のない転送応答です");
	if (mg_feed_url_check(to, NULL) < 0)
		return sk_err_set(err, -EPROTO, "url", "was redirected to what is not fetched: %s",
			"取得できない先へ転送されました: %s",
			sk_escape(shown, sizeof(shown), to, SK_MIN(strcspn(to, "?#"), (size_t)80)));
	snprintf(dst, MG_FEED_URL_MAX + 1, "%s", to);
	return 0;
}

static int follow(
	struct mg_http *h, const char *url, const struct mg_http_conditions *c, struct sk_err *err)
{
	char at[MG_FEED_URL_MAX + 1], host[128], first[128];

	if (snprintf(at, sizeof(at), "%s", url) >= (int)sizeof(at))
		return sk_err_en(err, -EINVAL, "url", "is too long");
	host_of(at, first);
	for (int hop = 0; hop <= MG_FETCH_REDIRECTS; hop++) {
		int r;

		*h->result = (struct mg_http_result){0};
		h->headers = 0;
		h->encoding[0] = '\0';
		h->redirected = hop > 0;
		host_of(at, host);
		r = once(h, at, c, strcmp(host, first) == 0, err);
		if (r < 0)
			return r;
		if (h->result->status == 200 || (h->file && h->result->status == 206))
			return 0;
		if (h->result->status == 304 && (c->etag || c->last_modified)) {
			h->result->not_modified = true;
			return 0;
		}
		if (!is_redirect(h->result->status))
			return bad_status(h->result->status, at, err);
		r = next_url(h, at, err);
		if (r < 0)
			return r;
	}
	return sk_err_set(err, -ELOOP, "url", "was redirected more than %d times",
		"転送が %d 回を超えました", MG_FETCH_REDIRECTS);
}

/* RFC 9110, 8.4: what came is how it was packed for the way; bounded as the transfer was. */
static int decode(struct mg_http *h, struct sk_err *err)
{
	struct sk_buf plain;
	int r;

	if (!h->encoding[0] || !strcasecmp(h->encoding, "identity"))
		return 0;
	if (strcasecmp(h->encoding, "gzip") != 0 && strcasecmp(h->encoding, "x-gzip") != 0)
		return sk_err_set(err, -EPROTO, "url",
			"is packed as \"%s\", which nobody asked for",
			"要求していない形式 (%s) で圧縮されています", h->encoding);
	sk_buf_init(&plain, h->body->max);
	r = mg_feed_unpack(sk_buf_str(h->body), h->body->len, &plain, err);
	if (r == 0)
		r = sk_err_set(err, -EBADMSG, "url", "says it is packed, and is not",
			"圧縮されているはずのデータが圧縮形式ではありません");
	if (r < 0) {
		sk_buf_done(&plain);
		return r;
	}
	sk_buf_done(h->body);
	*h->body = plain;
	return 0;
}

int mg_http_get(struct mg_http *h, const char *url, const struct mg_http_conditions *c,
	struct sk_buf *body, struct mg_http_result *result, struct sk_err *err)
{
	int r;

	h->body = body;
	h->file = NULL;
	h->file_error = 0;
	h->result = result;
	h->too_big = h->inside = h->first_is_public = false;
	r = follow(h, url, c, err);
	return r == 0 && !result->not_modified ? decode(h, err) : r;
}

int mg_http_download(struct mg_http *h, const char *url, struct mg_http_file *o, struct sk_err *err)
{
	const struct mg_http_conditions none = {0};
	struct mg_http_result result = {0};
	int r;

	h->body = NULL;
	h->file = o;
	h->file_error = 0;
	h->result = &result;
	h->too_big = h->inside = h->first_is_public = h->from_start = false;
	r = follow(h, url, &none, err);
	/* All of it was there already. */
	if (r < 0 && result.status == 416 && o->have) {
		if (err)
			*err = (struct sk_err){0};
		r = 0;
	}
	h->file = NULL;
	return r;
}
