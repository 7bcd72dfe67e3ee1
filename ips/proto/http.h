/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/1 by libhtp: what http.c (flow and transactions), http_config.c (callbacks), http_buffer.c,
 * http_part.c, http_event.c and http_log.c share. Included by them and by their tests only.
 */
#ifndef IPS_PROTO_HTTP_H
#define IPS_PROTO_HTTP_H

#include <htp/htp.h>

#include "ips/proto/body.h"
#include "ips/proto/http_event.h"

/* Counted memory, made at the first ask and freed with its transaction. */
struct http_blob {
	uint8_t *data;
	uint32_t len, cap;
	bool made;
};

/* A file inside a multipart body: places in the kept body. */
struct http_part {
	uint32_t start, end;
	uint32_t name, name_len;
	bool done;
};
struct http_parts {
	uint8_t *boundary; /* "--" and the boundary */
	uint32_t boundary_len;
	uint32_t scan; /* bytes of the body looked at */
	enum { HTTP_PART_SEARCH, HTTP_PART_HEAD, HTTP_PART_DATA, HTTP_PART_END } state;
	struct http_part *part; /* of IPS_FILES_MAX */
	uint32_t n, cap;
};

enum http_upload {
	HTTP_UPLOAD_UNKNOWN,
	HTTP_UPLOAD_NONE,      /* a body, but no file: neither POST nor PUT */
	HTTP_UPLOAD_WHOLE,     /* the body is the file, named by the path */
	HTTP_UPLOAD_MULTIPART, /* files are its parts */
};

struct http_side {
	struct ips_body body;
	bool packed;             /* the body is compressed */
	struct http_blob raw;    /* header bytes as sent */
	struct http_blob start;  /* first line, "Name: value" lines, empty line */
	struct http_blob at;     /* uint32_t: where each header line begins in start; one more */
	struct http_blob header; /* start without line and cookie, if there is a cookie */
	struct http_blob names;
};

struct http_tx {
	struct ips_tx base;
	struct ips_http *http;
	htp_tx_t *htx;
	uint64_t charge;   /* libhtp's memory for it, estimated */
	bool line_seen;    /* the request line was parsed */
	bool answer_named; /* there was a path to name it when the answer's body began */
	enum http_upload upload;
	struct http_side side[2];
	struct http_blob uri; /* normalised */
	struct http_parts parts;
};

/* Input that libhtp did not take before it has seen the other direction. */
struct http_held {
	uint8_t *data;
	uint32_t len, cap;
};

struct ips_http {
	htp_connp_t *connp;
	htp_conn_t *conn;
	struct ips_app *app;
	struct ips_app_ctx *ctx; /* during data() only */
	struct ips_mem *mem;
	htp_cfg_t *cfg;
	uint64_t charge;         /* of the connection and of transactions given up */
	uint32_t line_charge[2]; /* bytes of unfinished lines */
	uint32_t made;           /* transactions since the parser was made */
	uint32_t messages;
	struct http_held held[2];
	struct ips_view input; /* what libhtp was given in this call */
	bool closed[2];
	bool failed;
	bool tunnel;
};

/* http_config.c: what libhtp calls. NULL without memory. */
htp_cfg_t *http_config_new(const struct ips_app_config *cfg);

/* http.c, for the callbacks. The transaction of htx, made if need be; NULL: fail. */
struct http_tx *http_tx_get(htp_tx_t *htx);
bool http_charge(struct ips_http *h, uint64_t *total, uint64_t n);
void http_touch(struct http_tx *tx, enum ips_dir dir);
void http_tx_end(struct http_tx *tx, enum ips_dir dir); /* nothing follows in dir */
uint8_t *http_blob_room(struct ips_mem *m, struct http_blob *b, uint32_t n);

/* http_buffer.c */
enum ips_buf_state http_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret);
/* The headers are complete and trailers may follow: keep what they were. */
void http_freeze(struct http_tx *tx, enum ips_dir dir);
bool http_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret);

/* http_part.c: the first bytes of an answer's body; uploads. */
void http_answer_start(struct http_tx *tx);
void http_upload_start(struct http_tx *tx);
void http_upload_scan(struct http_tx *tx, bool end);
enum ips_buf_state http_upload_view(
	struct http_tx *tx, unsigned index, bool name, struct ips_buf_view *ret);
/* Value of parameter "name=" of a header value such as `form-data; filename="x"`. */
bool http_param(const uint8_t *p, size_t n, const char *name, struct ips_view *ret);

/* http_log.c */
void http_log_tx(struct ips_app *a, struct ips_tx *tx, struct ips_json *j);

static inline struct ips_view http_view(const bstr *b)
{
	return (struct ips_view){bstr_ptr(b), (uint32_t)bstr_len(b)};
}

#endif
