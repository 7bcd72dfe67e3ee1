// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's pure parts: a handler for every operation, the line difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/util.h"
#include "mgmt/mgmtd/handlers.h"
#include "mgmt/mgmtd/linediff.h"

static void every_operation_has_its_handler(void **state)
{
	for (const struct mg_command *c = mg_commands; c->op; c++) {
		bool local = c->flags & MG_F_LOCAL;

		if ((mg_handler_find(c->op) == NULL) != local)
			fail_msg("%s %s a handler", c->op, local ? "must not have" : "lacks");
	}
	assert_null(mg_handler_find("rule"));
	assert_null(mg_handler_find(""));
}

static void differs(const char *before, const char *after, const char *want)
{
	struct sk_buf b;

	sk_buf_init(&b, 1 << 20);
	assert_int_equal(mg_linediff(&b, before, after), 0);
	assert_string_equal(sk_buf_str(&b), want);
	sk_buf_done(&b);
}

static void line_difference(void **state)
{
	differs("", "", "");
	differs("a\nb\n", "a\nb\n", "");
	differs("", "a\n", "@@ -0,0 +1,1 @@\n+a\n");
	differs("a\n", "", "@@ -1,1 +0,0 @@\n-a\n");
	differs("a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
	differs("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
		"@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
	/* Two changes far apart are two hunks, near ones are one. */
	differs("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n",
		"@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -6,4 +7,3 @@\n 6\n 7\n 8\n-9\n");
	differs("a\nb\nc\nd\n", "b\nc\nX\nd\nY\n", "@@ -1,4 +1,5 @@\n-a\n b\n c\n+X\n d\n+Y\n");
	/* The classic of Myers's paper: the shortest script has five steps. */
	differs("A\nB\nC\nA\nB\nB\nA\n", "C\nB\nA\nB\nA\nC\n",
		"@@ -1,7 +1,6 @@\n-A\n-B\n C\n+B\n A\n B\n-B\n A\n+C\n");
}

/* Apply a unified diff to before; what comes out must be after. */
static void apply(struct sk_buf *out, const char *before, const char *diff)
{
	size_t line = 1;

	while (*diff) {
		size_t n = strcspn(diff, "\n") + 1;

		if (*diff == '@') {
			size_t at = strtoul(diff + 4, NULL, 10);
			size_t count = strtoul(strchr(diff, ',') + 1, NULL, 10);

			for (at += count == 0; line < at; line++) {
				size_t k = strcspn(before, "\n") + 1;

				sk_buf_put(out, before, k);
				before += k;
			}
		} else {
			if (*diff != '-')
				sk_buf_put(out, diff + 1, n - 1);
			if (*diff != '+') {
				assert_memory_equal(before, diff + 1, n - 1);
				before += n - 1;
				line++;
			}
		}
		diff += n;
	}
	sk_buf_puts(out, before);
}

static void difference_applies(void **state)
{
	uint32_t seed = 1;

	for (int round = 0; round < 300; round++) {
		struct sk_buf a, b, d, got;

		sk_buf_init(&a, 1 << 20);
		sk_buf_init(&b, 1 << 20);
		sk_buf_init(&d, 1 << 20);
		sk_buf_init(&got, 1 << 20);
		for (int i = 0; i < 60; i++) {
			seed = seed * 1664525 + 1013904223;
			if ((seed >> 16) % 8 != 0)
				sk_buf_printf(&a, "%u\n", (seed >> 8) % 7);
			if ((seed >> 20) % 8 != 0)
				sk_buf_printf(&b, "%u\n", (seed >> 8) % 7);
		}
		assert_int_equal(mg_linediff(&d, sk_buf_str(&a), sk_buf_str(&b)), 0);
		apply(&got, sk_buf_str(&a), sk_buf_str(&d));
		assert_string_equal(sk_buf_str(&got), sk_buf_str(&b));
		sk_buf_done(&a);
		sk_buf_done(&b);
		sk_buf_done(&d);
		sk_buf_done(&got);
	}
}

/* Beyond the cap whole blocks are replaced: long, but right. */
static void difference_of_everything(void **state)
{
	struct sk_buf a, b, d, got;

	sk_buf_init(&a, 1 << 20);
	sk_buf_init(&b, 1 << 20);
	sk_buf_init(&d, 1 << 21);
	sk_buf_init(&got, 1 << 20);
	sk_buf_puts(&a, "same\n");
	sk_buf_puts(&b, "same\n");
	for (int i = 0; i < 5000; i++) {
		sk_buf_printf(&a, "old %d\n", i);
		sk_buf_printf(&b, "new %d\n", i);
	}
	assert_int_equal(mg_linediff(&d, sk_buf_str(&a), sk_buf_str(&b)), 0);
	apply(&got, sk_buf_str(&a), sk_buf_str(&d));
	assert_string_equal(sk_buf_str(&got), sk_buf_str(&b));
	sk_buf_done(&a);
	sk_buf_done(&b);
	sk_buf_done(&d);
	sk_buf_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_has_its_handler),
		cmocka_unit_test(line_difference),
		cmocka_unit_test(difference_applies),
		cmocka_unit_test(difference_of_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
