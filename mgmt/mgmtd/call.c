// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers and arguments of a call. Rows are gathered into DATA messages well under the size limit;
 * a forked reader sends them itself, waiting for the client, the daemon queues them.
 */
#include <errno.h>
#include <sodium.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/clock.h"
#include "lib/utf8.h"
#include "lib/util.h"
#include "mgmt/mgmtd/private.h"

#define FLUSH_AT (48u << 10)
#define FILE_MAX (128u << 10)
#define TEXT_PIECE (24u << 10) /* a control character becomes six bytes */
#define SHORT_TEXT 4096        /* what stays of a text in an answer that is too long */

void mg_reply_init(struct mg_reply *r, struct sk_ipc_client *client, int fd, uint32_t id)
{
	*r = (struct mg_reply){.client = client, .fd = fd, .id = id};
	sk_buf_init(&r->rows, 4 * SK_IPC_MAX);
}

void mg_reply_done(struct mg_reply *r)
{
	sk_buf_done(&r->rows);
}

/* Waits for the client: only in a forked reader, whose parent ends it when the client leaves. */
static int send_waiting(int fd, const struct sk_buf *b)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};

		if (send(fd, b->data, b->len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
}

static int send_text(struct mg_reply *r, enum sk_ipc_type type, const char *json, size_t len)
{
	struct sk_buf b;

	if (r->error)
		return r->error;
	if (r->client) {
		r->error = sk_ipc_reply_text(r->client, type, r->id, json, len);
		return r->error;
	}
	sk_buf_init(&b, 2 * SK_IPC_MAX);
	r->error = sk_ipc_encode_text(&b, type, r->id, json, len);
	if (!r->error)
		r->error = send_waiting(r->fd, &b);
	sk_buf_done(&b);
	return r->error;
}

static int flush_rows(struct mg_reply *r)
{
	int ret;

	if (!r->rows.len)
		return r->error;
	sk_buf_puts(&r->rows, "]}");
	ret = sk_buf_error(&r->rows);
	if (!ret)
		ret = send_text(r, SK_IPC_DATA, sk_buf_str(&r->rows), r->rows.len);
	sk_buf_reset(&r->rows);
	return ret;
}

/* {"key": v} as one DATA message; v is stolen. */
static int send_one(struct mg_reply *r, const char *key, json_t *v)
{
	json_t *body = v ? json_pack("{s:o}", key, v) : NULL;
	struct sk_buf b;
	int ret = flush_rows(r);

	if (!body)
		return -ENOMEM;
	sk_buf_init(&b, 4 * SK_IPC_MAX);
	sk_json_put(&b, body);
	json_decref(body);
	if (!ret)
		ret = sk_buf_error(&b);
	if (!ret && b.len > SK_IPC_MAX - SK_IPC_HEADER)
		ret = -EMSGSIZE;
	if (!ret)
		ret = send_text(r, SK_IPC_DATA, sk_buf_str(&b), b.len);
	sk_buf_done(&b);
	return ret;
}

/* ---- values too long for a message ---- */

static json_t *beginning(const json_t *text)
{
	const char *s = json_string_value(text);
	const size_t len = json_string_length(text);
	size_t n = SHORT_TEXT;
	char end[64];
	struct sk_buf b;
	json_t *ret;

	while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	sk_buf_init(&b, 2 * SHORT_TEXT);
	sk_buf_put(&b, s, n);
	snprintf(end, sizeof(end), "\xe2\x80\xa6 (+%zu bytes)", len - n);
	sk_buf_puts(&b, end);
	ret = sk_buf_error(&b) ? NULL : json_stringn(sk_buf_str(&b), b.len);
	sk_buf_done(&b);
	return ret;
}

/* Cut long texts, wherever they stand; the mark at their end says how much is left out. */
static void shorten(json_t *v)
{
	const char *key;
	void *next;
	json_t *x;
	size_t i;

	json_object_foreach_safe(v, next, key, x)
	{
		if (json_string_length(x) > SHORT_TEXT)
			json_object_set_new(v, key, beginning(x));
		else
			shorten(x);
	}
	json_array_foreach (v, i, x) {
		if (json_string_length(x) > SHORT_TEXT)
			json_array_set_new(v, i, beginning(x));
		else
			shorten(x);
	}
}

/* v (stolen) as it is, or with its long texts cut if it would not fit into one message. */
static json_t *fitting(json_t *v)
{
	size_t size = v ? json_dumpb(v, NULL, 0, JSON_COMPACT) : 0;
	json_t *copy;

	if (size <= SK_IPC_MAX - SK_IPC_HEADER - 256)
		return v;
	copy = json_deep_copy(v); /* parts may belong to somebody else */
	json_decref(v);
	if (copy)
		shorten(copy);
	return copy;
}

int mg_reply_row(struct mg_call *c, json_t *v)
{
	struct mg_reply *r = c->reply;
	size_t before = r->rows.len;
	struct sk_buf one;
	int ret;

	v = fitting(v);
	if (!v)
		return -ENOMEM;
	sk_buf_init(&one, SK_IPC_MAX - SK_IPC_HEADER - 64);
	sk_json_put(&one, v);
	json_decref(v);
	ret = sk_buf_error(&one);
	if (!ret && before && before + one.len + 64 > SK_IPC_MAX - SK_IPC_HEADER)
		ret = flush_rows(r);
	if (!ret) {
		sk_buf_puts(&r->rows, r->rows.len ? "," : "{\"rows\":[");
		sk_buf_put(&r->rows, one.data, one.len);
		ret = r->rows.len >= FLUSH_AT ? flush_rows(r) : sk_buf_error(&r->rows);
	}
	sk_buf_done(&one);
	return ret ? ret : r->error;
}

int mg_reply_record(struct mg_call *c, json_t *v)
{
	return send_one(c->reply, "record", fitting(v));
}

int mg_reply_text(struct mg_call *c, const char *text)
{
	size_t left = strlen(text);
	int ret = 0;

	while (left && !ret) {
		size_t n = SK_MIN(left, (size_t)TEXT_PIECE);

		/* Never within a character. */
		while (n < left && n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
		ret = send_one(c->reply, "text", json_stringn(text, n));
		text += n;
		left -= n;
	}
	return ret;
}

int mg_reply_file(struct mg_call *c, const void *p, size_t n)
{
	const int variant = sodium_base64_VARIANT_ORIGINAL;
	_cleanup_(sk_freep) char *text = NULL;

	if (n > FILE_MAX)
		return -EMSGSIZE;
	text = malloc(sodium_base64_ENCODED_LEN(n, variant));
	if (!text)
		return -ENOMEM;
	sodium_bin2base64(text, sodium_base64_ENCODED_LEN(n, variant), p, n, variant);
	return send_one(c->reply, "file", json_string(text));
}

int mg_reply_note(struct mg_call *c, const char *en, const char *ja, ...)
{
	struct sk_buf b;
	va_list ap;
	int ret;

	sk_buf_init(&b, 16384);
	va_start(ap, ja);
	sk_buf_vprintf(&b, c->lang == SK_JA && ja ? ja : en, ap);
	va_end(ap);
	ret = sk_buf_error(&b);
	if (!ret)
		ret = send_one(c->reply, "note", json_stringn(sk_buf_str(&b), b.len));
	sk_buf_done(&b);
	return ret;
}

int mg_reply_end(struct mg_reply *r, int code, const struct sk_err *err)
{
	json_t *body;
	struct sk_buf b;
	int ret = flush_rows(r);

	if (ret == -EMSGSIZE && !code) {
		code = ret;
		err = NULL;
	}
	body = sk_ipc_end_body(code, err, NULL);
	if (!body)
		return -ENOMEM;
	sk_buf_init(&b, SK_IPC_MAX);
	sk_json_put(&b, body);
	json_decref(body);
	ret = sk_buf_error(&b);
	if (!ret)
		ret = send_text(r, SK_IPC_END, sk_buf_str(&b), b.len);
	sk_buf_done(&b);
	return ret;
}

const char *mg_arg_str(const struct mg_call *c, const char *name)
{
	return json_string_value(json_object_get(c->args, name));
}

uint64_t mg_arg_uint(const struct mg_call *c, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(c->args, name));
}

bool mg_arg_flag(const struct mg_call *c, const char *name)
{
	return json_is_true(json_object_get(c->args, name));
}

bool mg_arg_has(const struct mg_call *c, const char *name)
{
	return json_object_get(c->args, name) != NULL;
}

int mg_arg_file(const struct mg_call *c, const char *name, const void **ret, size_t *ret_len,
	const char **ret_name, struct sk_err *err)
{
	const char *typed = mg_arg_str(c, name);

	if (!typed)
		return sk_err_set(
			err, -ENOENT, name, "no file was given", "ファイルが指定されていません");
	if (!c->file)
		return sk_err_set(err, -EINVAL, name, "the file's content did not arrive",
			"ファイルの内容が届いていません");
	*ret = c->file;
	*ret_len = c->file_len;
	if (ret_name)
		*ret_name = typed;
	return 0;
}

int mg_arg_time(const struct mg_call *c, const char *name, bool end_of_day, int64_t *ret,
	struct sk_err *err)
{
	const char *s = mg_arg_str(c, name);
	int r;

	if (!s)
		return 0;
	r = sk_time_parse(s, end_of_day, ret, err);
	if (r < 0 && err) {
		err->path[0] = '\0';
		sk_err_prefix(err, "%s", name);
	}
	return r;
}
