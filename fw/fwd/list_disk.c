/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocklist on disk:
 *
 *   blocklist            the document in force; blocklist.previous the one before it
 *   blocklist.staged     a document on its way to the kernel; no start ever loads it
 *   blocklist.changes    single changes since, one JSON object a line, each naming the generation
 *                        it builds on: lines that do not follow on the document are passed over
 *
 * A start loads the document and its changes, or the previous one where it is damaged.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fw/fwd/fwd.h"
#include "lib/log.h"
#include "lib/util.h"

#define DOCUMENT "blocklist"
#define PREVIOUS "blocklist.previous"
#define STAGED "blocklist.staged"
#define CHANGES "blocklist.changes"
#define CHANGES_BYTES (8u << 20)
#define ROWS_MAX 10000

/* ---- the changes ---- */

static int read_kind(const json_t *v, enum sk_bl_kind *ret)
{
	const char *s = json_string_value(v);

	if (!s)
		return -EINVAL;
	for (unsigned k = 0; k < SK_BL_KINDS; k++) {
		if (s[0] == sk_bl_kind_char(k) && !s[1]) {
			*ret = k;
			return 0;
		}
	}
	return sk_bl_kind_parse(s, ret);
}

/* [kind, value, feed]; feed null: allowed. 1: it is no address. */
static int read_row(const struct fw_list *l, const json_t *row, struct fw_list_change *c)
{
	const json_t *value = json_array_get(row, 1), *feed = json_array_get(row, 2);
	char text[SK_BL_VALUE_MAX + 1];
	int r;

	if (json_array_size(row) != 3 || !json_is_string(value) ||
		!(json_is_null(feed) || json_is_string(feed)) ||
		read_kind(json_array_get(row, 0), &c->kind) < 0 ||
		sk_bl_canonical(c->kind, json_string_value(value), json_string_length(value), text,
			sizeof(text)) < 0)
		return -EINVAL;
	if (c->kind != SK_BL_ADDR4 && c->kind != SK_BL_ADDR6)
		return 1;
	r = json_is_null(feed) ? SK_BL_ALLOW : fw_list_feed(l, json_string_value(feed));
	if (r < 0)
		return -ESTALE;
	c->feed = (uint16_t)r;
	return sk_bl_range(c->kind, text, strlen(text), &c->lo, &c->hi);
}

static int bad_row(const char *key, size_t i, int code, struct sk_err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "%s[%zu]", key, i);
	if (code == -ESTALE)
		return sk_err_set(err, code, path, "there is no such feed in the list in force",
			"適用中の一覧にその提供元はありません");
	return sk_err_set(err, code, path, "must be [kind, value, feed]",
		"[種別, 値, 提供元] を指定してください");
}

static int read_rows(const struct fw_list *l, const json_t *args, const char *key,
	struct fw_list_change *v, size_t *n, struct sk_err *err)
{
	json_t *rows = NULL, *row;
	int r = sk_json_array(args, key, false, &rows, err);
	size_t i;

	if (r < 0)
		return r;
	json_array_foreach (rows, i, row) {
		v[*n] = (struct fw_list_change){.add = strcmp(key, "add") == 0};
		r = read_row(l, row, &v[*n]);
		if (r < 0)
			return bad_row(key, i, r, err);
		*n += r == 0;
	}
	return 0;
}

static int read_generations(
	const struct fw_list *l, const json_t *args, uint64_t *ret, struct sk_err *err)
{
	static const char *const keys[] = {"base", "generation", "add", "remove", NULL};
	int64_t base = -1, generation = -1;
	int r;

	if ((r = sk_json_only(args, keys, err)) < 0 ||
		(r = sk_json_int(args, "base", true, &base, err)) < 0 ||
		(r = sk_json_int(args, "generation", true, &generation, err)) < 0)
		return r;
	if (base < 0 || (uint64_t)base != fw_list_generation(l))
		return sk_err_set(err, -ESTALE, "base", "generation %" PRIu64 " is in force",
			"適用中の世代は %" PRIu64 " です", fw_list_generation(l));
	if (generation < 0)
		return sk_err_set(err, -ERANGE, "generation", "a generation is not negative",
			"世代番号が正しくありません");
	*ret = (uint64_t)generation;
	return 0;
}

