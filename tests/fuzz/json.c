/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text into the JSON parser. The canonical form of what it accepts must be a fixed point:
 * parsed and written again it gives the same bytes.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_buf one, two;
	struct sk_err err;
	json_t *v = sk_json_parse((const char *)data, size, &err), *w;

	if (!v) {
		assert(err.code == -EINVAL && sk_utf8_valid(err.en, strlen(err.en)));
		return 0;
	}
	sk_buf_init(&one, 64u << 20);
	sk_buf_init(&two, 64u << 20);
	sk_json_put(&one, v);
	assert(sk_buf_error(&one) == 0);
	w = sk_json_parse(sk_buf_str(&one), one.len, &err);
	assert(w);
	sk_json_put(&two, w);
	assert(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
	sk_buf_done(&one);
	sk_buf_done(&two);
	json_decref(v);
	json_decref(w);
	return 0;
}
