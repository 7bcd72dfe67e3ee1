/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON writer of events. Called once or a few times an event, on text chosen by attackers:
 * every byte is escaped or checked.
 */
#include "ips/output/json.h"

#include <string.h>

static const char hex[] = "0123456789abcdef";

void ips_json_init(struct ips_json *j, struct sk_buf *b)
{
	j->b = b;
	j->comma = false;
}

static void key_of(struct ips_json *j, const char *key)
{
	if (j->comma)
		sk_buf_putc(j->b, ',');
	if (key) {
		sk_buf_putc(j->b, '"');
		sk_buf_puts(j->b, key);
		sk_buf_put(j->b, "\":", 2);
	}
	j->comma = true;
}

void ips_json_open(struct ips_json *j, const char *key)
{
	key_of(j, key);
	sk_buf_putc(j->b, '{');
	j->comma = false;
}

void ips_json_close(struct ips_json *j)
{
	sk_buf_putc(j->b, '}');
	j->comma = true;
}

void ips_json_open_array(struct ips_json *j, const char *key)
{
	key_of(j, key);
	sk_buf_putc(j->b, '[');
	j->comma = false;
}

void ips_json_close_array(struct ips_json *j)
{
	sk_buf_putc(j->b, ']');
	j->comma = true;
}

/* Length of the well-formed UTF-8 sequence at s (RFC 3629), or 0. */
static size_t utf8_len(const uint8_t *s, size_t n)
{
	size_t len = s[0] < 0x80 ? 1
		: s[0] < 0xc2    ? 0
		: s[0] < 0xe0    ? 2
		: s[0] < 0xf0    ? 3
		: s[0] < 0xf5    ? 4
				 : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static void escape_byte(struct sk_buf *b, uint8_t c)
{
	switch (c) {
	case '"': sk_buf_put(b, "\\\"", 2); break;
	case '\\': sk_buf_put(b, "\\\\", 2); break;
	case '\n': sk_buf_put(b, "\\n", 2); break;
	case '\r': sk_buf_put(b, "\\r", 2); break;
	case '\t': sk_buf_put(b, "\\t", 2); break;
	default: {
		char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

		sk_buf_put(b, u, 6);
	}
	}
}

static void quoted(struct ips_json *j, const uint8_t *s, size_t n)
{
	size_t i = 0;

	sk_buf_putc(j->b, '"');
	while (i < n) {
		size_t plain = i, len;

		while (plain < n && s[plain] >= 0x20 && s[plain] < 0x7f && s[plain] != '"' &&
			s[plain] != '\\')
			plain++;
		sk_buf_put(j->b, s + i, plain - i);
		i = plain;
		if (i >= n)
			break;
		len = utf8_len(s + i, n - i);
		if (len >= 2) {
			sk_buf_put(j->b, s + i, len);
			i += len;
		} else if (s[i] < 0x80) {
			escape_byte(j->b, s[i++]);
		} else {
			char x[5] = {'\\', '\\', 'x', hex[s[i] >> 4], hex[s[i] & 15]};

			sk_buf_put(j->b, x, 5);
			i++;
		}
	}
	sk_buf_putc(j->b, '"');
}

void ips_json_bytes(struct ips_json *j, const char *key, const void *p, size_t n)
{
	key_of(j, key);
	quoted(j, p, n);
}

void ips_json_str(struct ips_json *j, const char *key, const char *s)
{
	ips_json_bytes(j, key, s, strlen(s));
}

void ips_json_printable(struct ips_json *j, const char *key, const void *p, size_t n)
{
	const uint8_t *s = p;

	key_of(j, key);
	sk_buf_putc(j->b, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\r' || s[i] == '\n' || s[i] == '"' || s[i] == '\\')
			escape_byte(j->b, s[i]);
		else
			sk_buf_putc(j->b, s[i] >= 0x20 && s[i] < 0x7f ? (char)s[i] : '.');
	}
	sk_buf_putc(j->b, '"');
}

void ips_json_hex(struct ips_json *j, const char *key, const void *p, size_t n)
{
	const uint8_t *s = p;

	key_of(j, key);
	sk_buf_putc(j->b, '"');
	for (size_t i = 0; i < n; i++) {
		char x[2] = {hex[s[i] >> 4], hex[s[i] & 15]};

		sk_buf_put(j->b, x, 2);
	}
	sk_buf_putc(j->b, '"');
}

/* RFC 4648, with padding. */
void ips_json_base64(struct ips_json *j, const char *key, const void *p, size_t n)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *s = p;

	key_of(j, key);
	sk_buf_putc(j->b, '"');
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)s[i] << 16 | (i + 1 < n ? (uint32_t)s[i + 1] << 8 : 0) |
			(i + 2 < n ? s[i + 2] : 0);
		char x[4] = {set[v >> 18], set[v >> 12 & 63], i + 1 < n ? set[v >> 6 & 63] : '=',
			i + 2 < n ? set[v & 63] : '='};

		sk_buf_put(j->b, x, 4);
	}
	sk_buf_putc(j->b, '"');
}

void ips_json_uint(struct ips_json *j, const char *key, uint64_t v)
{
	key_of(j, key);
	sk_buf_printf(j->b, "%llu", (unsigned long long)v);
}

void ips_json_int(struct ips_json *j, const char *key, int64_t v)
{
	key_of(j, key);
	sk_buf_printf(j->b, "%lld", (long long)v);
}

void ips_json_bool(struct ips_json *j, const char *key, bool v)
{
	key_of(j, key);
	sk_buf_puts(j->b, v ? "true" : "false");
}
