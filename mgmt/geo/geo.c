// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Adapter over libmaxminddb, for forked readers: a database is mapped, so opening it costs next to
 * nothing. What kind a file is, its own description says.
 */
#include "mgmt/geo/geo.h"

#include <dirent.h>
#include <limits.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

struct mg_geo {
	MMDB_s country, asn;
	bool has_country, has_asn;
};

/* "GeoLite2-Country", "DBIP-City-Lite", "ipinfo … country …": of either case. */
static bool says(const char *type, const char *word)
{
	return type && strcasestr(type, word);
}

static void take(struct mg_geo *g, const char *path)
{
	MMDB_s db;
	const char *type;

	if (MMDB_open(path, MMDB_MODE_MMAP, &db) != MMDB_SUCCESS)
		return;
	type = db.metadata.database_type;
	if (!g->has_country && (says(type, "country") || says(type, "city"))) {
		g->country = db;
		g->has_country = true;
	} else if (!g->has_asn && (says(type, "asn") || says(type, "isp"))) {
		g->asn = db;
		g->has_asn = true;
	} else {
		MMDB_close(&db);
	}
}

static int is_mmdb(const struct dirent *de)
{
	size_t n = strlen(de->d_name);

	return n > 5 && strcmp(de->d_name + n - 5, ".mmdb") == 0;
}

static void scan(struct mg_geo *g, const char *dir)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_mmdb, alphasort);

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name) <
			sizeof(path))
			take(g, path);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

struct mg_geo *mg_geo_open(const char *dir)
{
	struct mg_geo *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	scan(g, dir ? dir : "/var/lib/GeoIP");
	if (!dir)
		scan(g, "/usr/share/GeoIP");
	return g;
}

void mg_geo_close(struct mg_geo *g)
{
	if (!g)
		return;
	if (g->has_country)
		MMDB_close(&g->country);
	if (g->has_asn)
		MMDB_close(&g->asn);
	free(g);
}

bool mg_geo_any(const struct mg_geo *g)
{
	return g && (g->has_country || g->has_asn);
}

static bool find(const MMDB_s *db, const char *addr, MMDB_entry_s *ret)
{
	int gai = 0, error = 0;
	MMDB_lookup_result_s r = MMDB_lookup_string(db, addr, &gai, &error);

	if (gai != 0 || error != MMDB_SUCCESS || !r.found_entry)
		return false;
	*ret = r.entry;
	return true;
}

/* Copies a text if the path leads to one. */
static void text_at(MMDB_entry_s *e, const char *const *path, char *dst, size_t cap)
{
	MMDB_entry_data_s v;
	size_t n;

	if (MMDB_aget_value(e, &v, path) != MMDB_SUCCESS || !v.has_data ||
		v.type != MMDB_DATA_TYPE_UTF8_STRING)
		return;
	n = SK_MIN((size_t)v.data_size, cap - 1);
	/* Cut at a character, not within. */
	while (n > 0 && n < v.data_size && ((uint8_t)v.utf8_string[n] & 0xc0) == 0x80)
		n--;
	memcpy(dst, v.utf8_string, n);
	dst[n] = '\0';
}

static void look_country(MMDB_entry_s *e, enum sk_lang lang, struct mg_geo_info *ret)
{
	static const char *const code[] = {"country", "iso_code", NULL},
				 *const flat[] = {"country_code", NULL},
				 *const en[] = {"country", "names", "en", NULL},
				 *const ja[] = {"country", "names", "ja", NULL};

	text_at(e, code, ret->country, sizeof(ret->country));
	if (!ret->country[0])
		text_at(e, flat, ret->country, sizeof(ret->country));
	text_at(e, en, ret->name, sizeof(ret->name));
	if (lang == SK_JA)
		text_at(e, ja, ret->name, sizeof(ret->name));
}

static void look_asn(MMDB_entry_s *e, struct mg_geo_info *ret)
{
	static const char *const number[] = {"autonomous_system_number", NULL},
				 *const flat[] = {"asn", NULL},
				 *const org[] = {"autonomous_system_organization", NULL},
				 *const name[] = {"as_name", NULL};
	MMDB_entry_data_s v;
	char text[16] = "";
	uint64_t n = 0;

	if (MMDB_aget_value(e, &v, number) == MMDB_SUCCESS && v.has_data &&
		v.type == MMDB_DATA_TYPE_UINT32)
		ret->asn = v.uint32;
	/* "AS64496", as others write it. */
	text_at(e, flat, text, sizeof(text));
	if (!ret->asn && strncmp(text, "AS", 2) == 0 && sk_parse_u64(text + 2, UINT32_MAX, &n) == 0)
		ret->asn = (uint32_t)n;
	text_at(e, org, ret->operator, sizeof(ret->operator));
	if (!ret->operator[0])
		text_at(e, name, ret->operator, sizeof(ret->operator));
}

bool mg_geo_look(
	const struct mg_geo *g, const char *addr, enum sk_lang lang, struct mg_geo_info *ret)
{
	MMDB_entry_s e;

	*ret = (struct mg_geo_info){.asn = 0};
	if (!g || !addr || !addr[0])
		return false;
	if (g->has_country && find(&g->country, addr, &e))
		look_country(&e, lang, ret);
	if (g->has_asn && find(&g->asn, addr, &e))
		look_asn(&e, ret);
	return ret->country[0] || ret->asn || ret->operator[0];
}

void mg_geo_row(const struct mg_geo *g, const char *addr, json_t *row)
{
	struct mg_geo_info info;

	/* A text that is not UTF-8 is not set. */
	if (!mg_geo_look(g, addr, SK_EN, &info))
		return;
	if (info.country[0])
		json_object_set_new(row, "country", json_string(info.country));
	if (info.asn)
		json_object_set_new(row, "asn", json_integer(info.asn));
	if (info.operator[0])
		json_object_set_new(row, "operator", json_string(info.operator));
}
