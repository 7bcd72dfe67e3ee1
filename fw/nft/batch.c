/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunked, bounds-checked construction of nf_tables messages; see batch.h. No file descriptor here.
 */
#include "fw/nft/batch.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>

#include "fw/nft/uapi.h"
#include "lib/util.h"

#define CHUNK (256u * 1024u)

void fw_nft_batch_init(struct fw_nft_batch *b, uint32_t seq0)
{
	memset(b, 0, sizeof(*b));
	b->seq0 = seq0;
}

void fw_nft_batch_done(struct fw_nft_batch *b)
{
	for (size_t i = 0; i < b->n_chunks; i++)
		free(b->chunks[i].iov_base);
	free(b->chunks);
	free(b->refs);
	fw_nft_batch_init(b, b->seq0);
}

bool fw_nft_batch_full(const struct fw_nft_batch *b, size_t bytes)
{
	return b->bytes > bytes;
}

static int new_chunk(struct fw_nft_batch *b, size_t room)
{
	size_t size = SK_MAX((size_t)CHUNK, room);

	if (sk_grow(&b->chunks, &b->cap_chunks, b->n_chunks + 1, sizeof(*b->chunks)) < 0)
		return -ENOMEM;
	void *p = malloc(size);
	if (!p)
		return -ENOMEM;
	b->chunks[b->n_chunks++] = (struct iovec){.iov_base = p, .iov_len = 0};
	b->room = size;
	return 0;
}

void fw_nft_msg_begin(struct fw_nft_batch *b, int type, unsigned flags, uint32_t ref, size_t room)
{
	assert(!b->msg);
	if (b->err)
		return;
	if (b->room < room && new_chunk(b, room) < 0) {
		b->err = -ENOMEM;
		return;
	}
	if (sk_grow(&b->refs, &b->cap_refs, b->n + 1, sizeof(*b->refs)) < 0) {
		b->err = -ENOMEM;
		return;
	}
	struct iovec *c = &b->chunks[b->n_chunks - 1];
	b->msg = nftnl_nlmsg_build_hdr((char *)c->iov_base + c->iov_len, (uint16_t)type,
		b->family ? b->family : NFPROTO_INET, (uint16_t)flags, b->seq0 + (uint32_t)b->n);
	b->msg_cap = b->room;
	b->refs[b->n++] = ref;
}

void fw_nft_msg_end(struct fw_nft_batch *b)
{
	if (!b->msg)
		return;
	size_t len = NLMSG_ALIGN(b->msg->nlmsg_len);
	b->chunks[b->n_chunks - 1].iov_len += len;
	b->room -= SK_MIN(len, b->room);
	b->bytes += len;
	b->msg = NULL;
}

size_t fw_nft_msg_len(const struct fw_nft_batch *b)
{
	return b->msg ? b->msg->nlmsg_len : 0;
}

void fw_nft_put(struct fw_nft_batch *b, uint16_t type, const void *p, size_t n)
{
	if (b->err || !b->msg)
		return;
	if (n > UINT16_MAX - MNL_ATTR_HDRLEN || !mnl_attr_put_check(b->msg, b->msg_cap, type, n, p))
		b->err = -EMSGSIZE;
}

void fw_nft_put_raw(struct fw_nft_batch *b, const void *p, size_t n)
{
	if (b->err || !b->msg)
		return;
	assert(n % MNL_ALIGNTO == 0);
	if (b->msg->nlmsg_len + n > b->msg_cap) {
		b->err = -EMSGSIZE;
		return;
	}
	memcpy((char *)b->msg + b->msg->nlmsg_len, p, n);
	b->msg->nlmsg_len += (uint32_t)n;
}

void fw_nft_put_str(struct fw_nft_batch *b, uint16_t type, const char *s)
{
	fw_nft_put(b, type, s, strlen(s) + 1);
}

void fw_nft_put_u8(struct fw_nft_batch *b, uint16_t type, uint8_t v)
{
	fw_nft_put(b, type, &v, sizeof(v));
}

void fw_nft_put_be16(struct fw_nft_batch *b, uint16_t type, uint16_t v)
{
	v = htons(v);
	fw_nft_put(b, type, &v, sizeof(v));
}

void fw_nft_put_be32(struct fw_nft_batch *b, uint16_t type, uint32_t v)
{
	v = htonl(v);
	fw_nft_put(b, type, &v, sizeof(v));
}

void fw_nft_put_be64(struct fw_nft_batch *b, uint16_t type, uint64_t v)
{
	v = htobe64(v);
	fw_nft_put(b, type, &v, sizeof(v));
}

struct nlattr *fw_nft_nest(struct fw_nft_batch *b, uint16_t type)
{
	if (b->err || !b->msg)
		return NULL;
	struct nlattr *a = mnl_attr_nest_start_check(b->msg, b->msg_cap, type);
	if (!a)
		b->err = -EMSGSIZE;
	return a;
}

void fw_nft_nest_end(struct fw_nft_batch *b, struct nlattr *a)
{
	if (b->err || !b->msg || !a)
		return;
	mnl_attr_nest_end(b->msg, a);
}
