/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state folder of sekisho-update, and what the running system says of itself. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/update/run/run.h"

#define FILE_MAX (256u << 10)
#define MARGIN (32ll << 20)

static int path_of(const char *dir, const char *name, char *dst, size_t cap)
{
	return snprintf(dst, cap, "%s/%s", dir, name) < (int)cap ? 0 : -ENAMETOOLONG;
}

json_t *mg_state_load(const char *dir, const char *name)
{
	char path[512];
	struct sk_buf b;
	json_t *v = NULL;

	sk_buf_init(&b, FILE_MAX);
	if (path_of(dir, name, path, sizeof(path)) == 0 && sk_file_read(path, &b, NULL) == 0)
		v = sk_json_parse(sk_buf_str(&b), b.len, NULL);
	sk_buf_done(&b);
	if (v && !json_is_object(v)) {
		json_decref(v);
		v = NULL;
	}
	return v;
}

int mg_state_save(const char *dir, const char *name, const json_t *v, struct sk_err *err)
{
	char path[512];
	struct sk_buf b;
	int r = v ? path_of(dir, name, path, sizeof(path)) : -ENOMEM;

	if (r < 0)
		return sk_err_en(err, r, NULL, "%s", strerror(-r));
	sk_buf_init(&b, FILE_MAX);
	sk_json_put(&b, v);
	r = sk_buf_error(&b) ? sk_err_nomem(err) : sk_file_replace(path, b.data, b.len, 0600, err);
	sk_buf_done(&b);
	return r;
}

void mg_state_remove(const char *dir, const char *name)
{
	char path[512];

	if (path_of(dir, name, path, sizeof(path)) == 0)
		unlink(path);
}

int mg_state_lock(const char *dir, struct sk_err *err)
{
	char path[512];
	int fd = path_of(dir, "lock", path, sizeof(path)) == 0
		? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)
		: -1;

	if (fd < 0)
		return sk_err_set(err, -errno, NULL, "the folder %s cannot be written: %s",
			"フォルダー %s に書き込めません (%s)", dir, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return sk_err_set(err, -EBUSY, NULL, "an update is under way (see: update status)",
			"更新の処理中です (update status で確認)");
	}
	return 0; /* open until the process ends */
}

int mg_state_space(const char *dir, int64_t need, struct sk_err *err)
{
	struct statvfs st;
	int64_t left;

	if (statvfs(dir, &st) < 0)
		return sk_err_en(err, -errno, NULL, "%s: %s", dir, strerror(errno));
	left = (int64_t)st.f_bavail * (int64_t)st.f_frsize;
	if (left >= need + MARGIN)
		return 0;
	return sk_err_set(err, -ENOSPC, NULL,
		"the data partition has %lld MiB left, the update needs %lld MiB: shorten the "
		"retention of logs or remove old backups",
		"データ領域の空きが %lld MiB しかありません (更新には %lld MiB "
		"必要)。ログの保存日数"
		"を短くするか、古いバックアップを削除してください",
		(long long)(left >> 20), (long long)((need + MARGIN) >> 20));
}

/* ---- the running system ----
 */
/* The value of NAME=… in blank- or newline-separated words, without quotes. */
static void value_of(const char *text, const char *name, char *dst, size_t cap)
{
	const size_t n = strlen(name);

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, " \n");

		if (len > n && strncmp(p, name, n) == 0 && p[n] == '=') {
			const char *v = p + n + 1;
			size_t k = len - n - 1;

			if (k >= 2 && v[0] == '"' && v[k - 1] == '"')
				v++, k -= 2;
			snprintf(dst, cap, "%.*s", (int)k, v);
		}
		p += len;
		p += strspn(p, " \n");
	}
}

static void text_of(const char *path, struct sk_buf *b)
{
	sk_buf_init(b, FILE_MAX);
	sk_file_read(path, b, NULL);
}

/* The first word of ORDER. */
static void first_of(const char *path, char *dst, size_t cap)
{
	char order[32] = "";
	struct sk_buf b;

	text_of(path, &b);
	if (b.len == MG_GRUBENV_SIZE &&
		mg_grubenv_get(sk_buf_str(&b), "ORDER", order, sizeof(order)) == 0)
		snprintf(dst, cap, "%.1s", order);
	sk_buf_done(&b);
	if (strcmp(dst, "A") != 0 && strcmp(dst, "B") != 0)
		dst[0] = '\0';
}

void mg_system_read(const struct mg_run_opts *o, struct mg_system *ret)
{
	struct sk_buf b;

	*ret = (struct mg_system){0};
	text_of(o->cmdline, &b);
	value_of(sk_buf_str(&b), "rauc.slot", ret->slot, sizeof(ret->slot));
	value_of(sk_buf_str(&b), "sekisho.hash", ret->hash, sizeof(ret->hash));
	sk_buf_done(&b);
	if (ret->slot[0])
		first_of(o->grubenv, ret->first, sizeof(ret->first));
	text_of(o->os_release, &b);
	value_of(sk_buf_str(&b), "VERSION_ID", ret->os_version, sizeof(ret->os_version));
	sk_buf_done(&b);
	text_of("/proc/sys/kernel/random/boot_id", &b);
	snprintf(ret->boot_id, sizeof(ret->boot_id), "%.36s", sk_buf_str(&b));
	sk_buf_done(&b);
	text_of(o->version_file, &b);
	snprintf(ret->version, sizeof(ret->version), "%.*s", (int)strcspn(sk_buf_str(&b), "\n"),
		sk_buf_str(&b));
	if (mg_version_check(ret->version, NULL) < 0)
		snprintf(ret->version, sizeof(ret->version), "%s", SK_VERSION);
	sk_buf_done(&b);
}
