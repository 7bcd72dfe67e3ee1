/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sticky buffers (their names come from buffer_list.def; here are the older spellings),
 * transformations, and the size of a buffer.
 */
#include <errno.h>

#include "ips/rules/kw.h"

int ips_kw_sticky(struct ips_build *b, struct ips_text v)
{
	enum ips_buf buf = (enum ips_buf)b->kw->arg;
	uint64_t protos = ips_buf_info(buf)->protos;
	int e = protos ? ips_build_app(b, protos) : 0;

	return e < 0 ? e : ips_build_sticky(b, IPS_LIST_PENDING, buf);
}

/* The body of an answer is the file it carries. */
static int read_response_body(struct ips_build *b, struct ips_text v)
{
	int e = ips_build_app(b, IPS_HTTP_ANY);

	if (e == 0)
		e = ips_build_sticky(b, IPS_LIST_PENDING, IPS_BUF_FILE_DATA);
	b->pending_to_client = true;
	return e;
}

static int read_pkt_data(struct ips_build *b, struct ips_text v)
{
	return ips_build_sticky(b, IPS_LIST_PAYLOAD, IPS_BUF_PAYLOAD);
}

static int transform_new(struct ips_build *b, struct ips_transform **ret)
{
	if (b->list != IPS_LIST_PENDING)
		return ips_refuse(b, "a transformation follows its buffer directly");
	if (b->transforms_n >= IPS_TRANSFORMS_MAX)
		return ips_refuse(b, "more than %d transformations", IPS_TRANSFORMS_MAX);
	*ret = &b->transforms[b->transforms_n++];
	memset(*ret, 0, sizeof(**ret));
	return 0;
}

static int read_transform(struct ips_build *b, struct ips_text v)
{
	enum ips_transform_kind kind = (enum ips_transform_kind)b->kw->arg;
	struct ips_transform *t;
	int e = transform_new(b, &t);

	if (e == 0)
		t->kind = kind;
	return e;
}

/* xor:"0a0b": the key in hexadecimal. */
static int read_xor(struct ips_build *b, struct ips_text v)
{
	struct ips_transform *t;
	int e = transform_new(b, &t);

	if (e < 0)
		return e;
	if (v.n % 2 || v.n == 0 || v.n / 2 > sizeof(t->key))
		return ips_refuse(b, "the key is 1 to %zu bytes in hexadecimal", sizeof(t->key));
	for (size_t i = 0; i < v.n; i += 2) {
		int hi = ips_hex_digit(v.p[i]), lo = ips_hex_digit(v.p[i + 1]);

		if (hi < 0 || lo < 0)
			return ips_refuse(b, "the key is not hexadecimal");
		t->key[i / 2] = (uint8_t)(hi << 4 | lo);
	}
	t->kind = IPS_T_XOR;
	t->key_len = (uint32_t)(v.n / 2);
	return 0;
}

static int read_bsize(struct ips_build *b, struct ips_text v)
{
	struct ips_num_cmp cmp = {0};
	struct ips_opt *o;
	int e;

	if (b->list == IPS_LIST_PAYLOAD)
		return ips_refuse(b, "needs a sticky buffer");
	e = ips_kw_cmp(b, v, UINT64_MAX, &cmp);
	if (e < 0)
		return e;
	o = ips_build_opt(b, IPS_O_BSIZE, &e);
	if (o)
		o->num = cmp;
	return e;
}

#define ALIAS(name, buf)                                                                           \
	{                                                                                          \
		name, ips_kw_sticky, IPS_KW_NONE, IPS_BUF_##buf                                    \
	}
#define TRANSFORM(name, kind)                                                                      \
	{                                                                                          \
		name, read_transform, IPS_KW_NONE, IPS_T_##kind                                    \
	}
const struct ips_kw ips_kw_buffer[] = {
	{"http.response_body", read_response_body, IPS_KW_NONE, 0},
	{"pkt_data", read_pkt_data, IPS_KW_NONE, 0},
	{"bsize", read_bsize, 0, 0},
	ALIAS("file_data", FILE_DATA),
	ALIAS("http_request_line", HTTP_REQUEST_LINE),
	ALIAS("http_response_line", HTTP_RESPONSE_LINE),
	ALIAS("http_header_names", HTTP_HEADER_NAMES),
	ALIAS("http_start", HTTP_START),
	ALIAS("http_protocol", HTTP_PROTOCOL),
	ALIAS("http_accept", HTTP_ACCEPT),
	ALIAS("http_accept_enc", HTTP_ACCEPT_ENC),
	ALIAS("http_accept_lang", HTTP_ACCEPT_LANG),
	ALIAS("http_connection", HTTP_CONNECTION),
	ALIAS("http_content_len", HTTP_CONTENT_LEN),
	ALIAS("http_content_type", HTTP_CONTENT_TYPE),
	ALIAS("http_referer", HTTP_REFERER),
	ALIAS("tls_sni", TLS_SNI),
	ALIAS("tls_cert_subject", TLS_CERT_SUBJECT),
	ALIAS("tls_cert_issuer", TLS_CERT_ISSUER),
	ALIAS("tls_cert_serial", TLS_CERT_SERIAL),
	ALIAS("tls_cert_fingerprint", TLS_CERT_FINGERPRINT),
	ALIAS("ja3_hash", JA3_HASH),
	ALIAS("ja3_string", JA3_STRING),
	ALIAS("ja3s_hash", JA3S_HASH),
	ALIAS("ja3s_string", JA3S_STRING),
	ALIAS("ja4_hash", JA4_HASH),
	ALIAS("dns_query", DNS_QUERY),
	ALIAS("ssh_proto", SSH_PROTO),
	ALIAS("ssh_software", SSH_SOFTWARE),
	ALIAS("dce_stub_data", DCE_STUB_DATA),
	ALIAS("smb_named_pipe", SMB_NAMED_PIPE),
	ALIAS("smb_share", SMB_SHARE),
	TRANSFORM("dotprefix", DOTPREFIX),
	TRANSFORM("strip_whitespace", STRIP_WHITESPACE),
	TRANSFORM("compress_whitespace", COMPRESS_WHITESPACE),
	TRANSFORM("to_lowercase", TO_LOWERCASE),
	TRANSFORM("to_uppercase", TO_UPPERCASE),
	TRANSFORM("to_md5", TO_MD5),
	TRANSFORM("to_sha1", TO_SHA1),
	TRANSFORM("to_sha256", TO_SHA256),
	TRANSFORM("url_decode", URL_DECODE),
	TRANSFORM("header_lowercase", HEADER_LOWERCASE),
	TRANSFORM("strip_pseudo_headers", STRIP_PSEUDO_HEADERS),
	{"xor", read_xor, IPS_KW_QUOTED, 0},
	{NULL, NULL, 0, 0},
};
