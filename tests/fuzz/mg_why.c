// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What somebody asks `why` about: first line the subject, then a list. What is taken is canonical,
 * and an entry of the same value covers it.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "mgmt/why/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_entry(const struct mg_list_entry *e, void *arg)
{
	mg_subject_hit(arg, e);
	return 0;
}

static void check(const struct mg_subject *s)
{
	struct mg_list_entry e = {
		.kind = s->kind, .value = s->value, .len = s->len, .lo = s->lo, .hi = s->hi};
	struct sk_bl_entry of;
	char text[INET6_ADDRSTRLEN];

	if (s->len != strlen(s->value) || mg_subject_hit(s, &e) != MG_HIT_COVERS)
		abort();
	mg_subject_entry(s, &of);
	if (of.len && strnlen(of.value, of.len) != of.len)
		abort();
	mg_subject_address(s, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t n = end ? (size_t)(end - data) : size;
	char *typed = malloc(n + 1);
	struct mg_subject s;

	if (!typed)
		return 0;
	memcpy(typed, data, n);
	typed[n] = '\0';
	if (mg_subject_parse(&s, typed, NULL) == 0) {
		check(&s);
		if (end)
			mg_list_check(end + 1, size - n - 1, NULL, on_entry, &s, NULL);
	}
	free(typed);
	return 0;
}
