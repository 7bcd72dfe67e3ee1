/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/2 (RFC 9113): what http2.c (flow, streams), http2_frame.c (framing), http2_head.c (HPACK)
 * and http2_buffer.c share. Included by them only.
 */
#ifndef IPS_PROTO_HTTP2_H
#define IPS_PROTO_HTTP2_H

#include <nghttp2/nghttp2.h>

#include "ips/proto/body.h"
#include "ips/proto/http2_event.h"
#include "ips/proto/unpack.h"

enum h2_type {
	H2_DATA,
	H2_HEADERS,
	H2_PRIORITY,
	H2_RST_STREAM,
	H2_SETTINGS,
	H2_PUSH_PROMISE,
	H2_PING,
	H2_GOAWAY,
	H2_WINDOW_UPDATE,
	H2_CONTINUATION,
	H2_TYPES
};
#define H2_END_STREAM 0x01
#define H2_END_HEADERS 0x04
#define H2_PADDED 0x08
#define H2_PRIORITY_FLAG 0x20
#define H2_ERRORS 14 /* RFC 9113 section 7: codes 0 to 13 */

#define H2_TEXT_MAX (64 * 1024) /* of one side's header lines */
#define H2_FRAMES_MAX 65535     /* of one stream, then an event */

/* A header line in h2_side.text: "name: value\r\n". */
struct h2_field {
	uint32_t at, name_len, value_len;
};

struct h2_side {
	struct ips_body body;
	struct ips_unpack *unpack;
	uint8_t *text;
	uint32_t text_len, text_cap;
	struct h2_field *field;
	uint32_t n, cap;
	bool ready;      /* the header block is complete */
	uint16_t frames; /* bit set of enum h2_type seen */
	uint16_t errors; /* bit set of error codes seen */
};

/* A buffer that had to be put together; kept with the transaction. */
struct h2_made {
	struct h2_made *next;
	const char *key;
	enum ips_dir dir;
	uint32_t len;
	uint8_t data[];
};

struct h2_tx {
	struct ips_tx base;
	struct ips_http2 *h2;
	uint32_t stream; /* 0: frames of the connection */
	uint32_t frames;
	struct h2_side side[2];
	struct h2_made *made;
};

/* One direction's framing. */
struct h2_dir {
	nghttp2_hd_inflater *hd;
	uint32_t table_max;
	uint8_t magic; /* bytes of the preface seen */
	uint8_t head[9], head_n;
	bool in_frame;
	uint8_t type, flags;
	uint32_t stream;
	uint32_t left;      /* of the frame, padding too */
	uint8_t prefix[16]; /* fixed fields before the content */
	uint8_t prefix_n, prefix_want;
	uint32_t pad;
	bool skip;        /* nothing to do with the rest of the frame */
	uint32_t block;   /* stream of the header block being read, 0: none */
	bool block_ends;  /* its HEADERS carried END_STREAM */
	bool promise;     /* it came in a PUSH_PROMISE: a request of the client's side */
	struct h2_tx *tx; /* whose content or header block it is; NULL: nobody's */
	struct h2_tx *block_tx;
};

struct ips_http2 {
	struct ips_app *app;
	struct ips_app_ctx *ctx; /* during data() only */
	struct ips_mem *mem;
	nghttp2_mem alloc;
	struct h2_dir dir[2];
	struct h2_tx *recent;
	uint32_t last_stream[2]; /* highest opened: by the client, by the server */
	bool failed;
};

/* http2.c */
struct h2_tx *h2_find(struct ips_http2 *h, uint32_t stream);
struct h2_tx *h2_open(struct ips_http2 *h, uint32_t stream); /* NULL: fail */
void h2_event(struct ips_http2 *h, struct h2_tx *tx, enum h2_event e);
void h2_touch(struct h2_tx *tx, enum ips_dir dir);
void h2_end(struct h2_tx *tx, enum ips_dir dir);

/* http2_frame.c: bytes of one direction. */
void h2_frames(struct ips_http2 *h, enum ips_dir dir, const uint8_t *p, size_t n);

/* http2_head.c: a piece of the header block that is open in dir; last ends it. */
void h2_block(struct ips_http2 *h, enum ips_dir dir, const uint8_t *p, size_t n, bool last);
/* First field of that name (lower case), or NULL. */
const struct h2_field *h2_field(const struct h2_side *s, const char *name);
struct ips_view h2_value(const struct h2_side *s, const struct h2_field *f);

/* http2_buffer.c */
enum ips_buf_state h2_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret);
bool h2_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret);

/* http2_log.c */
void h2_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j);

#endif
