// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as what people hand in for a backup: the first byte chooses between the file's head, a
 * key file and the content of the stream, as if its cipher had been opened. What is accepted is
 * written again and read to the same.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/backup/archive.h"
#include "mgmt/backup/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void head(const uint8_t *p, size_t n)
{
	struct mg_bk_head *h = calloc(2, sizeof(*h));
	struct sk_err err = {0};
	size_t used = 0, again = 0;
	char text[300];
	struct sk_buf b;
	int r = mg_bk_head_parse(p, n, &h[0], &used, &err);

	if (r == 0) {
		assert(used <= n && h[0].n_locks > 0 && h[0].n_locks <= MG_BK_LOCKS);
		mg_bk_locks_text(&h[0], SK_JA, text, sizeof(text));
		assert(strlen(text) < sizeof(text));
		sk_buf_init(&b, MG_BK_HEAD_MAX * 2);
		if (mg_bk_head_encode(&h[0], &b, NULL) == 0) {
			assert(mg_bk_head_parse(b.data, b.len, &h[1], &again, NULL) == 0);
			assert(again == b.len && h[1].created == h[0].created);
			assert(h[1].n_locks == h[0].n_locks);
			assert(memcmp(h[1].stream, h[0].stream, sizeof(h[0].stream)) == 0);
		}
		sk_buf_done(&b);
	} else if (r != -EAGAIN) {
		assert(err.en[0] && err.ja[0]);
	}
	free(h);
}

static void key(const uint8_t *p, size_t n)
{
	struct mg_bk_keyfile k, again;
	struct sk_buf b;

	if (mg_bk_key_parse((const char *)p, n, &k, NULL) < 0)
		return;
	sk_buf_init(&b, 4096);
	mg_bk_key_format(&k, k.has_secret, NULL, &b);
	assert(mg_bk_key_parse(sk_buf_str(&b), b.len, &again, NULL) == 0);
	assert(memcmp(again.pub, k.pub, sizeof(k.pub)) == 0);
	sk_buf_done(&b);
}

struct sum {
	size_t entries, ends, files;
	uint64_t bytes;
};

static int on_entry(const struct mg_bk_entry *e, void *arg, struct sk_err *err)
{
	struct sum *s = arg;

	assert(mg_bk_name_ok(e->name) && !strstr(e->name, "/../") && e->mode <= 07777);
	s->entries++;
	s->files += !e->folder;
	return 0;
}

static int on_data(const void *p, size_t n, void *arg, struct sk_err *err)
{
	((struct sum *)arg)->bytes += n;
	return 0;
}

static int on_end(void *arg, struct sk_err *err)
{
	((struct sum *)arg)->ends++;
	return 0;
}

static int content(const uint8_t *p, size_t n, size_t step, struct sum *s)
{
	static const struct mg_bk_reader_ops ops = {on_entry, on_data, on_end};
	struct mg_bk_reader *r;
	const json_t *manifest;
	int ret = mg_bk_reader_new(&r, &ops, s, NULL);

	for (size_t at = 0; ret == 0 && at < n; at += step)
		ret = mg_bk_reader_feed(r, p + at, SK_MIN(step, n - at), NULL);
	if (ret == 0)
		ret = mg_bk_reader_end(r, &manifest, NULL);
	if (ret == 0)
		assert(json_is_object(manifest) && s->ends == s->files);
	mg_bk_reader_free(r);
	return ret;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum one = {0}, other = {0};

	if (!size || sodium_init() < 0)
		return 0;
	if (data[0] == 'h')
		head(data + 1, size - 1);
	else if (data[0] == 'k')
		key(data + 1, size - 1);
	else {
		/* In whatever pieces it comes, it means the same. */
		int a = content(data + 1, size - 1, 1, &one);
		int b = content(data + 1, size - 1, 4096, &other);

		assert(a == b && one.entries == other.entries &&
			(a < 0 || one.bytes == other.bytes));
	}
	return 0;
}
