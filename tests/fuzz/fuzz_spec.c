/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as the fields of a rule and the items of objects: the input's NUL-separated parts are
 * two address objects, two service objects, an address field, a protocol, a port, a direction and a
 * translation. Sets must come out normalised and survive being written and read again.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/rule.h"
#include "lib/util.h"

#define PARTS 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_addrs(const struct fw_addrs *a)
{
	struct fw_addrs again, both;
	struct sk_buf b;

	assert(!fw_addrs_empty(a));
	for (size_t i = 0; i < a->n4; i++)
		assert(a->v4[i].lo <= a->v4[i].hi && (i == 0 || a->v4[i].lo > a->v4[i - 1].hi + 1));
	for (size_t i = 0; i < a->n6; i++)
		assert(a->v6[i].lo <= a->v6[i].hi && (i == 0 || a->v6[i].lo > a->v6[i - 1].hi + 1));
	sk_buf_init(&b, 1 << 20);
	fw_addrs_put(&b, a);
	assert(fw_addrs_parse(sk_buf_str(&b), NULL, &again, NULL) == 0);
	assert(fw_addrs_equal(a, &again) && a->any == again.any && fw_addrs_covers(a, &again));
	assert(fw_addrs_intersect(a, &again, &both) == 0 && fw_addrs_equal(a, &both));
	fw_addrs_done(&again);
	fw_addrs_done(&both);
	sk_buf_done(&b);
}

static void check_svcs(const struct fw_svcs *s)
{
	struct sk_buf b;

	assert(s->n > 0 && fw_svcs_covers(s, s));
	for (size_t i = 0; i < s->n; i++) {
		assert(s->v[i].lo <= s->v[i].hi && s->v[i].proto_lo <= s->v[i].proto_hi);
		assert(fw_svcs_has(s, s->v[i].proto_lo, s->v[i].lo));
		assert(fw_svcs_has(s, s->v[i].proto_hi, s->v[i].hi));
	}
	sk_buf_init(&b, 1 << 20);
	fw_svcs_put(&b, s);
	assert(sk_buf_error(&b) == 0 && b.len > 0);
	sk_buf_done(&b);
}

static void check_rule(char **part, const struct fw_objects *o)
{
	struct fw_rule r;
	struct fw_match m;

	fw_rule_init(&r);
	r.kind = part[8][0] ? FW_DNAT : FW_ALLOW;
	r.applicant = r.purpose = part[4];
	r.source = r.destination = part[4];
	r.protocol = part[5];
	r.port = part[6];
	r.nat_to = part[8];
	if (fw_match_compile(&r, o, &m, NULL) == 0) {
		fw_rule_risk(&r, &m, true);
		fw_match_done(&m);
	}
}

static void check_parts(char **part)
{
	struct fw_objects *o = fw_objects_new();
	struct sk_err err = {0};
	struct fw_addrs a;
	struct fw_svcs s;
	char *from, *to;

	assert(o);
	fw_objects_add(o, FW_OBJECT_ADDRESS, "a", part[0], &err);
	fw_objects_add(o, FW_OBJECT_ADDRESS, "b", part[1], &err);
	fw_objects_add(o, FW_OBJECT_SERVICE, "s", part[2], &err);
	fw_objects_add(o, FW_OBJECT_SERVICE, "t", part[3], &err);
	fw_objects_add(o, FW_OBJECT_ADDRESS, part[4], part[0], &err);
	fw_objects_check(o, &err);
	assert(sk_utf8_valid(err.en, strlen(err.en)));
	if (fw_addrs_parse(part[4], o, &a, &err) == 0) {
		check_addrs(&a);
		fw_addrs_done(&a);
	}
	if (fw_svcs_parse(part[5], part[6], o, &s, &err) == 0) {
		check_svcs(&s);
		fw_svcs_done(&s);
	}
	if (fw_direction_parse(part[7], &from, &to, &err) == 0) {
		free(from);
		free(to);
	}
	check_rule(part, o);
	assert(sk_utf8_valid(err.en, strlen(err.en)) && sk_utf8_valid(err.ja, strlen(err.ja)));
	fw_objects_free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1), *part[PARTS], *p;

	assert(copy);
	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	p = copy;
	for (int i = 0; i < PARTS; i++) {
		part[i] = p;
		p += strlen(p);
		if (p < copy + size)
			p++;
	}
	check_parts(part);
	free(copy);
	return 0;
}
