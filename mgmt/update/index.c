/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index of releases, after its signature was found good: JSON, see sekisho-update(8). */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/update/update.h"

static int time_of(const json_t *obj, const char *key, int64_t *ret, struct sk_err *err)
{
	const char *s = NULL;
	int r = sk_json_str(obj, key, false, &s, err);

	if (r == 0 && s && sk_time_parse(s, false, ret, NULL) < 0)
		r = sk_err_set(err, -EINVAL, key, "is no time such as 2026-12-01T00:00:00Z",
			"時刻 (例: 2026-12-01T00:00:00Z) ではありません");
	return r;
}

/* A file beside the index, never elsewhere. */
static int file_name(const char *s, char *dst, size_t cap, struct sk_err *err)
{
	const size_t n = strlen(s);
	bool fits = n > 0 && n < cap && s[0] != '.' && s[0] != '-';

	for (size_t i = 0; fits && i < n; i++)
		fits = (s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'z') ||
			(s[i] >= 'A' && s[i] <= 'Z') || strchr("._~+-", s[i]);
	if (!fits)
		return sk_err_set(
			err, -EINVAL, "file", "is no file name", "ファイル名ではありません");
	memcpy(dst, s, n + 1);
	return 0;
}

static int hash(const char *s, char dst[65], struct sk_err *err)
{
	bool fits = strlen(s) == 64;

	for (size_t i = 0; fits && i < 64; i++)
		fits = (s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f');
	if (!fits)
		return sk_err_set(err, -EINVAL, "sha256", "is no SHA-256 in lower-case hex",
			"SHA-256 (小文字の 16 進数) ではありません");
	memcpy(dst, s, 65);
	return 0;
}

static int notes(const json_t *obj, struct mg_release *r, struct sk_err *err)
{
	static const char *const keys[] = {"en", "ja", NULL};
	const char *en = NULL, *ja = NULL;
	json_t *v = NULL;
	int ret = sk_json_object(obj, "notes", false, &v, err);

	if (ret < 0 || !v)
		return ret;
	if ((ret = sk_json_only(v, keys, err)) < 0 ||
		(ret = sk_json_str(v, "en", false, &en, err)) < 0 ||
		(ret = sk_json_str(v, "ja", false, &ja, err)) < 0)
		return ret;
	if (strlen(en ? en : "") > MG_NOTES_MAX || strlen(ja ? ja : "") > MG_NOTES_MAX)
		return sk_err_set(err, -EINVAL, "notes", "is longer than %d bytes",
			"%d バイトを超えています", MG_NOTES_MAX);
	snprintf(r->en, sizeof(r->en), "%s", en ? en : "");
	snprintf(r->ja, sizeof(r->ja), "%s", ja ? ja : "");
	return 0;
}

/* 1: for another kind of machine. */
static int release(
	const json_t *v, const char *compatible, struct mg_release *ret, struct sk_err *err)
{
	const char *version = NULL, *file = NULL, *sha = NULL, *c = NULL;
	int r;

	if (!json_is_object(v))
		return sk_err_set(err, -EINVAL, NULL, "is no object", "オブジェクトではありません");
	if ((r = sk_json_str(v, "version", true, &version, err)) < 0 ||
		(r = sk_json_str(v, "compatible", true, &c, err)) < 0 ||
		(r = sk_json_str(v, "file", true, &file, err)) < 0 ||
		(r = sk_json_str(v, "sha256", true, &sha, err)) < 0 ||
		(r = sk_json_int(v, "size", true, &ret->size, err)) < 0 ||
		(r = sk_json_bool(v, "security", false, &ret->security, err)) < 0 ||
		(r = mg_version_check(version, err)) < 0 ||
		(r = file_name(file, ret->file, sizeof(ret->file), err)) < 0 ||
		(r = hash(sha, ret->sha256, err)) < 0 || (r = notes(v, ret, err)) < 0)
		return r;
	if (ret->size <= 0 || ret->size > MG_BUNDLE_MAX)
		return sk_err_set(err, -EINVAL, "size", "is no number of bytes up to %lld",
			"バイト数 (最大 %lld) ではありません", MG_BUNDLE_MAX);
	snprintf(ret->version, sizeof(ret->version), "%s", version);
	return strcmp(c, compatible) != 0;
}

/* work: room for one more. */
static int newest(const json_t *list, const char *compatible, struct mg_release *best,
	struct mg_release *work, struct sk_err *err)
{
	if (json_array_size(list) > MG_RELEASES_MAX)
		return sk_err_set(err, -EINVAL, "releases", "has more than %d entries",
			"項目が %d 件を超えています", MG_RELEASES_MAX);
	for (size_t i = 0; i < json_array_size(list); i++) {
		int r;

		*work = (struct mg_release){0};
		r = release(json_array_get(list, i), compatible, work, err);
		if (r < 0) {
			sk_err_prefix(err, "releases[%zu]", i);
			return r;
		}
		if (r == 0 &&
			(!best->version[0] || mg_version_order(work->version, best->version) > 0))
			*best = *work;
	}
	return best->version[0]
		? 0
		: sk_err_set(err, -ENOENT, "releases", "has no version for this machine (%s)",
			  "本装置 (%s) 用の版がありません", compatible);
}

static int head(const json_t *v, struct mg_release *ret, struct sk_err *err)
{
	const char *format = NULL;
	int64_t version = 0;
	int r = sk_json_str(v, "format", true, &format, err);

	if (r == 0)
		r = sk_json_int(v, "version", true, &version, err);
	if (r < 0)
		return r;
	if (!sk_streq(format, "sekisho-update"))
		return sk_err_set(err, -EINVAL, "format", "is no index of Sekisho's releases",
			"Sekisho の更新情報ではありません");
	if (version != 1)
		return sk_err_set(err, -EINVAL, "version",
			"is the form of a newer Sekisho (%lld): take the update from a file",
			"より新しい Sekisho の形式 (%lld) "
			"です。ファイルから更新してください",
			(long long)version);
	r = time_of(v, "published", &ret->published, err);
	return r < 0 ? r : time_of(v, "expires", &ret->expires, err);
}

int mg_index_parse(
	const void *p, size_t n, const char *compatible, struct mg_release *ret, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = n > MG_INDEX_MAX ? NULL : sk_json_parse(p, n, err);
	struct mg_release of_index = {0}, *room;
	json_t *list = NULL;
	int r;

	if (!json_is_object(v))
		return sk_err_set(err, -EINVAL, NULL, "the index of releases is not readable",
			"更新情報を読み取れません");
	if ((r = head(v, &of_index, err)) < 0 ||
		(r = sk_json_array(v, "releases", true, &list, err)) < 0)
		return r;
	room = calloc(2, sizeof(*room));
	if (!room)
		return sk_err_nomem(err);
	r = newest(list, compatible, &room[0], &room[1], err);
	if (r == 0) {
		*ret = room[0];
		ret->published = of_index.published;
		ret->expires = of_index.expires;
	}
	free(room);
	return r;
}

int mg_index_beside(const char *index_url, const char *file, char *dst, size_t cap)
{
	const size_t path = strcspn(index_url, "?#");
	size_t n = path;

	while (n && index_url[n - 1] != '/')
		n--;
	if (n <= strlen("https://") ||
		snprintf(dst, cap, "%.*s%s", (int)n, index_url, file) >= (int)cap)
		return -EINVAL;
	return 0;
}
