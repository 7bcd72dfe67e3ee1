/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing the audit chain: the key, the MAC of a row, the anchor. The MAC covers the previous MAC
 * and the canonical JSON of every column, so no row can be changed, taken out or put in without the
 * key. Verification is in audit_verify.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/db.h"

_Static_assert(crypto_auth_hmacsha256_BYTES == MG_MAC_LEN, "MAC length");
_Static_assert(crypto_auth_hmacsha256_KEYBYTES == MG_MAC_LEN, "key length");

#define RESULT_MAX 900

int mg_audit_mac(
	const struct mg_store *s, const struct mg_audit_row *r, const uint8_t *prev, uint8_t *ret)
{
	crypto_auth_hmacsha256_state st;
	json_t *v = json_pack("{sI sI sI sI sI ss ss ss ss? ss? ss}", "seq", (json_int_t)r->seq,
		"first", (json_int_t)r->first, "time", (json_int_t)r->time, "uid",
		(json_int_t)r->uid, "pid", (json_int_t)r->pid, "account", r->account, "op", r->op,
		"target", r->target, "before", r->before, "after", r->after, "result", r->result);
	char *text = mg_json_text(v);

	json_decref(v);
	if (text == NULL)
		return -ENOMEM;
	crypto_auth_hmacsha256_init(&st, s->key, sizeof(s->key));
	crypto_auth_hmacsha256_update(&st, prev, MG_MAC_LEN);
	crypto_auth_hmacsha256_update(&st, (const unsigned char *)text, strlen(text));
	crypto_auth_hmacsha256_final(&st, ret);
	free(text);
	return 0;
}

static int insert_row(
	struct mg_store *s, const struct mg_audit_row *r, const uint8_t *mac, struct sk_err *err)
{
	return mg_db_run(s, err,
		"INSERT INTO audit(seq, first, time, account, uid, pid, op, target, before, after,"
		" result, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
		MG_I(r->seq), MG_I(r->first), MG_I(r->time), MG_S(r->account), MG_I(r->uid),
		MG_I(r->pid), MG_S(r->op), MG_S(r->target), MG_S(r->before), MG_S(r->after),
		MG_S(r->result), MG_B(mac, MG_MAC_LEN));
}

static int append(struct mg_store *s, const struct mg_audit_entry *a, const char *before,
	const char *after, struct sk_err *err)
{
	const struct mg_audit_row row = {.seq = s->tail.seq + 1,
		.first = s->txn_first,
		.time = a->time,
		.uid = a->uid,
		.pid = a->pid,
		.account = a->account ? a->account : "",
		.op = a->op ? a->op : "",
		.target = a->target ? a->target : "",
		.before = before,
		.after = after,
		.result = a->result ? a->result : "ok"};
	struct mg_chain next = {.seq = row.seq};
	int r = mg_audit_mac(s, &row, s->tail.mac, next.mac);

	if (r < 0)
		return sk_err_set(err, r, NULL, "the audit row cannot be written as text",
			"操作記録を作成できません");
	r = insert_row(s, &row, next.mac, err);
	if (r == 0)
		s->tail = next;
	return r;
}

/* What was found at open must stay visible after the anchor is written anew. */
static int record_lost_anchor(struct mg_store *s, int64_t now, struct sk_err *err)
{
	const struct mg_audit_entry a = {.time = now,
		.account = "system",
		.uid = -1,
		.op = "audit.anchor",
		.target = "anchor",
		.result = "the anchor was missing or damaged when the registry was opened"};

	return append(s, &a, NULL, NULL, err);
}

int mg_audit_add(struct mg_txn *t, const struct mg_audit_entry *a, struct sk_err *err)
{
	struct mg_store *s = t->s;
	_cleanup_(sk_freep) char *before = NULL;
	_cleanup_(sk_freep) char *after = NULL;
	int r = 0;

	mg_txn_assert(t);
	before = mg_json_text(a->before);
	after = mg_json_text(a->after);
	if ((a->before && !before) || (a->after && !after))
		return sk_err_nomem(err);
	if (s->anchor_lost && s->tail.seq == s->head.seq)
		r = record_lost_anchor(s, a->time, err);
	return r < 0 ? r : append(s, a, before, after, err);
}

int mg_audit_denied(struct mg_store *s, const struct mg_audit_entry *a, const struct sk_err *why,
	struct sk_err *err)
{
	struct mg_audit_entry entry = *a;
	char result[RESULT_MAX];
	struct mg_txn t;
	int r;

	snprintf(result, sizeof(result), "%s%s%s", why->path, why->path[0] ? ": " : "", why->en);
	entry.result = result;
	r = mg_txn_begin(&t, s, err);
	return r < 0 ? r : mg_txn_commit(&t, &entry, err);
}

/* ---- the anchor: {"hmac": hex, "mac": hex, "seq": n} --------------------------------------------
 */

static void anchor_hmac(const struct mg_store *s, const struct mg_chain *c, uint8_t *ret)
{
	crypto_auth_hmacsha256_state st;
	char label[64];
	int n = snprintf(label, sizeof(label), "sekisho-anchor %lld ", (long long)c->seq);

	crypto_auth_hmacsha256_init(&st, s->key, sizeof(s->key));
	crypto_auth_hmacsha256_update(&st, (const unsigned char *)label, (size_t)n);
	crypto_auth_hmacsha256_update(&st, c->mac, MG_MAC_LEN);
	crypto_auth_hmacsha256_final(&st, ret);
}

