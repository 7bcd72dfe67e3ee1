/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of blocklists and the document. The first byte chooses: a value of each kind, whose
 * canonical form must be its own; a whole document; or lines that get a right first and last line,
 * so that more than the hash is tried.
 */
#include <assert.h>
#include <string.h>

#include "lib/blocklist.h"
#include "lib/json.h"
#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void value(enum sk_bl_kind k, const char *s, size_t n)
{
	char once[SK_BL_VALUE_MAX + 1], twice[SK_BL_VALUE_MAX + 1];
	int len = sk_bl_canonical(k, s, n, once, sizeof(once));

	if (len < 0)
		return;
	assert((size_t)len == strlen(once) && len > 0 && len <= SK_BL_VALUE_MAX);
	assert(!strpbrk(once, " \n\t"));
	assert(sk_bl_canonical(k, once, (size_t)len, twice, sizeof(twice)) == len);
	assert(strcmp(once, twice) == 0);
}

static int ordered(const struct sk_bl_entry *e, void *arg)
{
	size_t *n = arg;

	assert(e->len && e->kind < SK_BL_KINDS);
	assert(e->kind > SK_BL_ADDR6 || e->lo <= e->hi);
	(*n)++;
	return 0;
}

static void document(const void *p, size_t n)
{
	struct sk_bl_head h;
	struct sk_err err = {0};
	size_t entries = 0;

	if (sk_bl_parse(p, n, &h, ordered, &entries, &err) < 0) {
		assert(err.en[0] && !h.json);
		return;
	}
	assert(h.entries == entries);
	sk_bl_head_done(&h);
}

static void lines(const uint8_t *data, size_t size)
{
	json_t *head = json_pack(
		"{s:i, s:[{s:s, s:b}]}", "generation", 1, "feeds", "name", "a", "block", 1);
	struct sk_bl_writer w;
	struct sk_buf b;
	char sha[65];

	sk_buf_init(&b, size + 4096);
	assert(sk_bl_write_begin(&w, &b, head) == 0);
	sk_buf_put(&b, data, size);
	for (size_t i = 0; i < size; i++)
		w.entries += data[i] == '\n';
	assert(sk_bl_write_end(&w, sha) == 0);
	document(b.data, b.len);
	sk_buf_done(&b);
	json_decref(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] < SK_BL_KINDS)
		value((enum sk_bl_kind)data[0], (const char *)data + 1, size - 1);
	else if (data[0] == 'D')
		document(data + 1, size - 1);
	else
		lines(data + 1, size - 1);
	return 0;
}
