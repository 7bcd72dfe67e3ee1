/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How devices looked that do not look as registered. The sensor knows that until nacd ends; who was
 * sent to quarantine for it must not come back by a restart, so it is kept here and on disk until
 * the device is seen to look as it should.
 */
#include <stdlib.h>
#include <string.h>

#include "nac/nacd/parts.h"

struct nacd_looks {
	struct sk_table *t;
};

struct look {
	int64_t at;
	struct nac_print print;
};

struct nacd_looks *nacd_looks_new(const uint8_t seed[16])
{
	struct nacd_looks *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->t = sk_table_new(NACD_LOOKS, sizeof(struct nac_mac), sizeof(struct look), seed);
	if (!l->t) {
		free(l);
		return NULL;
	}
	return l;
}

void nacd_looks_free(struct nacd_looks *l)
{
	if (!l)
		return;
	sk_table_free(l->t);
	free(l);
}

bool nacd_looks_add(const struct nacd_looks *l, const struct nac_mac *mac, struct nac_print *print)
{
	const struct look *k = sk_table_get(l->t, mac);

	if (k)
		nac_print_merge(print, &k->print);
	return k;
}

struct oldest {
	struct nac_mac mac;
	int64_t at;
	bool some;
};

static bool find_oldest(const void *key, void *val, void *arg)
{
	const struct look *k = val;
	struct oldest *o = arg;

	if (!o->some || k->at < o->at) {
		memcpy(&o->mac, key, sizeof(o->mac));
		o->at = k->at;
		o->some = true;
	}
	return false;
}

static struct look *make(struct nacd_looks *l, const struct nac_mac *mac)
{
	struct look *k = sk_table_put(l->t, mac);
	struct oldest o = {.some = false};

	if (k)
		return k;
	sk_table_walk(l->t, find_oldest, &o);
	sk_table_del(l->t, &o.mac);
	return sk_table_put(l->t, mac);
}

bool nacd_looks_keep(
	struct nacd_looks *l, const struct nac_mac *mac, const struct nac_print *print, int64_t now)
{
	struct look *k = make(l, mac);

	if (!k || (k->at && nac_print_compare(&k->print, print, NULL) == NAC_PRINT_SAME))
		return false;
	k->at = now;
	k->print = *print;
	return true;
}

bool nacd_looks_forget(struct nacd_looks *l, const struct nac_mac *mac)
{
	if (!sk_table_get(l->t, mac))
		return false;
	sk_table_del(l->t, mac);
	return true;
}

static bool save_one(const void *key, void *val, void *arg)
{
	const struct look *k = val;
	char text[NAC_MAC_TEXT];
	struct nac_mac mac;

	memcpy(&mac, key, sizeof(mac));
	json_array_append_new(arg,
		json_pack("{s:s,s:I,s:o}", "mac", nac_mac_format(&mac, text), "at",
			(json_int_t)k->at, "fingerprint", nac_print_to_json(&k->print)));
	return false;
}

json_t *nacd_looks_save(struct nacd_looks *l)
{
	json_t *list = json_array();

	if (list)
		sk_table_walk(l->t, save_one, list);
	return list;
}

void nacd_looks_load(struct nacd_looks *l, const json_t *list)
{
	json_t *v;
	size_t i;

	json_array_foreach (list, i, v) {
		const char *text = json_string_value(json_object_get(v, "mac"));
		const int64_t at = json_integer_value(json_object_get(v, "at"));
		struct nac_print print;
		struct nac_mac mac;

		if (text && at > 0 && nac_mac_parse(text, &mac) == 0 &&
			nac_print_from_json(json_object_get(v, "fingerprint"), &print, NULL) == 0)
			nacd_looks_keep(l, &mac, &print, at);
	}
}
