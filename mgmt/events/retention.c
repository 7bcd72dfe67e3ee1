// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is kept, for how long, and whether the disk will do. Called hourly by the daemon. Never
 * removes a day within the retention, whatever the disk says.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/events/files.h"
#include "mgmt/events/private.h"
#include "mgmt/events/reader.h"
#include "mgmt/events/rollup.h"

#define DAY 86400
#define SEAL_GRACE 600     /* seconds after midnight: folded and spooled events have come */
#define SEAL_INLINE 200000 /* rows; more would hold the daemon for too long */
#define NEWER_DAYS_MIN 7   /* see mg_events_maintain() */
#define RATE_DAYS 7

/* Rows of an unsealed day; 0: nothing to seal; -1: cannot be read. */
static int64_t rows_to_seal(struct mg_events *e, int date)
{
	struct mg_reader *r;
	char path[PATH_MAX];
	int64_t rows;

	if (mg_day_path(path, sizeof(path), e->dir, date) < 0 || mg_reader_open(&r, path, NULL) < 0)
		return -1;
	rows = mg_reader_meta(r, "sealed") == 1 ? 0 : mg_reader_meta(r, "flows");
	mg_reader_close(r);
	return rows;
}

/*
 * One detached child for all big days; nobody waits for it. It opens only files that are closed
 * here, so what SQLite remembers of the others' locks does not matter.
 */
static int seal_in_child(struct mg_events *e, const int *dates, size_t n, struct sk_err *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return sk_err_set(err, -errno, NULL, "cannot fork", NULL);
	if (pid > 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return 0;
	}
	if (fork() != 0)
		_exit(0);
	close_range(3, UINT_MAX, 0);
	setpriority(PRIO_PROCESS, 0, 10);
	for (size_t i = 0; i < n; i++)
		mg_rollup_seal(e->dir, dates[i], NULL);
	_exit(0);
}

static int seal_one(struct mg_events *e, int date, int *big, size_t *n_big, struct sk_err *err)
{
	char key[16];
	int64_t rows;
	int r;

	snprintf(key, sizeof(key), "%d", date);
	if (json_object_get(e->sealed, key))
		return 0;
	rows = rows_to_seal(e, date);
	if (rows < 0)
		return 0;
	if (rows > SEAL_INLINE) {
		big[(*n_big)++] = date;
		return 0;
	}
	r = rows ? mg_rollup_seal(e->dir, date, err) : 0;
	if (r == 0)
		json_object_set_new(e->sealed, key, json_true());
	return r == -EAGAIN || r == -EUCLEAN ? 0 : r;
}

static int seal(struct mg_events *e, const struct mg_day_file *files, size_t n, int64_t now,
	struct sk_err *err)
{
	int before = mg_date_of(now - SEAL_GRACE), r = 0;
	_cleanup_(sk_freep) int *big = calloc(n + 1, sizeof(*big));
	size_t n_big = 0;

	if (!big)
		return sk_err_nomem(err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (files[i].damaged || files[i].date >= before)
			continue;
		mg_events_close_day(e, files[i].date);
		r = seal_one(e, files[i].date, big, &n_big, err);
	}
	if (r == 0 && n_big > 0)
		r = seal_in_child(e, big, n_big, err);
	return r;
}

static int drop(struct mg_events *e, const struct mg_day_file *files, size_t n, int64_t now,
	struct sk_err *err)
{
	/* The last second of the day must be older than the retention. */
	int oldest_kept = mg_date_of(sk_day_add(now, -e->retention_days)), r = 0;
	size_t newer = 0;

	for (size_t i = 0; i < n; i++)
		newer += files[i].date > oldest_kept && !files[i].damaged;
	if (newer < NEWER_DAYS_MIN)
		return 0;
	for (size_t i = 0; r == 0 && i < n && files[i].date < oldest_kept; i++) {
		mg_events_close_day(e, files[i].date);
		r = mg_day_unlink(e->dir, files[i].name, err);
	}
	return r;
}

int mg_events_maintain(struct mg_events *e, int64_t now, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_day_file *files = NULL;
	size_t n = 0;
	int r = mg_files_list(e->dir, &files, &n, err);

	if (r == 0)
		r = drop(e, files, n, now, err);
	/* The list may name files just removed; they cannot be read and are passed over. */
	if (r == 0)
		r = seal(e, files, n, now, err);
	return r;
}

/* Bytes a day at the present rate. */
static uint64_t rate(const struct mg_day_file *files, size_t n, int64_t now)
{
	int today = mg_date_of(now), days = 0;
	uint64_t sum = 0, bytes_today = 0;
	int64_t elapsed = SK_MAX(now - sk_day_start(now), 3600);

	for (size_t i = n; i > 0; i--) {
		const struct mg_day_file *f = &files[i - 1];

		if (f->damaged || f->date > today)
			continue;
		if (f->date == today) {
			bytes_today = f->bytes;
		} else if (days < RATE_DAYS) {
			sum += f->bytes;
			days++;
		}
	}
	if (days > 0)
		return SK_MAX(sum / (uint64_t)days, bytes_today);
	return bytes_today * DAY / (uint64_t)elapsed;
}

static void forecast(struct mg_events_stat *s, int64_t now, uint64_t reserve)
{
	uint64_t room = s->disk_free > reserve ? s->disk_free - reserve : 0;

	s->bytes_needed = s->bytes_per_day * (uint64_t)s->retention_days;
	if (s->bytes_per_day > 0 && s->bytes_needed > s->bytes + room)
		s->full_at = now + (int64_t)(room / s->bytes_per_day * DAY) +
			(int64_t)(room % s->bytes_per_day * DAY / s->bytes_per_day);
}

/* What the file says of itself; false: it cannot be read. */
static bool read_counts(struct mg_events *e, int date, struct mg_events_stat *s)
{
	struct mg_reader *r;
	char path[PATH_MAX];

	if (mg_day_path(path, sizeof(path), e->dir, date) < 0 || mg_reader_open(&r, path, NULL) < 0)
		return false;
	s->ips_drops_today = (uint64_t)mg_reader_meta(r, "ips_drops");
	s->alerts_today = (uint64_t)mg_reader_meta(r, "alerts");
	s->pcaps_left_out = (uint64_t)mg_reader_meta(r, "pcaps_left_out");
	s->events_today = (uint64_t)(mg_reader_meta(r, "flows") + mg_reader_meta(r, "others")) +
		s->alerts_today;
	s->drops_today = (uint64_t)mg_reader_meta(r, "blocked");
	mg_reader_close(r);
	return true;
}

int mg_events_stat(struct mg_events *e, int64_t now, struct mg_events_stat *ret, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_day_file *files = NULL;
	struct mg_events_stat s = {.lost_total = e->lost_total,
		.eve_lost = mg_eve_lost(e->eve),
		.retention_days = e->retention_days};
	uint64_t reserve = 0;
	size_t n = 0;
	int r = mg_files_list(e->dir, &files, &n, err);

	if (r == 0)
		r = mg_events_disk(e, &s.disk_free, &reserve, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		bool today = files[i].date == mg_date_of(now), bad = files[i].damaged;

		s.bytes += files[i].bytes;
		if (!bad && today)
			bad = !read_counts(e, files[i].date, &s);
		s.damaged += bad;
		if (files[i].damaged)
			continue;
		s.days++;
		if (!s.oldest)
			s.oldest = mg_date_start(files[i].date);
	}
	s.bytes_per_day = rate(files, n, now);
	forecast(&s, now, reserve);
	*ret = s;
	return 0;
}
