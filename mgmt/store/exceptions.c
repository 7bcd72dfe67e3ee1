/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is an exception of the inspection: signature, ends and action, checked and stored. */
#include "mgmt/store/exceptions.h"

#include <errno.h>
#include <string.h>

#include "mgmt/store/records_db.h"

static struct mg_exception *of(struct mg_record *x)
{
	return (struct mg_exception *)x;
}

static const struct mg_exception *of_const(const struct mg_record *x)
{
	return (const struct mg_exception *)x;
}

static void read_own(sqlite3_stmt *st, int col, struct mg_record *rec)
{
	struct mg_exception *x = of(rec);

	x->gid = (uint32_t)sqlite3_column_int64(st, col);
	x->sid = (uint32_t)sqlite3_column_int64(st, col + 1);
	mg_col_copy(st, col + 2, x->source, sizeof(x->source));
	mg_col_copy(st, col + 3, x->destination, sizeof(x->destination));
	mg_col_copy(st, col + 4, x->action, sizeof(x->action));
}

static size_t bind_own(const struct mg_record *rec, struct mg_val *v)
{
	const struct mg_exception *x = of_const(rec);

	v[0] = MG_I(x->gid);
	v[1] = MG_I(x->sid);
	v[2] = MG_S(x->source);
	v[3] = MG_S(x->destination);
	v[4] = MG_S(x->action);
	return 5;
}

static void to_json(const struct mg_record *rec, json_t *v)
{
	const struct mg_exception *x = of_const(rec);

	json_object_set_new(v, "gid", json_integer(x->gid));
	json_object_set_new(v, "sid", json_integer(x->sid));
	json_object_set_new(v, "source", json_string(x->source));
	json_object_set_new(v, "destination", json_string(x->destination));
	json_object_set_new(v, "action", json_string(x->action));
}

/* "any", an address or a prefix, written in the one way it is kept in. */
static int canonical_host(const char *field, char *text, size_t cap, struct sk_err *err)
{
	char addr[64];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct fw_ip ip;
	uint64_t bits = 0;

	if (text[0] == '\0')
		snprintf(text, cap, "any");
	if (strcmp(text, "any") == 0)
		return 0;
	snprintf(addr, sizeof(addr), "%.*s", (int)SK_MIN(n, sizeof(addr) - 1), text);
	if (fw_ip_parse(addr, &ip, NULL) < 0 ||
		(slash && sk_parse_u64(slash + 1, ip.family == 4 ? 32 : 128, &bits) < 0) ||
		(slash && bits == 0))
		return sk_err_set(err, -EINVAL, field,
			"is an address, a network such as 192.168.10.0/24, or any",
			"はアドレス、192.168.10.0/24 のようなネットワーク、または any です");
	fw_ip_format(&ip, addr, sizeof(addr));
	if (slash)
		snprintf(text, cap, "%.45s/%u", addr, (unsigned)bits);
	else
		snprintf(text, cap, "%.45s", addr);
	return 0;
}

static int check(struct mg_store *s, struct mg_record *rec, struct sk_err *err)
{
	struct mg_exception *x = of(rec);
	int r = canonical_host("source", x->source, sizeof(x->source), err);

	if (r == 0)
		r = canonical_host("destination", x->destination, sizeof(x->destination), err);
	if (r == 0 && x->sid == 0 && sk_streq(x->source, "any") && sk_streq(x->destination, "any"))
		r = sk_err_set(err, -EINVAL, "sid",
			"an exception for all signatures needs a source or a destination",
			"すべてのシグネチャに対する例外には接続元か接続先が必要です");
	return r;
}

const struct mg_record_kind mg_exception_kind = {
	.table = "exception_rev",
	.columns = "gid, sid, source, destination, action",
	.noun = {"exception", "例外"},
	.expire_op = "ips.exception.expire",
	.max = MG_EXCEPTIONS_MAX,
	.size = sizeof(struct mg_exception),
	.read = read_own,
	.bind = bind_own,
	.check = check,
	.to_json = to_json,
};
