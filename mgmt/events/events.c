// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening the event store, its open day files and its subscribers. Refuses to run with less than
 * the retention the guideline asks for, and to be opened by two processes.
 */
#include "mgmt/events/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/events/files.h"
#include "mgmt/events/private.h"
#include "mgmt/events/reader.h"

#define RESERVE_MAX (64ull << 20)

/* A lock of the process (fcntl): forked readers do not inherit it. */
static int lock_dir(struct mg_events *e, struct sk_err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/lock", e->dir) >= sizeof(path))
		return sk_err_set(
			err, -ENAMETOOLONG, NULL, "%s: too long", "%s: 長すぎます", e->dir);
	e->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (e->lock_fd < 0)
		return sk_err_set(
			err, -errno, NULL, "%s: %s", "%s: 開けません(%s)", path, strerror(errno));
	if (fcntl(e->lock_fd, F_SETLK, &lock) < 0)
		return sk_err_set(err, -EBUSY, NULL, "%s: another process writes the events",
			"%s: 別のプロセスが事象を書き込んでいます", e->dir);
	return 0;
}

static int note_done(const char *instance, uint64_t done, void *arg)
{
	struct mg_events *e = arg;
	json_t *v = json_object_get(e->done, instance);

	if (v && (uint64_t)json_integer_value(v) >= done)
		return 0;
	return json_object_set_new(e->done, instance, json_integer((json_int_t)done)) < 0 ? -ENOMEM
											  : 0;
}

/* A file that cannot be read now is left for stat and the reports to name. */
static int load_file(struct mg_events *e, const struct mg_day_file *f, struct sk_err *err)
{
	struct mg_reader *r;
	char path[PATH_MAX];
	int code;

	if (f->damaged || mg_day_path(path, sizeof(path), e->dir, f->date) < 0)
		return 0;
	code = mg_reader_open(&r, path, NULL);
	if (code < 0)
		return code == -ENOMEM ? sk_err_nomem(err) : 0;
	e->lost_total += (uint64_t)mg_reader_meta(r, "lost");
	code = mg_reader_instances(r, note_done, e, NULL);
	mg_reader_close(r);
	return code == -ENOMEM ? sk_err_nomem(err) : 0;
}

