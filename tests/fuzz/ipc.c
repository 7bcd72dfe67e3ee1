/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any datagram into the message decoder. What it accepts must encode and decode to the same again,
 * and its body is also read as the END of a call.
 */
#include <assert.h>
#include <stddef.h>

#include "lib/ipc.h"
#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_ipc_msg m, again;
	struct sk_err err;
	struct sk_buf b;

	if (sk_ipc_decode(data, size, &m, &err) < 0) {
		assert(err.code < 0 && err.en[0]);
		assert(sk_utf8_valid(err.en, sizeof(err.en)));
		return 0;
	}
	sk_buf_init(&b, 8 * SK_IPC_MAX);
	/* Escapes may make the canonical text longer than what came in. */
	if (sk_ipc_encode(&b, m.type, m.id, m.body) == 0) {
		assert(sk_ipc_decode(b.data, b.len, &again, NULL) == 0);
		assert(again.type == m.type && again.id == m.id);
		assert(json_equal(again.body, m.body));
		sk_ipc_msg_done(&again);
	}
	if (sk_ipc_end_code(m.body, &err) < 0)
		assert(err.code < 0 && sk_utf8_valid(err.ja, sizeof(err.ja)));
	sk_buf_done(&b);
	sk_ipc_msg_done(&m);
	return 0;
}
