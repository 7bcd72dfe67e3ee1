/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small JSON writer onto a buffer, for events: commas and escaping are its business, structure
 * the caller's. Bytes that are not UTF-8 are written as \xNN text, as EVE readers expect.
 */
#ifndef IPS_OUTPUT_JSON_H
#define IPS_OUTPUT_JSON_H

#include "lib/buf.h"

struct ips_json {
	struct sk_buf *b;
	bool comma;
};

void ips_json_init(struct ips_json *j, struct sk_buf *b);
/* key NULL inside arrays and at the top. */
void ips_json_open(struct ips_json *j, const char *key);
void ips_json_close(struct ips_json *j);
void ips_json_open_array(struct ips_json *j, const char *key);
void ips_json_close_array(struct ips_json *j);
void ips_json_str(struct ips_json *j, const char *key, const char *s);
void ips_json_bytes(struct ips_json *j, const char *key, const void *p, size_t n);
void ips_json_printable(struct ips_json *j, const char *key, const void *p, size_t n); /* dots */
void ips_json_hex(struct ips_json *j, const char *key, const void *p, size_t n);
void ips_json_base64(struct ips_json *j, const char *key, const void *p, size_t n);
void ips_json_uint(struct ips_json *j, const char *key, uint64_t v);
void ips_json_int(struct ips_json *j, const char *key, int64_t v);
void ips_json_bool(struct ips_json *j, const char *key, bool v);

#endif
