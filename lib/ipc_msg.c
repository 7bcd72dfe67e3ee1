/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The message format of lib/ipc.h: pure encoding and decoding. Decoding takes whatever a local
 * process sent and must only ever return an object with the header it came with, or an error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/cursor.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/util.h"

static const char magic[4] = "SKIP";

static int bad(struct sk_err *err, const char *why)
{
	return sk_err_set(err, -EBADMSG, NULL, "malformed message: %s",
		"通信メッセージの形式が不正です (%s)", why);
}

int sk_ipc_decode(const void *p, size_t n, struct sk_ipc_msg *ret, struct sk_err *err)
{
	struct sk_cursor c;
	const uint8_t *m;
	uint8_t version, type;
	uint16_t flags;
	uint32_t id, length;
	struct sk_err je = {.code = 0};
	json_t *body;

	sk_cur_init(&c, p, n);
	m = sk_cur_take(&c, sizeof(magic));
	version = sk_cur_u8(&c);
	type = sk_cur_u8(&c);
	flags = sk_cur_be16(&c);
	id = sk_cur_be32(&c);
	length = sk_cur_be32(&c);
	if (!sk_cur_ok(&c) || n > SK_IPC_MAX)
		return bad(err, "size");
	if (memcmp(m, magic, sizeof(magic)) != 0)
		return bad(err, "magic");
	if (version != SK_IPC_VERSION)
		return bad(err, "version");
	if (type < SK_IPC_REQUEST || type > SK_IPC_ACK)
		return bad(err, "type");
	if (flags != 0)
		return bad(err, "flags");
	if (length != sk_cur_left(&c))
		return bad(err, "length");
	body = sk_json_parse((const char *)sk_cur_take(&c, length), length, &je);
	if (!body)
		return bad(err, je.en);
	if (!json_is_object(body)) {
		json_decref(body);
		return bad(err, "body is not an object");
	}
	*ret = (struct sk_ipc_msg){.type = type, .id = id, .body = body, .fd = -1};
	return 0;
}

static void put_header(uint8_t *h, enum sk_ipc_type type, uint32_t id, size_t len)
{
	const uint32_t be_id = htonl(id), be_len = htonl((uint32_t)len);

	memcpy(h, magic, sizeof(magic));
	h[4] = SK_IPC_VERSION;
	h[5] = (uint8_t)type;
	h[6] = h[7] = 0;
	memcpy(h + 8, &be_id, 4);
	memcpy(h + 12, &be_len, 4);
}

/* Take what was put since start back out; a sticky error stays. */
static void cut(struct sk_buf *b, size_t start)
{
	b->len = start;
	if (b->data)
		b->data[start] = '\0';
}

int sk_ipc_encode(struct sk_buf *b, enum sk_ipc_type type, uint32_t id, const json_t *body)
{
	const size_t start = b->len;
	size_t len;

	if (!json_is_object(body))
		return -EINVAL;
	sk_buf_room(b, SK_IPC_HEADER);
	sk_json_put(b, body);
	if (sk_buf_error(b)) {
		cut(b, start);
		return sk_buf_error(b);
	}
	len = b->len - start - SK_IPC_HEADER;
	if (len > SK_IPC_MAX - SK_IPC_HEADER) {
		cut(b, start);
		return -EMSGSIZE;
	}
	put_header(b->data + start, type, id, len);
	return 0;
}

int sk_ipc_encode_text(
	struct sk_buf *b, enum sk_ipc_type type, uint32_t id, const char *json, size_t len)
{
	uint8_t *p;

	if (len < 2 || json[0] != '{' || json[len - 1] != '}')
		return -EINVAL;
	if (len > SK_IPC_MAX - SK_IPC_HEADER)
		return -EMSGSIZE;
	p = sk_buf_room(b, SK_IPC_HEADER + len);
	if (!p)
		return sk_buf_error(b);
	put_header(p, type, id, len);
	memcpy(p + SK_IPC_HEADER, json, len);
	return 0;
}

void sk_ipc_msg_done(struct sk_ipc_msg *m)
{
	if (!m)
		return;
	json_decref(m->body);
	sk_closep(&m->fd);
	m->body = NULL;
	m->fd = -1;
}

/* A text as JSON even if it is not UTF-8. */
static json_t *text(const char *s)
{
	char clean[512];

	if (sk_utf8_valid(s, strlen(s)))
		return json_string(s);
	return json_string(sk_escape(clean, sizeof(clean), s, strlen(s)));
}

static int set_error(json_t *body, int code, const struct sk_err *err)
{
	const char *en = err && err->en[0] ? err->en : strerror(-code);
	int r = json_object_set_new(body, "en", text(en));

	if (err && err->path[0])
		r |= json_object_set_new(body, "path", text(err->path));
	if (err && err->ja[0])
		r |= json_object_set_new(body, "ja", text(err->ja));
	return r;
}

json_t *sk_ipc_end_body(int code, const struct sk_err *err, json_t *extra)
{
	json_t *body = json_object();
	int r = json_object_set_new(body, "code", json_integer(code < 0 ? code : 0));

	if (code < 0)
		r |= set_error(body, code, err);
	else if (extra)
		r |= json_object_update_missing(body, extra);
	json_decref(extra);
	if (r) {
		json_decref(body);
		return NULL;
	}
	return body;
}

int sk_ipc_end_code(const json_t *body, struct sk_err *err)
{
	const char *path = NULL, *en = "", *ja = NULL;
	int64_t code = 0;

	if (sk_json_int(body, "code", true, &code, NULL) < 0 || code > 0 || code < -4095)
		return bad(err, "result code");
	if (code == 0)
		return 0;
	if (sk_json_str(body, "path", false, &path, NULL) < 0 ||
		sk_json_str(body, "en", false, &en, NULL) < 0 ||
		sk_json_str(body, "ja", false, &ja, NULL) < 0)
		return bad(err, "result text");
	/* %.0s passes over the text of the other language. */
	if (ja)
		return sk_err_set(err, (int)code, path, "%s%.0s", "%.0s%s", en, ja);
	return sk_err_en(err, (int)code, path, "%s", en[0] ? en : strerror((int)-code));
}
