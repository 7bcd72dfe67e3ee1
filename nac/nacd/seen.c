/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every MAC that was ever seen at a port, so that a new one is told once, also over restarts. */
#include <stdlib.h>
#include <string.h>

#include "nac/nacd/parts.h"

struct nacd_seen {
	struct sk_table *t;
};

struct nacd_seen *nacd_seen_new(const uint8_t seed[16])
{
	struct nacd_seen *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->t = sk_table_new(NACD_SEEN, sizeof(struct nac_mac), sizeof(struct nacd_sight), seed);
	if (!s->t) {
		free(s);
		return NULL;
	}
	return s;
}

void nacd_seen_free(struct nacd_seen *s)
{
	if (!s)
		return;
	sk_table_free(s->t);
	free(s);
}

static bool older(const void *key, void *val, void *arg)
{
	return ((struct nacd_sight *)val)->last < *(const int64_t *)arg;
}

bool nacd_seen_note(struct nacd_seen *s, const struct nac_mac *mac, const char *where, int64_t now,
	struct nacd_sight **ret)
{
	struct nacd_sight *v = sk_table_put(s->t, mac);
	bool new;

	/* A flood of made-up addresses pushes out what was not seen lately. */
	for (int64_t age = 86400; !v && age > 0; age /= 10) {
		int64_t before = now - age;

		sk_table_walk(s->t, older, &before);
		v = sk_table_put(s->t, mac);
	}
	*ret = v;
	if (!v)
		return false;
	new = v->first == 0;
	if (new)
		v->first = now;
	v->last = now;
	v->frames++;
	snprintf(v->where, sizeof(v->where), "%s", where);
	return new;
}

struct nacd_sight *nacd_seen_get(struct nacd_seen *s, const struct nac_mac *mac)
{
	return sk_table_get(s->t, mac);
}

struct each {
	void (*fn)(const struct nac_mac *mac, struct nacd_sight *v, void *arg);
	void *arg;
};

static bool one(const void *key, void *val, void *arg)
{
	const struct each *e = arg;
	struct nac_mac mac;

	memcpy(&mac, key, sizeof(mac));
	e->fn(&mac, val, e->arg);
	return false;
}

void nacd_seen_each(struct nacd_seen *s,
	void (*fn)(const struct nac_mac *mac, struct nacd_sight *v, void *arg), void *arg)
{
	struct each e = {.fn = fn, .arg = arg};

	sk_table_walk(s->t, one, &e);
}

static void save_one(const struct nac_mac *mac, struct nacd_sight *v, void *arg)
{
	char text[NAC_MAC_TEXT];

	json_array_append_new(arg,
		json_pack("[s,s,I,I,s,I,I]", nac_mac_format(mac, text), v->where,
			(json_int_t)v->first, (json_int_t)v->last, v->address, (json_int_t)v->day,
			(json_int_t)v->would_cut));
}

json_t *nacd_seen_save(struct nacd_seen *s)
{
	json_t *list = json_array();

	if (list)
		nacd_seen_each(s, save_one, list);
	return list;
}

void nacd_seen_load(struct nacd_seen *s, const json_t *list)
{
	json_t *v;
	size_t i;

	json_array_foreach (list, i, v) {
		const char *text = NULL, *where = NULL, *address = NULL;
		json_int_t first, last, day, cut;
		struct nacd_sight *e;
		struct nac_mac mac;

		if (json_unpack(v, "[s,s,I,I,s,I,I]", &text, &where, &first, &last, &address, &day,
			    &cut) < 0 ||
			nac_mac_parse(text, &mac) < 0 || first <= 0)
			continue;
		e = sk_table_put(s->t, &mac);
		if (!e)
			return;
		*e = (struct nacd_sight){.first = first,
			.last = last,
			.day = (uint32_t)day,
			.would_cut = (uint32_t)cut};
		snprintf(e->where, sizeof(e->where), "%s", where);
		snprintf(e->address, sizeof(e->address), "%s", address);
	}
}
