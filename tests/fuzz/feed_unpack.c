/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a packed feed: never more than the bound, and 0 leaves nothing behind. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "mgmt/feeds/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_err err = {0};
	struct sk_buf out;
	int r;

	sk_buf_init(&out, 1u << 20);
	r = mg_feed_unpack(data, size, &out, &err);
	assert(out.len <= out.max);
	assert(r == 0 || r == 1 || r == -EBADMSG || r == -EFBIG);
	assert(r != 0 || out.len == 0);
	assert(r >= 0 || (err.en[0] && err.ja[0]));
	sk_buf_done(&out);
	return 0;
}
