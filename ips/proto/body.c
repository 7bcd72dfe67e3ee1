/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bodies and files kept for inspection. Used by every parser that sees content; grows by doubling
 * in counted memory and never beyond its limit.
 */
#include "ips/proto/body.h"

#include <string.h>

#include "lib/util.h"

#define FIRST_CAP 1024u

void ips_body_init(struct ips_body *b, uint32_t limit)
{
	*b = (struct ips_body){.limit = limit};
}

/* Room for n more bytes; false without memory. */
static bool make_room(struct ips_body *b, struct ips_mem *m, uint32_t n)
{
	uint32_t need = b->len + n, cap = b->cap ? b->cap : FIRST_CAP;
	uint8_t *p;

	if (need <= b->cap)
		return true;
	while (cap < need)
		cap *= 2;
	cap = SK_MAX(SK_MIN(cap, b->limit), need);
	p = ips_mem_grow(m, b->data, b->cap, cap);
	if (!p) {
		cap = need;
		p = ips_mem_grow(m, b->data, b->cap, cap);
	}
	if (!p)
		return false;
	b->data = p;
	b->cap = cap;
	return true;
}

bool ips_body_add(struct ips_body *b, struct ips_mem *m, const void *p, size_t n)
{
	uint32_t take = (uint32_t)SK_MIN(n, b->limit - b->len);

	b->total += n;
	if (take == 0 || b->done || b->gap)
		return false;
	if (!make_room(b, m, take)) {
		b->limit = b->len;
		return false;
	}
	memcpy(b->data + b->len, p, take);
	b->len += take;
	return true;
}

void ips_body_gap(struct ips_body *b, uint64_t n)
{
	b->total += n;
	b->gap = true;
}

void ips_body_end(struct ips_body *b)
{
	b->done = true;
}

void ips_body_free(struct ips_body *b, struct ips_mem *m)
{
	ips_mem_free(m, b->data, b->cap);
	*b = (struct ips_body){0};
}

bool ips_body_final(const struct ips_body *b)
{
	return b->done || b->gap || (b->len == b->limit && b->total > 0);
}

enum ips_buf_state ips_body_view(const struct ips_body *b, struct ips_buf_view *ret)
{
	return ips_body_view_of(b, false, ret);
}

enum ips_buf_state ips_body_view_of(const struct ips_body *b, bool ended, struct ips_buf_view *ret)
{
	bool final = ended || ips_body_final(b);

	if (b->len == 0)
		return final ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
	*ret = (struct ips_buf_view){
		.data = b->data,
		.len = b->len,
		.cut = b->total > b->len,
	};
	return final ? IPS_BUF_FULL : IPS_BUF_PART;
}

struct ips_file *ips_files_open(
	struct ips_files *f, struct ips_mem *m, const void *name, size_t name_len, uint32_t limit)
{
	struct ips_file *file = NULL;

	name_len = SK_MIN(name_len, (size_t)IPS_FILE_NAME_MAX);
	if (f->n < IPS_FILES_MAX)
		file = ips_mem_alloc(m, sizeof(*file) + name_len);
	if (!file) {
		f->refused++;
		return NULL;
	}
	ips_body_init(&file->body, limit);
	file->name_len = (uint16_t)name_len;
	if (name_len)
		memcpy(file->name, name, name_len);
	if (f->last)
		f->last->next = file;
	else
		f->first = file;
	f->last = file;
	f->n++;
	return file;
}

struct ips_file *ips_files_at(const struct ips_files *f, unsigned index)
{
	struct ips_file *file = index < f->n ? f->first : NULL;

	while (file && index-- > 0)
		file = file->next;
	return file;
}

void ips_files_free(struct ips_files *f, struct ips_mem *m)
{
	while (f->first) {
		struct ips_file *file = f->first;

		f->first = file->next;
		ips_body_free(&file->body, m);
		ips_mem_free(m, file, sizeof(*file) + file->name_len);
	}
	*f = (struct ips_files){0};
}
