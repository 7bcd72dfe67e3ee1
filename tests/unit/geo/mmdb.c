// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes of such a database: tree, separator, data, metadata. */
#include "tests/unit/geo/mmdb.h"

#include <stdio.h>
#include <string.h>

struct mmdb_buf {
	uint8_t b[65536];
	size_t n;
};

static void mmdb_control(struct mmdb_buf *o, unsigned type, size_t size)
{
	o->b[o->n++] = (uint8_t)(type << 5 | (size < 29 ? size : 29));
	if (size >= 29)
		o->b[o->n++] = (uint8_t)(size - 29);
}

static void mmdb_text(struct mmdb_buf *o, const char *s)
{
	mmdb_control(o, 2, strlen(s));
	memcpy(o->b + o->n, s, strlen(s));
	o->n += strlen(s);
}

static void mmdb_number(struct mmdb_buf *o, unsigned type, uint32_t v)
{
	mmdb_control(o, type, 4);
	for (int i = 3; i >= 0; i--)
		o->b[o->n++] = (uint8_t)(v >> 8 * i);
}

static void mmdb_key(struct mmdb_buf *o, const char *key, uint32_t v)
{
	mmdb_text(o, key);
	mmdb_number(o, 6, v);
}

static void mmdb_entry(struct mmdb_buf *o, const struct mmdb_net *net)
{
	if (!net->country) {
		mmdb_control(o, 7, 2);
		mmdb_key(o, "autonomous_system_number", net->asn);
		mmdb_text(o, "autonomous_system_organization");
		mmdb_text(o, net->operator);
		return;
	}
	mmdb_control(o, 7, 1);
	mmdb_text(o, "country");
	mmdb_control(o, 7, 2);
	mmdb_text(o, "iso_code");
	mmdb_text(o, net->country);
	mmdb_text(o, "names");
	mmdb_control(o, 7, 2);
	mmdb_text(o, "en");
	mmdb_text(o, net->operator);
	mmdb_text(o, "ja");
	mmdb_text(o, net->ja);
}

/* A key with a 16-bit number below 256. */
static void mmdb_small(struct mmdb_buf *o, const char *key, uint8_t v)
{
	mmdb_text(o, key);
	mmdb_control(o, 5, 1);
	o->b[o->n++] = v;
}

static void mmdb_metadata(struct mmdb_buf *o, const char *type, uint32_t nodes)
{
	memcpy(o->b + o->n, "\xab\xcd\xefMaxMind.com", 14);
	o->n += 14;
	mmdb_control(o, 7, 9);
	mmdb_key(o, "node_count", nodes);
	mmdb_small(o, "record_size", 24);
	mmdb_small(o, "ip_version", 4);
	mmdb_small(o, "binary_format_major_version", 2);
	mmdb_small(o, "binary_format_minor_version", 0);
	mmdb_text(o, "database_type");
	mmdb_text(o, type);
	mmdb_text(o, "languages");
	memcpy(o->b + o->n, "\x00\x04", 2); /* extended: an array of none */
	o->n += 2;
	mmdb_text(o, "build_epoch");
	memcpy(o->b + o->n, "\x01\x02\x01", 3); /* extended: 64 bits */
	o->n += 3;
	mmdb_text(o, "description");
	mmdb_control(o, 7, 0);
}

int mmdb_write(const char *path, const char *type, const struct mmdb_net *nets, size_t n)
{
	static struct mmdb_buf data, out;
	uint32_t tree[512][2], nodes = 1, at[16];
	size_t size;
	FILE *f;

	memset(tree, 0xff, sizeof(tree));
	data.n = out.n = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t node = 0;

		at[i] = (uint32_t)data.n;
		mmdb_entry(&data, &nets[i]);
		for (unsigned k = 0; k < nets[i].bits; k++) {
			unsigned side = nets[i].addr >> (31 - k) & 1;

			if (k + 1 == nets[i].bits)
				tree[node][side] = 0x800000u + (uint32_t)i;
			else if (tree[node][side] == UINT32_MAX)
				tree[node][side] = nodes++;
			node = tree[node][side];
		}
	}
	for (uint32_t i = 0; i < nodes; i++)
		for (int side = 0; side < 2; side++) {
			uint32_t v = tree[i][side];

			v = v == UINT32_MAX     ? nodes
				: v >= 0x800000 ? nodes + 16 + at[v - 0x800000]
						: v;
			for (int k = 2; k >= 0; k--)
				out.b[out.n++] = (uint8_t)(v >> 8 * k);
		}
	memset(out.b + out.n, 0, 16);
	out.n += 16;
	memcpy(out.b + out.n, data.b, data.n);
	out.n += data.n;
	mmdb_metadata(&out, type, nodes);
	f = fopen(path, "wb");
	if (!f)
		return -1;
	size = fwrite(out.b, 1, out.n, f);
	return fclose(f) == 0 && size == out.n ? 0 : -1;
}
