/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries chosen by bytes, eight each: a list is made of them as a document, others are added and
 * removed one by one, and what the kernel would hold after each difference is what the list says.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fw/list/list.h"
#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef unsigned __int128 u128;

#define ENTRY 8
#define EDITS_MAX 24

static const char head[] =
	"{\"feeds\":[{\"block\":true,\"name\":\"a\"},{\"block\":false,\"name\":"
	"\"b\"}],\"format\":\"sekisho-blocklist\",\"generation\":1,\"version\":1}"
	"\n";

static struct fw_list *empty(void)
{
	struct fw_list *l = NULL;
	struct sk_buf b;
	uint8_t sum[32];
	char hex[65];

	sk_buf_init(&b, 4096);
	sk_buf_puts(&b, head);
	sk_sha256(sum, b.data, b.len);
	sk_hex(hex, sum, sizeof(sum));
	sk_buf_printf(&b, "{\"end\":{\"entries\":0,\"sha256\":\"%s\"}}\n", hex);
	assert(fw_list_parse(b.data, b.len, &l, NULL) == 0);
	sk_buf_done(&b);
	return l;
}

/* Few bits of a few places, so that entries meet. */
static struct fw_list_change change_of(const uint8_t *p)
{
	struct fw_list_change c = {.add = p[0] & 1, .kind = p[0] & 2 ? SK_BL_ADDR6 : SK_BL_ADDR4};
	const unsigned bits = c.kind == SK_BL_ADDR6 ? 128 : 32;
	const unsigned len = p[1] % (bits + 1);
	u128 a = (u128)(p[2] & 3) << (bits - 16) | (u128)p[3] << (bits / 4) |
		(u128)p[4] << (bits / 8) | p[5];

	if (bits == 32)
		a &= UINT32_MAX;
	c.feed = p[0] >> 6 == 3 ? SK_BL_ALLOW : (uint16_t)(p[0] >> 6 & 1);
	c.lo = len == 0 ? 0 : a >> (bits - len) << (bits - len);
	c.hi = len == 0 ? (bits == 32 ? UINT32_MAX : ~(u128)0)
			: c.lo | (((u128)1 << (bits - len)) - 1);
	if (p[0] & 4)
		c.hi = c.lo + (u128)(p[6] << 8 | p[7]) <= c.hi ? c.lo + (u128)(p[6] << 8 | p[7])
							       : c.hi;
	return c;
}

/* What a set holds, as a number that coming and going leave the same. */
struct sums {
	uint64_t v[FW_LIST_SETS];
	size_t n[FW_LIST_SETS];
};

static uint64_t mix(uint64_t h)
{
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 32;
	return h * 0xc4ceb9fe1a85ec53u;
}

static int add_run(const struct fw_list_run *r, void *arg)
{
	const struct fw_list_set *s = fw_list_set(r->set);
	const unsigned bits = s->family == 6 ? 128 : 32;
	const u128 step = s->prefix ? (u128)1 << (bits - s->prefix) : r->hi - r->lo + 1;
	struct sums *x = arg;

	assert(r->lo <= r->hi);
	for (u128 lo = r->lo;; lo += step) {
		const uint64_t h = mix(mix((uint64_t)lo + 1) ^ mix((uint64_t)(lo >> 64) + 2) ^
			mix((uint64_t)(lo + step - 1) + 3));
		x->v[r->set] += r->add ? h : 0 - h;
		x->n[r->set] += r->add ? 1 : (size_t)-1;
		if (r->hi - lo < step)
			return 0;
	}
}

static void look(const struct fw_list *l, struct sums *ret)
{
	*ret = (struct sums){0};
	for (size_t i = 0; i < FW_LIST_SETS; i++) {
		assert(fw_list_runs(l, i, add_run, ret) == 0);
		assert(ret->n[i] == fw_list_count(l, i));
	}
}

static void ask(const struct fw_list *l, const struct fw_list_change *c)
{
	const struct fw_ip ip = {c->kind == SK_BL_ADDR6 ? 6 : 4, c->lo};
	struct fw_list_hit hit;

	fw_list_find(l, &ip, &hit);
	assert(hit.verdict == FW_LIST_NONE || (hit.lo <= ip.a && hit.hi >= ip.a));
	if (c->add)
		assert(hit.verdict != FW_LIST_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fw_list *l = empty(), *first = empty();
	struct sums have, want;

	look(l, &have);
	for (size_t i = 0; i < EDITS_MAX && (i + 1) * ENTRY <= size; i++) {
		const struct fw_list_change c = change_of(data + i * ENTRY);
		struct fw_list_delta d = {0};

		if (fw_list_edit(l, &c, 1, &d, NULL) == 0) {
			for (size_t k = 0; k < d.n; k++)
				add_run(&d.v[k], &have);
			ask(l, &c);
		}
		fw_list_delta_done(&d);
		look(l, &want);
		assert(memcmp(&have, &want, sizeof(have)) == 0);
	}
	look(first, &have);
	for (size_t i = 0; i < FW_LIST_SETS; i++)
		assert(fw_list_diff(first, l, i, add_run, &have) == 0);
	assert(memcmp(&have, &want, sizeof(have)) == 0 || size < ENTRY);
	fw_list_free(l);
	fw_list_free(first);
	return 0;
}