int mg_audit_anchor_write(struct mg_store *s, struct sk_err *err)
{
	char mac[2 * MG_MAC_LEN + 1], hmac[2 * MG_MAC_LEN + 1], text[256];
	uint8_t h[MG_MAC_LEN];
	int n, r;

	anchor_hmac(s, &s->head, h);
	n = snprintf(text, sizeof(text), "{\"hmac\":\"%s\",\"mac\":\"%s\",\"seq\":%lld}\n",
		sk_hex(hmac, h, sizeof(h)), sk_hex(mac, s->head.mac, MG_MAC_LEN),
		(long long)s->head.seq);
	r = sk_file_replace(s->anchor_path, text, (size_t)n, 0600, err);
	s->anchor_stale = r < 0;
	return r;
}

static int unhex(const char *hex, uint8_t *ret)
{
	size_t n = 0;

	return sodium_hex2bin(ret, MG_MAC_LEN, hex, strlen(hex), NULL, &n, NULL) == 0 &&
			n == MG_MAC_LEN
		? 0
		: -EINVAL;
}

static int anchor_parse(const struct mg_store *s, const json_t *v, struct mg_chain *ret)
{
	const char *mac = NULL, *hmac = NULL;
	uint8_t want[MG_MAC_LEN], have[MG_MAC_LEN];
	struct mg_chain c = {0};

	if (sk_json_str(v, "mac", true, &mac, NULL) < 0 ||
		sk_json_str(v, "hmac", true, &hmac, NULL) < 0 ||
		sk_json_int(v, "seq", true, &c.seq, NULL) < 0 || unhex(mac, c.mac) < 0 ||
		unhex(hmac, have) < 0)
		return MG_ANCHOR_BAD;
	anchor_hmac(s, &c, want);
	if (c.seq < 0 || sodium_memcmp(want, have, sizeof(want)) != 0)
		return MG_ANCHOR_BAD;
	*ret = c;
	return MG_ANCHOR_OK;
}

int mg_audit_anchor_read(const struct mg_store *s, struct mg_chain *ret)
{
	struct sk_buf b;
	json_t *v;
	int r;

	sk_buf_init(&b, 4096);
	r = sk_file_read(s->anchor_path, &b, NULL);
	v = r < 0 ? NULL : sk_json_parse(sk_buf_str(&b), b.len, NULL);
	sk_buf_done(&b);
	if (r == -ENOENT)
		return MG_ANCHOR_NONE;
	if (!json_is_object(v)) {
		json_decref(v);
		return MG_ANCHOR_BAD;
	}
	r = anchor_parse(s, v, ret);
	json_decref(v);
	return r;
}

/* ---- opening ------------------------------------------------------------------------------------
 */

static int read_key(struct mg_store *s, bool may_make, struct sk_err *err)
{
	struct sk_buf b;
	int r;

	sk_buf_init(&b, 4096);
	r = sk_file_read(s->key_path, &b, err);
	if (r == 0 && b.len == sizeof(s->key)) {
		memcpy(s->key, b.data, sizeof(s->key));
	} else if (r == 0) {
		r = sk_err_set(err, -EUCLEAN, NULL,
			"the audit key %s is damaged: restore it from a backup",
			"操作記録の鍵 %s が破損しています。バックアップから復元してください",
			s->key_path);
	} else if (r == -ENOENT && may_make) {
		randombytes_buf(s->key, sizeof(s->key));
		r = sk_file_replace(s->key_path, s->key, sizeof(s->key), 0600, err);
	} else if (r == -ENOENT) {
		r = sk_err_set(err, -ENOKEY, NULL,
			"the audit key %s is missing although audit rows exist: restore it from a "
			"backup",
			"操作記録があるのに鍵 %s がありません。バックアップから復元してください",
			s->key_path);
	}
	if (b.data)
		sodium_memzero(b.data, b.len);
	sk_buf_done(&b);
	return r;
}

static int read_head(struct mg_store *s, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err, "SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1");

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r <= 0)
		return r;
	s->head.seq = sqlite3_column_int64(st, 0);
	if (sqlite3_column_bytes(st, 1) == MG_MAC_LEN)
		memcpy(s->head.mac, sqlite3_column_blob(st, 1), MG_MAC_LEN);
	return 0;
}

/*
 * Go on from the anchor if it knows more rows than the table: the numbers cut off stay missing for
 * good instead of being given out again, so that verification finds them even later.
 */
static int compare_anchor(struct mg_store *s, struct sk_err *err)
{
	int64_t first = 0;
	struct mg_chain a = {0};
	int st = mg_audit_anchor_read(s, &a);
	int r = mg_db_int(s, &first, err, "SELECT first FROM audit ORDER BY seq DESC LIMIT 1");

	if (r < 0)
		return r;
	if (st == MG_ANCHOR_OK && a.seq > s->head.seq)
		s->head = a;
	else if (st == MG_ANCHOR_BAD || (st == MG_ANCHOR_NONE && first > 1))
		s->anchor_lost = true;
	else if (a.seq < s->head.seq && first != a.seq + 1)
		s->anchor_lost = true;
	else if (a.seq < s->head.seq)
		s->anchor_stale = true; /* one commit behind: caught up before the next one */
	return 0;
}

int mg_audit_open(struct mg_store *s, const struct mg_store_paths *paths, struct sk_err *err)
{
	int r;

	s->key_path = strdup(paths->key);
	s->anchor_path = strdup(paths->anchor);
	if (s->key_path == NULL || s->anchor_path == NULL)
		return sk_err_nomem(err);
	r = read_head(s, err);
	if (r == 0)
		r = read_key(
			s, !s->reader && s->head.seq == 0 && access(s->anchor_path, F_OK) < 0, err);
	return r < 0 || s->reader ? r : compare_anchor(s, err);
}
