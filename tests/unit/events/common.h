/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the event store and of its reports share: a directory, events, a small
 * generator. */
#ifndef TEST_EVENTS_COMMON_H
#define TEST_EVENTS_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/events/events.h"
#include "mgmt/events/files.h"

#define US 1000000ll

struct fixture {
	char dir[64], eve[96];
	struct mg_events *e;
};

static inline void wipe(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		char path[400];

		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		if (de->d_name[0] != '.')
			unlink(path);
	}
	if (d)
		closedir(d);
}

static inline void open_store(struct fixture *f)
{
	struct mg_events_opts o = {.dir = f->dir, .retention_days = MG_RETENTION_DAYS_MIN};
	struct sk_err err = {0};

	if (f->eve[0])
		o.eve_path = f->eve;
	o.eve_bytes_max = 20000;
	if (mg_events_open(&f->e, &o, &err) < 0)
		fail_msg("open: %s", err.en);
}

static inline void reopen(struct fixture *f)
{
	mg_events_close(f->e);
	f->e = NULL;
	open_store(f);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/sekisho-events-XXXXXX");
	if (!mkdtemp(f->dir)) {
		free(f);
		return -1;
	}
	*state = f;
	open_store(f);
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	mg_events_close(f->e);
	wipe(f->dir);
	rmdir(f->dir);
	free(f);
	return 0;
}

/* xorshift64* (Vigna 2016): the same sequence in every run. */
static inline uint64_t prng(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return *s * 0x2545f4914f6cdd1dull;
}

static inline json_t *drop_event(int64_t ts, const char *src, const char *dst, int dport)
{
	return json_pack("{s:s,s:I,s:s,s:i,s:s,s:i,s:s,s:s,s:s,s:{s:s,s:i,s:i,s:s,s:s}}",
		"event_type", "drop", "ts", (json_int_t)ts, "src_ip", src, "src_port", 40000,
		"dest_ip", dst, "dest_port", dport, "proto", "TCP", "in_iface", "lan0", "out_iface",
		"wan0", "sekisho", "reason", "no_rule", "rule", 0, "revision", 0, "zone_in", "lan",
		"zone_out", "wan");
}

static inline int append(struct fixture *f, const char *instance, uint64_t seq, json_t *events)
{
	struct sk_err err = {0};
	int r = mg_events_append(f->e, instance, seq, events, &err);

	json_decref(events);
	if (r < 0)
		print_message("append: %s\n", err.en);
	return r;
}

/* A local noon so many days ago. */
static inline int64_t noon(int days_ago)
{
	return sk_day_add(sk_day_start(sk_now()), -days_ago) + 12 * 3600;
}

#endif
