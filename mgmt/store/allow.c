/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is an entry of the allow-list, and how values are read that somebody typed. */
#include "mgmt/feeds/suffix.h"
#include "mgmt/store/allow.h"

#include <errno.h>
#include <string.h>

#include "mgmt/store/records_db.h"

#define WIDTH4 8
#define WIDTH6 16

static struct mg_allow *of(struct mg_record *x)
{
	return (struct mg_allow *)x;
}

static const struct mg_allow *of_const(const struct mg_record *x)
{
	return (const struct mg_allow *)x;
}

static void read_own(sqlite3_stmt *st, int col, struct mg_record *rec)
{
	struct mg_allow *x = of(rec);
	const char *kind = mg_col_str(st, col);

	if (!kind || sk_bl_kind_parse(kind, &x->kind) < 0)
		x->kind = SK_BL_KINDS;
	mg_col_copy(st, col + 1, x->value, sizeof(x->value));
}

static size_t bind_own(const struct mg_record *rec, struct mg_val *v)
{
	v[0] = MG_S(sk_bl_kind_name(of_const(rec)->kind));
	v[1] = MG_S(of_const(rec)->value);
	return 2;
}

static void to_json(const struct mg_record *rec, json_t *v)
{
	json_object_set_new(v, "kind", json_string(sk_bl_kind_name(of_const(rec)->kind)));
	json_object_set_new(v, "value", json_string(of_const(rec)->value));
}

int mg_bl_typed(const char *kind, const char *value, enum sk_bl_kind *ret_kind, char *dst,
	struct sk_err *err)
{
	enum sk_bl_kind k = SK_BL_SUFFIX;
	int r = 0;

	if (kind && sk_bl_kind_parse(kind, &k) < 0)
		return sk_err_set(
			err, -EINVAL, "kind", "is no kind of entry", "という種別はありません");
	if (!strncmp(value, "*.", 2) && (!kind || k == SK_BL_SUFFIX))
		value += 2;
	else if (value[0] == '.' && (!kind || k == SK_BL_SUFFIX))
		value++;
	else if (!kind)
		r = sk_bl_guess(value, &k);
	if (r == 0)
		r = sk_bl_canonical(k, value, strlen(value), dst, SK_BL_VALUE_MAX + 1);
	if (r < 0)
		return sk_err_set(err, -EINVAL, "value",
			"is no address, network, name, URL or fingerprint: 203.0.113.0/24, "
			"bad.example, .bad.example (and all below), https://bad.example/path, JA3, "
			"JA4, SHA-1 or SHA-256 of a certificate",
			"はアドレス、ネットワーク、ドメイン名、URL、フィンガープリントのいずれでも"
			"あり"
			"ません。例: 203.0.113.0/24、bad.example、.bad.example (配下をすべて含む)、"
			"https://bad.example/path、JA3、JA4、証明書の SHA-1 または SHA-256");
	*ret_kind = k;
	return 0;
}

int mg_bl_width(enum sk_bl_kind kind, const char *value, struct sk_err *err)
{
	unsigned bits = kind == SK_BL_ADDR4 ? 32 - WIDTH4 : 128 - WIDTH6;
	unsigned __int128 lo, hi;

	if (kind == SK_BL_SUFFIX && mg_suffix(value, strlen(value)) == MG_SUFFIX_REGISTRY)
		return sk_err_set(err, -EINVAL, "value",
			"covers too much: a whole country's companies or offices",
			"の範囲が広すぎます。国全体の企業や機関を含みます");
	if (kind != SK_BL_ADDR4 && kind != SK_BL_ADDR6)
		return 0;
	if (sk_bl_range(kind, value, strlen(value), &lo, &hi) < 0)
		return sk_err_set(
			err, -EINVAL, "value", "is no address", "はアドレスではありません");
	if (hi - lo >= (unsigned __int128)1 << bits)
		return sk_err_set(err, -EINVAL, "value",
			"covers too much: at most a /%d (IPv4) or a /%d (IPv6)",
			"の範囲が広すぎます。IPv4 は /%d、IPv6 は /%d までです", WIDTH4, WIDTH6);
	return 0;
}

static int check(struct mg_store *s, struct mg_record *rec, struct sk_err *err)
{
	struct mg_allow *x = of(rec);
	char dst[SK_BL_VALUE_MAX + 1];
	int64_t other = 0;
	int r;

	if (x->kind >= SK_BL_KINDS ||
		sk_bl_canonical(x->kind, x->value, strlen(x->value), dst, sizeof(dst)) < 0)
		return sk_err_set(err, -EINVAL, "value", "is no value of this kind",
			"は指定した種別の値ではありません");
	snprintf(x->value, sizeof(x->value), "%s", dst);
	r = mg_bl_width(x->kind, x->value, err);
	if (r == 0)
		r = mg_db_int(s, &other, err,
			"SELECT number FROM allow_rev WHERE kind = ?1 AND value = ?2 AND number <> "
			"?3"
			" AND state IN ('active', 'requested')",
			MG_S(sk_bl_kind_name(x->kind)), MG_S(x->value), MG_I(rec->number));
	if (r == 0 && other)
		return sk_err_set(err, -EEXIST, "value",
			"is on the allow-list already, or asked for: number %lld",
			"はすでに除外リストにあるか、申請中です (番号 %lld)", (long long)other);
	return r;
}

const struct mg_record_kind mg_allow_kind = {
	.table = "allow_rev",
	.columns = "kind, value",
	.noun = {"allow", "除外"},
	.expire_op = "blocklist.allow.expire",
	.max = MG_ALLOW_MAX,
	.size = sizeof(struct mg_allow),
	.read = read_own,
	.bind = bind_own,
	.check = check,
	.to_json = to_json,
};
