/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents written by the writer of the manager, read by the engine's reader. */
#include "tests/unit/ips-lists/doc.h"

#include <string.h>

static const uint8_t seed[16] = "0123456789abcde";

struct ips_lists *doc_lists(const char *head, const struct doc_entry *entries)
{
	json_t *h = head ? json_loads(head, 0, NULL) : json_object();
	struct ips_lists *l = NULL;
	struct sk_bl_writer w;
	struct sk_err err = {0};
	char sha256[65];
	struct sk_buf b;

	assert_non_null(h);
	json_object_set_new(h, "generation", json_integer(7));
	json_object_set_new(h, "feeds",
		json_pack("[{s:s,s:b},{s:s,s:b}]", "name", "malware", "block", 1, "name", "trial",
			"block", 0));
	sk_buf_init(&b, 1 << 20);
	assert_int_equal(sk_bl_write_begin(&w, &b, h), 0);
	for (; entries->value; entries++)
		sk_bl_write(
			&w, entries->kind, entries->value, strlen(entries->value), entries->feed);
	assert_int_equal(sk_bl_write_end(&w, sha256), 0);
	if (ips_lists_new(&l, b.data, b.len, seed, &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
	assert_string_equal(ips_lists_info(l)->sha256, sha256);
	json_decref(h);
	sk_buf_done(&b);
	return l;
}
