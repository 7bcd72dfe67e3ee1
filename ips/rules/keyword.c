/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All keywords in one hash table: the rows of the files that read them, and one row for each sticky
 * buffer of the protocols. A keyword named twice is a mistake of ours and fails at start.
 */
#include "ips/rules/keyword.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "ips/rules/build.h"
#include "ips/rules/kw.h"

static const struct ips_kw *const tables[] = {ips_kw_meta, ips_kw_content, ips_kw_pcre, ips_kw_byte,
	ips_kw_packet, ips_kw_flow, ips_kw_bits, ips_kw_buffer, ips_kw_app, ips_kw_data,
	ips_kw_limit, ips_kw_file, ips_kw_refused};

static uint32_t name_hash(struct ips_text name)
{
	char s[48];
	size_t n = name.n < sizeof(s) ? name.n : sizeof(s);

	for (size_t i = 0; i < n; i++)
		s[i] = name.p[i] | (name.p[i] >= 'A' && name.p[i] <= 'Z' ? 0x20 : 0);
	return ips_hash(s, n);
}

static const struct ips_kw **slot_of(const struct ips_keywords *k, struct ips_text name)
{
	size_t at = name_hash(name) & (k->cap - 1);

	while (k->slot[at] && !ips_text_is(name, k->slot[at]->name))
		at = (at + 1) & (k->cap - 1);
	return &k->slot[at];
}

static void put(struct ips_keywords *k, const struct ips_kw *kw)
{
	const struct ips_kw **slot = slot_of(k, ips_text_of(kw->name));

	assert(!*slot && k->n < k->cap / 2);
	*slot = kw;
	k->n++;
}

int ips_keywords_init(struct ips_keywords *k)
{
	k->cap = 2048;
	k->slot = calloc(k->cap, sizeof(struct ips_kw *));
	k->made = calloc(IPS_BUF_COUNT, sizeof(*k->made));
	if (!k->slot || !k->made)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct ips_kw *kw = tables[i]; kw->name; kw++)
			put(k, kw);
	for (int buf = IPS_BUF_PAYLOAD + 1; buf < IPS_BUF_COUNT; buf++) {
		/* A blank: for the engine alone. Named in a table: read in its own way. */
		if (strchr(ips_buf_info(buf)->name, ' ') ||
			*slot_of(k, ips_text_of(ips_buf_info(buf)->name)))
			continue;
		k->made[buf] = (struct ips_kw){
			ips_buf_info(buf)->name, ips_kw_sticky, IPS_KW_NONE, (int16_t)buf};
		put(k, &k->made[buf]);
	}
	return 0;
}

void ips_keywords_done(struct ips_keywords *k)
{
	free(k->slot);
	free(k->made);
}

const struct ips_kw *ips_keywords_find(const struct ips_keywords *k, struct ips_text name)
{
	return *slot_of(k, name);
}
