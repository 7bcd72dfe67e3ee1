/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of the event store: one a local day, events-yyyymmdd.db; a damaged one that was set
 * aside is events-yyyymmdd.db.damaged-N. Shared by the writer, the retention and the reports.
 */
#ifndef MG_EVENTS_FILES_H
#define MG_EVENTS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

struct mg_day_file {
	int date;       /* 20270331 */
	bool damaged;   /* set aside */
	uint64_t bytes; /* with its write-ahead log */
	char name[48];
};

/* All of dir in order of their dates; *ret is to be freed. A missing dir is empty. */
int mg_files_list(const char *dir, struct mg_day_file **ret, size_t *n, struct sk_err *err);

/* "dir/events-yyyymmdd.db"; -ENAMETOOLONG. */
int mg_day_path(char *dst, size_t cap, const char *dir, int date);
/* The local date of an instant in seconds, and the first second of a date. */
int mg_date_of(int64_t t);
int64_t mg_date_start(int date);

/* Remove a file with its -wal and -shm, or move all three to name.damaged-N. */
int mg_day_unlink(const char *dir, const char *name, struct sk_err *err);
int mg_day_set_aside(const char *path, struct sk_err *err);

/* fsync a directory. */
int mg_dir_sync(const char *dir);

#endif