int fwd_list_read_changes(const struct fw_list *l, const json_t *args, struct fw_list_change **ret,
	size_t *ret_n, uint64_t *ret_generation, struct sk_err *err)
{
	_cleanup_(sk_freep) struct fw_list_change *v = NULL;
	size_t rows, n = 0;
	int r = read_generations(l, args, ret_generation, err);

	if (r < 0)
		return r;
	rows = json_array_size(json_object_get(args, "add")) +
		json_array_size(json_object_get(args, "remove"));
	if (rows > ROWS_MAX)
		return sk_err_set(err, -E2BIG, NULL, "more than %d changes at once",
			"変更は一度に%d件までです", ROWS_MAX);
	v = calloc(rows + 1, sizeof(*v));
	if (!v)
		return sk_err_nomem(err);
	/* What moves from one feed to another leaves first. */
	if ((r = read_rows(l, args, "remove", v, &n, err)) < 0 ||
		(r = read_rows(l, args, "add", v, &n, err)) < 0)
		return r;
	*ret = v;
	*ret_n = n;
	v = NULL;
	return 0;
}

static int replay_one(struct fw_list *l, const char *line, size_t n, struct sk_err *err)
{
	_cleanup_(sk_freep) struct fw_list_change *v = NULL;
	_cleanup_(sk_json_decrefp) json_t *args = sk_json_parse(line, n, err);
	struct fw_list_delta delta = {0};
	uint64_t generation = 0;
	size_t count = 0;
	int r;

	if (!args)
		return -EBADMSG;
	if ((r = fwd_list_read_changes(l, args, &v, &count, &generation, err)) < 0 ||
		(r = fw_list_edit(l, v, count, &delta, err)) < 0)
		return r;
	fw_list_delta_done(&delta);
	fw_list_set_generation(l, generation);
	return 0;
}

/* A last line that was cut off by a power cut is no damage: its change is lost. */
static int replay(struct fwd *d, struct fw_list *l, size_t *ret_changes, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	size_t n = 0;
	int r;

	sk_buf_init(&b, CHANGES_BYTES);
	r = fwd_persist_read(d->disk, CHANGES, &b, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (const char *p = sk_buf_str(&b), *end; (end = strchr(p, '\n')); p = end + 1) {
		r = replay_one(l, p, (size_t)(end - p), err);
		/* Of a document before this one. */
		if (r == -ESTALE && n == 0)
			continue;
		if (r < 0)
			return r;
		n++;
	}
	*ret_changes = n;
	return 0;
}

/* ---- the document ---- */

static int load_one(struct fwd *d, const char *name, struct fw_list **ret, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	int r;

	sk_buf_init(&b, SK_BL_BYTES_MAX);
	r = fwd_persist_read(d->disk, name, &b, err);
	return r < 0 ? r : fw_list_parse(b.data, b.len, ret, err);
}

int fwd_list_load(struct fwd *d, struct fw_list **ret, size_t *ret_changes, struct sk_err *err)
{
	struct sk_err second = {0};
	int r = load_one(d, DOCUMENT, ret, err);

	fwd_persist_remove(d->disk, STAGED, NULL);
	if (r == 0)
		return replay(d, *ret, ret_changes, err);
	if (load_one(d, PREVIOUS, ret, &second) < 0)
		return r == -ENOENT ? 0 : r;
	/* Only a death between two renames leaves no document at all. */
	return r == -ENOENT ? 0 : r;
}

int fwd_list_stage(struct fwd *d, const void *doc, size_t n, struct sk_err *err)
{
	return fwd_persist_write(d->disk, STAGED, doc, n, err);
}

int fwd_list_keep(struct fwd *d, struct sk_err *err)
{
	int r = fwd_persist_rename(d->disk, DOCUMENT, PREVIOUS, NULL);

	if (r < 0 && r != -ENOENT)
		sk_log(LOG_WARNING, "the previous blocklist could not be kept: %s", strerror(-r));
	r = fwd_persist_rename(d->disk, STAGED, DOCUMENT, err);
	if (r == 0)
		r = fwd_persist_remove(d->disk, CHANGES, err);
	return r;
}

void fwd_list_drop(struct fwd *d)
{
	fwd_persist_remove(d->disk, STAGED, NULL);
}

int fwd_list_note(struct fwd *d, const json_t *args, size_t *ret_size, struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;

	sk_buf_init(&b, CHANGES_BYTES);
	sk_json_put(&b, args);
	sk_buf_putc(&b, '\n');
	if (sk_buf_error(&b))
		return sk_err_nomem(err);
	return fwd_persist_append(d->disk, CHANGES, b.data, b.len, ret_size, err);
}

void fwd_list_sync(struct fwd *d)
{
	struct sk_err err = {0};

	if (fwd_persist_sync(d->disk, CHANGES, &err) < 0 && err.code != -ENOENT)
		sk_log_err(LOG_WARNING, "the blocklist on disk", &err);
}
