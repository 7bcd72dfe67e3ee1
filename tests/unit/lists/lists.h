/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists for the tests, from a line of "kind value" each. */
#ifndef TEST_LISTS_H
#define TEST_LISTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/feeds/list.h"

struct list_of {
	struct mg_list_builder *b;
	uint64_t lines, errors;
};

void lt_begin(struct list_of *l);
void lt_add(struct list_of *l, char kind, const char *value);
/* n addresses in a row, from a.b.c.d on. */
void lt_range(struct list_of *l, const char *from, unsigned n);
/* The list as a file's bytes (sk_buf_done). */
struct sk_buf lt_end(struct list_of *l);
/* "4 203.0.113.9\nd bad.example\n" as one. */
struct sk_buf lt_text(const char *text);

#endif