static int load(struct mg_events *e, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_day_file *files = NULL;
	size_t n = 0;
	int r = mg_files_list(e->dir, &files, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = load_file(e, &files[i], err);
	return r;
}

static int open_dir(struct mg_events *e, const struct mg_events_opts *o, struct sk_err *err)
{
	int r;

	if ((size_t)snprintf(e->dir, sizeof(e->dir), "%s", o->dir) >= sizeof(e->dir) - 64)
		return sk_err_set(
			err, -ENAMETOOLONG, NULL, "%s: too long", "%s: 長すぎます", o->dir);
	e->retention_days = o->retention_days;
	e->eve = mg_eve_new(o->eve_path, o->eve_bytes_max);
	e->done = json_object();
	e->sealed = json_object();
	if (!e->eve || !e->done || !e->sealed)
		return sk_err_nomem(err);
	r = sk_mkdir_p(e->dir, 0700, err);
	if (r == 0)
		r = lock_dir(e, err);
	if (r == 0)
		r = load(e, err);
	return r;
}

int mg_events_open(struct mg_events **ret, const struct mg_events_opts *o, struct sk_err *err)
{
	struct mg_events *e;
	int r;

	if (o->retention_days < MG_RETENTION_DAYS_MIN)
		return sk_err_set(err, -EINVAL, "retention_days",
			"%d days are too few: guideline No.143 asks for six months of firewall "
			"logs, at "
			"least %d days",
			"%d 日では足りません。ガイドライン No.143 "
			"はファイアウォールのログを6か月(%d "
			"日以上)保存することを求めています",
			o->retention_days, MG_RETENTION_DAYS_MIN);
	e = calloc(1, sizeof(*e));
	if (!e)
		return sk_err_nomem(err);
	e->lock_fd = -1;
	r = open_dir(e, o, err);
	if (r < 0) {
		mg_events_close(e);
		return r;
	}
	*ret = e;
	return 0;
}

void mg_events_close(struct mg_events *e)
{
	if (!e)
		return;
	mg_events_close_day(e, 0);
	mg_eve_free(e->eve);
	json_decref(e->done);
	json_decref(e->sealed);
	if (e->lock_fd >= 0)
		close(e->lock_fd);
	free(e);
}

void mg_events_close_day(struct mg_events *e, int date)
{
	for (int i = 0; i < MG_OPEN_DAYS; i++) {
		if (!e->days[i] || (date && mg_day_date(e->days[i]) != date))
			continue;
		mg_day_close(e->days[i]);
		e->days[i] = NULL;
	}
}

int mg_events_set_aside(struct mg_events *e, int date, struct sk_err *err)
{
	char path[PATH_MAX];

	mg_events_close_day(e, date);
	if (mg_day_path(path, sizeof(path), e->dir, date) < 0)
		return -ENAMETOOLONG;
	return mg_day_set_aside(path, err);
}

static void to_front(struct mg_events *e, int i)
{
	struct mg_day *d = e->days[i];

	for (; i > 0; i--)
		e->days[i] = e->days[i - 1];
	e->days[0] = d;
}

int mg_events_day(struct mg_events *e, int date, struct mg_day **ret, struct sk_err *err)
{
	struct mg_day *d = NULL;
	int i = 0, r;

	while (i < MG_OPEN_DAYS && !(e->days[i] && mg_day_date(e->days[i]) == date))
		i++;
	if (i < MG_OPEN_DAYS) {
		to_front(e, i);
		*ret = e->days[0];
		return 0;
	}
	r = mg_day_open(&d, e->dir, date, err);
	if (r == -EUCLEAN) {
		r = mg_events_set_aside(e, date, err);
		if (r == 0)
			r = mg_day_open(&d, e->dir, date, err);
	}
	if (r < 0)
		return r;
	mg_day_close(e->days[MG_OPEN_DAYS - 1]);
	e->days[MG_OPEN_DAYS - 1] = d;
	to_front(e, MG_OPEN_DAYS - 1);
	*ret = d;
	return 0;
}

uint64_t mg_events_last_seq(struct mg_events *e, const char *instance)
{
	return (uint64_t)json_integer_value(json_object_get(e->done, instance));
}

int mg_events_subscribe(struct mg_events *e, void (*fn)(const json_t *event, void *arg), void *arg,
	struct sk_err *err)
{
	for (int i = 0; i < MG_SUBSCRIBERS; i++) {
		if (e->subs[i].fn)
			continue;
		e->subs[i] = (struct mg_subscriber){.fn = fn, .arg = arg};
		return 0;
	}
	return sk_err_set(err, -ENOSPC, NULL, "too many listeners", "受信者が多すぎます");
}

void mg_events_unsubscribe(
	struct mg_events *e, void (*fn)(const json_t *event, void *arg), void *arg)
{
	for (int i = 0; i < MG_SUBSCRIBERS; i++)
		if (e->subs[i].fn == fn && e->subs[i].arg == arg)
			e->subs[i] = (struct mg_subscriber){.fn = NULL};
}

uint64_t mg_events_reserve(uint64_t disk_bytes)
{
	return SK_MIN(disk_bytes / 50, RESERVE_MAX);
}

int mg_events_disk(
	const struct mg_events *e, uint64_t *ret_free, uint64_t *ret_reserve, struct sk_err *err)
{
	struct statvfs v;

	if (statvfs(e->dir, &v) < 0)
		return sk_err_set(err, -errno, NULL, "%s: %s", "%s: 調べられません(%s)", e->dir,
			strerror(errno));
	*ret_free = (uint64_t)v.f_bavail * v.f_frsize;
	*ret_reserve = mg_events_reserve((uint64_t)v.f_blocks * v.f_frsize);
	return 0;
}
