// SPDX-License-Identifier: GPL-2.0-or-later
/* The subject of `why`: kind, canonical form, comparison with entries. */
#include "mgmt/why/subject.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/util.h"

static bool is_addr(enum sk_bl_kind k)
{
	return k == SK_BL_ADDR4 || k == SK_BL_ADDR6;
}

static bool is_name(enum sk_bl_kind k)
{
	return k == SK_BL_DOMAIN || k == SK_BL_SUFFIX;
}

/* "host:8080/path" of a canonical URL. */
static void take_host(struct mg_subject *s)
{
	size_t n = strcspn(s->value, "/");
	const char *host = s->value, *colon;
	unsigned __int128 hi;

	if (host[0] == '[') {
		host++;
		n = strcspn(host, "]");
	} else {
		colon = memchr(host, ':', n);
		n = colon ? (size_t)(colon - host) : n;
	}
	if (n == 0 || n >= sizeof(s->host))
		return;
	memcpy(s->host, host, n);
	s->host[n] = '\0';
	s->host_len = n;
	if (sk_bl_range(SK_BL_ADDR4, s->host, n, &s->host_addr, &hi) == 0)
		s->host_kind = SK_BL_ADDR4;
	else if (sk_bl_range(SK_BL_ADDR6, s->host, n, &s->host_addr, &hi) == 0)
		s->host_kind = SK_BL_ADDR6;
	else
		s->host_kind = SK_BL_DOMAIN;
}

int mg_subject_parse(struct mg_subject *s, const char *typed, struct sk_err *err)
{
	bool wild = strncmp(typed, "*.", 2) == 0 || (typed[0] == '.' && typed[1] != '.');
	int n = -EINVAL;

	*s = (struct mg_subject){.kind = SK_BL_SUFFIX};
	if (wild)
		typed += typed[0] == '*' ? 2 : 1;
	if (strlen(typed) <= SK_BL_VALUE_MAX && (wild || sk_bl_guess(typed, &s->kind) == 0))
		n = sk_bl_canonical(s->kind, typed, strlen(typed), s->value, sizeof(s->value));
	if (n <= 0 ||
		(is_addr(s->kind) && sk_bl_range(s->kind, s->value, (size_t)n, &s->lo, &s->hi) < 0))
		return sk_err_set(err, -EINVAL, "subject",
			"\"%.100s\" is neither an address, a name, a URL nor a fingerprint",
			"「%."
			"100s」はアドレス、ドメイン名、URL、フィンガープリントのいずれでもありませ"
			"ん",
			typed);
	s->len = (size_t)n;
	if (s->kind == SK_BL_URL)
		take_host(s);
	return 0;
}

/* Is the name the one of the entry, or below it? */
static bool below(const char *name, size_t len, const char *of, size_t of_len)
{
	if (len < of_len || memcmp(name + len - of_len, of, of_len) != 0)
		return false;
	return len == of_len || name[len - of_len - 1] == '.';
}

static bool same(const char *a, size_t n, const struct mg_list_entry *e)
{
	return n == e->len && memcmp(a, e->value, n) == 0;
}

static enum mg_subject_hit hit_name(
	const char *name, size_t len, bool and_below, const struct mg_list_entry *e)
{
	if (e->kind == SK_BL_SUFFIX && below(name, len, e->value, e->len))
		return MG_HIT_COVERS;
	if (e->kind == SK_BL_DOMAIN && !and_below && same(name, len, e))
		return MG_HIT_COVERS;
	if (is_name(e->kind) && below(e->value, e->len, name, len))
		return MG_HIT_NEAR;
	/* A URL on it. */
	if (e->kind == SK_BL_URL && e->len > len && memcmp(e->value, name, len) == 0 &&
		(e->value[len] == '/' || e->value[len] == ':'))
		return MG_HIT_NEAR;
	return MG_HIT_NONE;
}

static enum mg_subject_hit hit_range(
	unsigned __int128 lo, unsigned __int128 hi, const struct mg_list_entry *e)
{
	if (e->lo <= lo && hi <= e->hi)
		return MG_HIT_COVERS;
	return e->lo <= hi && lo <= e->hi ? MG_HIT_NEAR : MG_HIT_NONE;
}

enum mg_subject_hit mg_subject_hit(const struct mg_subject *s, const struct mg_list_entry *e)
{
	enum mg_subject_hit h = MG_HIT_NONE;

	if (is_addr(s->kind))
		return e->kind == s->kind ? hit_range(s->lo, s->hi, e) : MG_HIT_NONE;
	if (is_name(s->kind))
		return hit_name(s->value, s->len, s->kind == SK_BL_SUFFIX, e);
	if (e->kind == s->kind)
		return same(s->value, s->len, e) ? MG_HIT_COVERS : MG_HIT_NONE;
	if (s->kind != SK_BL_URL || s->host_len == 0)
		return MG_HIT_NONE;
	if (is_addr(s->host_kind))
		return e->kind == s->host_kind ? hit_range(s->host_addr, s->host_addr, e)
					       : MG_HIT_NONE;
	if (is_name(e->kind))
		h = hit_name(s->host, s->host_len, false, e);
	return h == MG_HIT_NEAR ? MG_HIT_NONE : h;
}

void mg_subject_entry(const struct mg_subject *s, struct sk_bl_entry *ret)
{
	*ret = (struct sk_bl_entry){
		.kind = s->kind, .value = s->value, .len = s->len, .lo = s->lo, .hi = s->hi};
	if (s->kind == SK_BL_DOMAIN)
		ret->kind = SK_BL_SUFFIX;
	if (s->kind != SK_BL_URL || s->host_len == 0)
		return;
	*ret = (struct sk_bl_entry){.kind = s->host_kind,
		.value = s->host,
		.len = s->host_len,
		.lo = s->host_addr,
		.hi = s->host_addr};
}

bool mg_subject_address(const struct mg_subject *s, char *ret)
{
	bool url = s->kind == SK_BL_URL && s->host_len;
	enum sk_bl_kind k = url ? s->host_kind : s->kind;
	unsigned __int128 a = url ? s->host_addr : s->lo;
	uint8_t b[16];

	if (!is_addr(k) || (!url && s->lo != s->hi))
		return false;
	for (int i = 15; i >= 0; i--, a >>= 8)
		b[i] = (uint8_t)a;
	inet_ntop(k == SK_BL_ADDR4 ? AF_INET : AF_INET6, k == SK_BL_ADDR4 ? b + 12 : b, ret,
		INET6_ADDRSTRLEN);
	return true;
}
