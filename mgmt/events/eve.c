// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing eve.json after each stored batch. Never blocks: a path that is a pipe or a device is
 * refused.
 */
#include "mgmt/events/eve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "lib/json.h"

#define DEFAULT_BYTES (256ull << 20)
#define PENDING_MAX (64u << 20)

struct mg_eve {
	char *path;
	uint64_t max, lost, lines; /* lines: in pending */
	int fd;
	struct sk_buf pending;
};

struct mg_eve *mg_eve_new(const char *path, uint64_t bytes_max)
{
	struct mg_eve *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->fd = -1;
	e->max = bytes_max ? bytes_max : DEFAULT_BYTES;
	sk_buf_init(&e->pending, PENDING_MAX);
	if (path && !(e->path = strdup(path))) {
		mg_eve_free(e);
		return NULL;
	}
	return e;
}

void mg_eve_free(struct mg_eve *e)
{
	if (!e)
		return;
	if (e->fd >= 0)
		close(e->fd);
	sk_buf_done(&e->pending);
	free(e->path);
	free(e);
}

/* A SIEM wants the alert, not its capture. */
static void leave_pcap(json_t *line)
{
	json_t *s = json_object_get(line, "sekisho");

	if (!json_object_get(s, "pcap"))
		return;
	s = json_copy(s);
	if (!s)
		return;
	json_object_del(s, "pcap");
	json_object_set_new(line, "sekisho", s);
}

void mg_eve_add(struct mg_eve *e, const json_t *ev, int64_t ts)
{
	json_t *line;
	char stamp[40];

	if (!e->path)
		return;
	e->lines++;
	line = json_is_object(ev) ? json_copy((json_t *)ev) : json_pack("{s:O}", "event", ev);
	if (!line)
		return;
	json_object_del(line, "ts");
	leave_pcap(line);
	if (!json_is_string(json_object_get(line, "timestamp"))) {
		sk_time_format_us(ts, stamp, sizeof(stamp));
		json_object_set_new(line, "timestamp", json_string(stamp));
	}
	sk_json_put(&e->pending, line);
	sk_buf_putc(&e->pending, '\n');
	json_decref(line);
}

/* The file of the path, opened again if it was moved away or removed. */
static int open_file(struct mg_eve *e, struct stat *st)
{
	struct stat there;

	if (e->fd >= 0 &&
		(fstat(e->fd, st) < 0 || stat(e->path, &there) < 0 || there.st_ino != st->st_ino ||
			there.st_dev != st->st_dev)) {
		close(e->fd);
		e->fd = -1;
	}
	if (e->fd < 0) {
		e->fd = open(e->path,
			O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
		if (e->fd < 0)
			return -errno;
		if (fstat(e->fd, st) < 0 || !S_ISREG(st->st_mode)) {
			close(e->fd);
			e->fd = -1;
			return -EINVAL;
		}
	}
	return 0;
}

static void rotate(struct mg_eve *e)
{
	close(e->fd);
	e->fd = -1;
	for (int i = MG_EVE_KEPT; i > 0; i--) {
		char from[PATH_MAX], to[PATH_MAX];
		int n = i > 1 ? snprintf(from, sizeof(from), "%s.%d", e->path, i - 1)
			      : snprintf(from, sizeof(from), "%s", e->path);

		if (n < 0 || (size_t)n >= sizeof(from) - 2)
			return;
		snprintf(to, sizeof(to), "%s.%d", e->path, i);
		if (rename(from, to) < 0 && errno != ENOENT)
			return;
	}
}

static int write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

void mg_eve_flush(struct mg_eve *e)
{
	struct stat st;
	int r;

	if (!e->path || e->lines == 0)
		return;
	r = sk_buf_error(&e->pending);
	if (r == 0)
		r = open_file(e, &st);
	if (r == 0 && st.st_size > 0 && (uint64_t)st.st_size + e->pending.len > e->max) {
		rotate(e);
		r = open_file(e, &st);
	}
	if (r == 0) {
		r = write_all(e->fd, e->pending.data, e->pending.len);
		/* No half line: what follows must stay readable. */
		if (r < 0 && ftruncate(e->fd, st.st_size) < 0)
			r = -errno;
	}
	if (r < 0)
		e->lost += e->lines;
	e->lines = 0;
	sk_buf_reset(&e->pending);
}

uint64_t mg_eve_lost(const struct mg_eve *e)
{
	return e->lost;
}
