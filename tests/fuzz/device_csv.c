// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a list of devices. What is read is in the form it is kept in, and comes back equal
 * when it is written and read again; what is wrong is told in both languages.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/devices/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void told(const struct sk_err *e)
{
	assert(e->en[0] && e->ja[0]);
	assert(sk_utf8_valid(e->en, strlen(e->en)) && sk_utf8_valid(e->ja, strlen(e->ja)));
}

static void again(const struct mg_device_line *l, enum sk_lang lang)
{
	const struct mg_device_csv_row row = {
		.number = l->number ? l->number : 1, .info = &l->info, .expiry = 1800000000};
	struct mg_device_lines out;
	struct sk_buf b;

	sk_buf_init(&b, 1 << 20);
	mg_device_csv_header(&b, lang);
	mg_device_csv_put(&b, &row);
	assert(sk_buf_error(&b) == 0);
	assert(mg_device_csv_read(b.data, b.len, &out, NULL) == 0);
	assert(out.n == 1 && out.v[0].err.code == 0);
	mg_device_defaults(&out.v[0].info);
	assert(mg_device_same(&out.v[0].info, &l->info));
	mg_device_lines_done(&out);
	sk_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_err err = {0};
	struct mg_device_lines l;

	if (mg_device_csv_read(data, size, &l, &err) < 0) {
		assert(err.code < 0);
		told(&err);
		return 0;
	}
	for (size_t i = 0; i < l.n && i < 50; i++) {
		assert(l.v[i].line > 0);
		if (l.v[i].err.code) {
			told(&l.v[i].err);
			continue;
		}
		mg_device_defaults(&l.v[i].info);
		mg_device_check(&l.v[i].info, &err);
		again(&l.v[i], i % 2 ? SK_JA : SK_EN);
	}
	mg_device_lines_done(&l);
	return 0;
}
