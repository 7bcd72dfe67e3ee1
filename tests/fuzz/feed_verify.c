/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what vouches for a feed; the first chooses: S a file of hashes, M a minisign
 * signature, K a minisign key, else a plain signature. Nothing made up is ever accepted.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/buf.h"
#include "mgmt/feeds/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "EdKEYID..8" and 32 bytes of which nobody has the other half; the 32 bytes alone. */
#define KEY "RWRLRVlJRC4uOAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
#define RAW "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct sk_err err = {0};
	struct mg_signed s = {text, size - 1, "content", 7};
	struct sk_buf b;
	int r;

	if (size == 0)
		return 0;
	sk_buf_init(&b, 1u << 20);
	switch (data[0]) {
	case 'S': r = mg_verify_sha256_text(text, size - 1, "list.txt", "content", 7, &err); break;
	case 'M': r = mg_verify_minisign(KEY, &s, &err); break;
	case 'K':
		sk_buf_put(&b, text, size - 1);
		s.sig = "";
		s.sig_len = 0;
		r = mg_verify_minisign(sk_buf_str(&b), &s, &err);
		break;
	default: r = mg_verify_ed25519(RAW, &s, &err); break;
	}
	sk_buf_done(&b);
	/* Its true hash can be found, a signature cannot. */
	assert(r < 0 || data[0] == 'S');
	assert(r == 0 || (err.en[0] && err.ja[0]));
	return 0;
}
