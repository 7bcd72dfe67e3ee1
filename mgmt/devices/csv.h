/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of devices as CSV, the way Excel writes them (fw/registry/csv.h: UTF-8 with or without BOM,
 * Shift_JIS; Japanese or English column names). Pure: bytes in, records and located errors out.
 */
#ifndef MG_DEVICE_CSV_H
#define MG_DEVICE_CSV_H

#include "lib/buf.h"
#include "mgmt/devices/device.h"

struct mg_device_line {
	size_t line;     /* in the file, from 1 */
	uint32_t number; /* 0: a new device */
	struct mg_device_info info;
	char *purpose, *applicant; /* owned; NULL where the cell is empty */
	int64_t expiry;            /* 0: empty */
	unsigned has;              /* bit f: the file has a column for field f */
	bool has_purpose;
	struct sk_err err; /* code not 0: what is wrong with the line; path is the field */
};

struct mg_device_lines {
	struct mg_device_line *v;
	size_t n;
};

/* 0 even if lines are faulty. -EINVAL if it is no table or has a strange column, or no name. */
int mg_device_csv_read(const void *p, size_t n, struct mg_device_lines *ret, struct sk_err *err);
void mg_device_lines_done(struct mg_device_lines *l);

/* Header, and a row; the caller writes the BOM. */
void mg_device_csv_header(struct sk_buf *b, enum sk_lang lang);
struct mg_device_csv_row {
	uint32_t number;
	const struct mg_device_info *info;
	const char *purpose, *applicant, *approver, *state;
	int64_t registered, expiry;
};
void mg_device_csv_put(struct sk_buf *b, const struct mg_device_csv_row *r);

#endif
