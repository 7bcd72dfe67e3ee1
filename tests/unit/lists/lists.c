// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists for the tests; see lists.h. */
#include "tests/unit/lists/lists.h"

#include <arpa/inet.h>

void lt_begin(struct list_of *l)
{
	*l = (struct list_of){.b = mg_list_builder_new(4000000)};
	assert_non_null(l->b);
}

static enum sk_bl_kind kind_of(char c)
{
	for (unsigned k = 0; k < SK_BL_KINDS; k++)
		if (sk_bl_kind_char((enum sk_bl_kind)k) == c)
			return (enum sk_bl_kind)k;
	fail_msg("no kind %c", c);
	return SK_BL_ADDR4;
}

void lt_add(struct list_of *l, char kind, const char *value)
{
	struct mg_list_entry e = {.kind = kind_of(kind),
		.value = value,
		.len = strlen(value),
		.note = "",
		.since = 1000};

	if (e.kind == SK_BL_ADDR4 || e.kind == SK_BL_ADDR6)
		assert_int_equal(sk_bl_range(e.kind, value, e.len, &e.lo, &e.hi), 0);
	assert_int_equal(mg_list_add(l->b, &e), 0);
	l->lines++;
}

void lt_range(struct list_of *l, const char *from, unsigned n)
{
	struct in_addr a;
	char text[INET_ADDRSTRLEN];

	assert_int_equal(inet_pton(AF_INET, from, &a), 1);
	for (unsigned i = 0; i < n; i++) {
		inet_ntop(AF_INET, &a, text, sizeof(text));
		lt_add(l, '4', text);
		a.s_addr = htonl(ntohl(a.s_addr) + 1);
	}
}

struct sk_buf lt_end(struct list_of *l)
{
	const struct mg_list_meta m = {.feed = "test",
		.fetched = 2000,
		.lines = l->lines + l->errors,
		.errors = l->errors};
	uint64_t by_kind[SK_BL_KINDS];
	struct sk_buf b;

	sk_buf_init(&b, MG_LIST_BYTES_MAX);
	assert_int_equal(mg_list_write(l->b, &m, &b, by_kind, NULL), 0);
	mg_list_builder_free(l->b);
	return b;
}

struct sk_buf lt_text(const char *text)
{
	struct list_of l;

	lt_begin(&l);
	while (*text) {
		size_t n = strcspn(text, "\n");
		char value[300];

		snprintf(value, sizeof(value), "%.*s", (int)n - 2, text + 2);
		lt_add(&l, text[0], value);
		text += n + (text[n] == '\n');
	}
	return lt_end(&l);
}
