/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy document as bytes: one JSON object a line, closed by a line with the hash of all
 * before it. The hash is checked before anything else is believed. Each line is parsed and released
 * alone, so the size of a document hardly shows in memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fw/policy/policy.h"
#include "lib/util.h"

#define FORMAT "sekisho-policy"
#define VERSION 1
#define LINES_MAX (FW_POLICY_RULES_MAX + 100000) /* rules, zones, objects */

/* ---- writing ----------------------------------------------------------------------------------
 */

/* One line: {"key": v}, or v itself without a key. Steals v. */
static int put_line(struct sk_buf *b, const char *key, json_t *v, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *line = v && key ? json_pack("{s:o}", key, v) : v;

	if (!line)
		return sk_err_nomem(err);
	sk_json_put(b, line);
	sk_buf_putc(b, '\n');
	if (sk_buf_error(b) == -EMSGSIZE)
		return sk_err_set(err, -EMSGSIZE, NULL, "the policy document is too large",
			"ポリシー文書が大きすぎます");
	return sk_buf_error(b) ? sk_err_nomem(err) : 0;
}

static json_t *header_json(const struct fw_policy *p)
{
	const struct fw_site *s = &p->site;
	json_t *ports = json_array();

	for (size_t i = 0; ports && i < s->n_manage_ports; i++)
		json_array_append_new(ports, json_integer(s->manage_ports[i]));
	return json_pack("{s:s, s:i, s:I, s:I, s:{s:s, s:o, s:b, s:b}, s:o, s:o, s:{s:b}}",
		"format", FORMAT, "version", VERSION, "generation", (json_int_t)p->generation,
		"created", (json_int_t)p->created, "site", "name", s->name, "manage_ports", ports,
		"reverse_path", s->reverse_path, "log_broadcast", s->log_broadcast, "inspection",
		fw_inspect_to_json(&p->inspect), "guard", fw_guard_to_json(&p->guard), "blocklist",
		"enabled", p->blocklist);
}

/* The items one by one, without the space around them. */
static json_t *items_json(const char *items)
{
	json_t *list = json_array();

	while (list && *items) {
		size_t n = strcspn(items, ",\n"), skip = strspn(items, " \t\r"), end = n;

		skip = SK_MIN(skip, n);
		while (end > skip && strchr(" \t\r", items[end - 1]))
			end--;
		if (end > skip &&
			json_array_append_new(list, json_stringn(items + skip, end - skip)) < 0) {
			json_decref(list);
			return NULL;
		}
		items += items[n] ? n + 1 : n;
	}
	return list;
}

static json_t *object_json(const struct fw_policy_object *o)
{
	return json_pack("{s:s, s:s, s:o}", "kind", fw_object_kind_name(o->kind), "name", o->name,
		"items", items_json(o->items));
}

static json_t *rule_json(const struct fw_rule *rec)
{
	struct fw_rule r = *rec;

	r.last_hit = 0;
	return fw_rule_to_json(&r);
}

int fw_policy_encode(struct fw_policy *p, struct sk_buf *b, struct sk_err *err)
{
	size_t start = b->len;
	uint8_t sum[32];
	int r;

	if (fw_objects_count(p->objects) != p->n_object_texts)
		return sk_err_set(err, -EINVAL, "objects",
			"an object was not added through the policy and cannot be written",
			"ポリシーに登録されていないオブジェクトがあります");
	r = put_line(b, NULL, header_json(p), err);
	for (size_t i = 0; r == 0 && i < p->n_zones; i++)
		r = put_line(b, "zone", fw_zone_to_json(&p->zones[i]), err);
	for (size_t i = 0; r == 0 && i < p->n_object_texts; i++)
		r = put_line(b, "object", object_json(&p->object_texts[i]), err);
	for (size_t i = 0; r == 0 && i < p->n_rules; i++)
		r = put_line(b, "rule", rule_json(&p->rules[i].rec), err);
	if (r < 0)
		return r;
	sk_sha256(sum, b->data + start, b->len - start);
	sk_hex(p->sha256, sum, sizeof(sum));
	return put_line(b, "end",
		json_pack("{s:I, s:s}", "rules", (json_int_t)p->n_rules, "sha256", p->sha256), err);
}

/* ---- reading: lines ---------------------------------------------------------------------------
 */

enum section { S_HEADER, S_ZONE, S_OBJECT, S_RULE, S_END };

struct reader {
	const char *at, *stop; /* the lines before the end line */
	size_t line;           /* number of the line being read, from 1 */
	size_t rules;          /* rule lines seen, expired ones too */
	enum section section;
	enum fw_policy_mode mode;
	int64_t now;
	size_t expired;
	struct fw_policy *p;
};

/* Put the line's number before an error that does not name a rule. */
static int at_line(int r, size_t line, struct sk_err *err)
{
	if (r < 0 && (!err || strncmp(err->path, "rule[", 5) != 0))
		sk_err_prefix(err, "line %zu", line);
	return r;
}

static size_t count_lines(const char *p, const char *stop)
{
	size_t n = 0;

	while (p < stop && (p = memchr(p, '\n', (size_t)(stop - p)))) {
		n++;
		p++;
	}
	return n;
}

/* Start of the last line; the document must end in a newline. */
static int last_line(const char *p, size_t n, const char **ret, struct sk_err *err)
{
	const char *start;

	if (n > FW_POLICY_BYTES_MAX)
		return sk_err_set(err, -EFBIG, NULL, "the policy document is larger than %u bytes",
			"ポリシー文書が%uバイトを超えています", FW_POLICY_BYTES_MAX);
	if (n == 0 || p[n - 1] != '\n') {
		sk_err_set(err, -EBADMSG, NULL, "the policy document is cut off",
			"ポリシー文書が途中で切れています");
		return at_line(-EBADMSG, n ? count_lines(p, p + n) + 1 : 1, err);
	}
	start = n > 1 ? memrchr(p, '\n', n - 1) : NULL;
	*ret = start ? start + 1 : p;
	return 0;
}

static int check_end_fields(
	json_t *end, size_t *ret_rules, const char **ret_sha, struct sk_err *err)
{
	static const char *const keys[] = {"rules", "sha256", NULL};
	int64_t rules = 0;
	int r;

	if ((r = sk_json_only(end, keys, err)) < 0 ||
		(r = sk_json_int(end, "rules", true, &rules, err)) < 0 ||
		(r = sk_json_str(end, "sha256", true, ret_sha, err)) < 0)
		return r;
	if (rules < 0 || rules > FW_POLICY_RULES_MAX)
		return sk_err_set(err, -E2BIG, "rules", "a document holds at most %d rules",
			"ルールは%d件までです", FW_POLICY_RULES_MAX);
	*ret_rules = (size_t)rules;
	return 0;
}

/* The end line: its form, and the hash of every byte before it. */
static int check_end(const char *doc, const char *last, size_t len, char sha[65], size_t *ret_rules,
	struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = NULL;
	static const char *const keys[] = {"end", NULL};
	const char *want = NULL;
	json_t *end = NULL;
	uint8_t sum[32];
	int r;

	v = sk_json_parse(last, len, err);
	if (!v || !json_is_object(v) || !json_object_get(v, "end"))
		return sk_err_set(err, -EBADMSG, NULL,
			"the policy document is cut off: its last line is not the end line",
			"ポリシー文書が途中で切れています (終了行がありません)");
	if ((r = sk_json_only(v, keys, err)) < 0 ||
		(r = sk_json_object(v, "end", true, &end, err)) < 0 ||
		(r = check_end_fields(end, ret_rules, &want, err)) < 0)
		return r;
	sk_sha256(sum, doc, (size_t)(last - doc));
	sk_hex(sha, sum, sizeof(sum));
	if (strcmp(sha, want) != 0)
		return sk_err_set(err, -EBADMSG, "sha256",
			"the policy document was changed after it was written: its hash does not "
			"match",
			"ポリシー文書が作成後に変更されています (ハッシュ値が一致しません)");
	return 0;
}

/* ---- reading: the header ----------------------------------------------------------------------
 */

static int read_ports(const json_t *site, struct fw_site *s, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(site, "manage_ports", true, &list, err);

	if (r < 0)
		return r;
	if (json_array_size(list) > SK_ARRAY_SIZE(s->manage_ports))
		return sk_err_set(err, -E2BIG, "manage_ports", "more than %zu ports",
			"管理用ポートは%zu個までです", SK_ARRAY_SIZE(s->manage_ports));
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *v = json_array_get(list, i);
		json_int_t port = json_is_integer(v) ? json_integer_value(v) : 0;

		if (port < 1 || port > 65535)
			return sk_err_set(err, -EINVAL, "manage_ports", "ports are 1 to 65535",
				"ポート番号は1から65535までです");
		s->manage_ports[s->n_manage_ports++] = (uint16_t)port;
	}
	return 0;
}

static int read_site(const json_t *v, struct fw_site *s, struct sk_err *err)
{
	static const char *const keys[] = {
		"name", "manage_ports", "reverse_path", "log_broadcast", NULL};
	const char *name = "";
	int r;

	if ((r = sk_json_only(v, keys, err)) < 0 ||
		(r = sk_json_str(v, "name", true, &name, err)) < 0 ||
		(r = sk_json_bool(v, "reverse_path", true, &s->reverse_path, err)) < 0 ||
		(r = sk_json_bool(v, "log_broadcast", false, &s->log_broadcast, err)) < 0)
		return r;
	if (strlen(name) >= sizeof(s->name))
		return sk_err_set(err, -EINVAL, "name", "longer than %zu bytes",
			"%zuバイトを超えています", sizeof(s->name) - 1);
	memcpy(s->name, name, strlen(name) + 1);
	return read_ports(v, s, err);
}

/* A document from before there was inspection has none. */
static int read_inspect(const json_t *v, struct fw_inspect *ret, struct sk_err *err)
{
	json_t *o = NULL;
	int r = sk_json_object(v, "inspection", false, &o, err);

	if (r < 0 || !o)
		return r;
	r = fw_inspect_from_json(o, ret, err);
	if (r < 0)
		sk_err_prefix(err, "inspection");
	return r;
}

static int read_guard(const json_t *v, struct fw_guard *ret, struct sk_err *err)
{
	json_t *o = NULL;
	int r = sk_json_object(v, "guard", false, &o, err);

	if (r < 0 || !o)
		return r;
	r = fw_guard_from_json(o, ret, err);
	if (r < 0)
		sk_err_prefix(err, "guard");
	return r;
}

/* A document from before there were blocklists does not forbid them. */
static int read_blocklist(const json_t *v, bool *ret, struct sk_err *err)
{
	static const char *const keys[] = {"enabled", NULL};
	json_t *o = NULL;
	int r = sk_json_object(v, "blocklist", false, &o, err);

	if (r < 0 || !o)
		return r;
	r = sk_json_only(o, keys, err);
	if (r == 0)
		r = sk_json_bool(o, "enabled", false, ret, err);
	if (r < 0)
		sk_err_prefix(err, "blocklist");
	return r;
}

static int read_header(struct fw_policy *p, const json_t *v, struct sk_err *err)
{
	static const char *const keys[] = {"format", "version", "generation", "created", "site",
		"inspection", "guard", "blocklist", NULL};
	const char *format = "";
	int64_t version = 0, generation = 0;
	json_t *site = NULL;
	int r;

	if (!json_is_object(v) || !json_object_get(v, "format") ||
		sk_json_str(v, "format", true, &format, err) < 0 || strcmp(format, FORMAT) != 0)
		return sk_err_set(err, -EBADMSG, "format", "this is no policy document",
			"ポリシー文書ではありません");
	if ((r = sk_json_int(v, "version", true, &version, err)) < 0)
		return r;
	if (version != VERSION)
		return sk_err_set(err, -EPROTONOSUPPORT, "version",
			"version %" PRId64 " of the policy document is not known",
			"ポリシー文書の版 %" PRId64 " には対応していません", version);
	if ((r = sk_json_only(v, keys, err)) < 0 ||
		(r = sk_json_int(v, "generation", true, &generation, err)) < 0 ||
		(r = sk_json_int(v, "created", true, &p->created, err)) < 0 ||
		(r = sk_json_object(v, "site", true, &site, err)) < 0 ||
		(r = read_inspect(v, &p->inspect, err)) < 0 ||
		(r = read_guard(v, &p->guard, err)) < 0 ||
		(r = read_blocklist(v, &p->blocklist, err)) < 0)
		return r;
	if (generation < 0)
		return sk_err_set(err, -ERANGE, "generation", "a generation is not negative",
			"世代番号が正しくありません");
	p->generation = (uint64_t)generation;
	r = read_site(site, &p->site, err);
	if (r < 0)
		sk_err_prefix(err, "site");
	return r;
}

/* ---- reading: zones, objects, rules -----------------------------------------------------------
 */

static int read_zone(struct reader *rd, const json_t *v, struct sk_err *err)
{
	struct fw_policy *p = rd->p;
	int r;

	if (p->n_zones == FW_ZONES_MAX)
		return sk_err_set(err, -E2BIG, "zone", "more than %d zones", "ゾーンは%d個までです",
			FW_ZONES_MAX);
	r = fw_zone_from_json(v, &p->zones[p->n_zones], err);
	if (r == 0)
		p->n_zones++;
	else
		sk_err_prefix(err, "zone");
	return r;
}

static int join_items(const json_t *list, struct sk_buf *b, struct sk_err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (!s || strpbrk(s, ",\n\r") || !*s)
			return sk_err_set(err, -EINVAL, "items", "item %zu is not one item",
				"%zu番目の要素が正しくありません", i + 1);
		if (i)
			sk_buf_putc(b, '\n');
		sk_buf_puts(b, s);
	}
	return sk_buf_error(b) ? sk_err_nomem(err) : 0;
}

static int read_object(struct reader *rd, const json_t *v, struct sk_err *err)
{
	static const char *const keys[] = {"kind", "name", "items", NULL};
	_cleanup_(sk_buf_done) struct sk_buf items;
	const char *kind_name = NULL, *name = NULL;
	enum fw_object_kind kind;
	json_t *list = NULL;
	int r;

	sk_buf_init(&items, FW_POLICY_BYTES_MAX);
	if ((r = sk_json_only(v, keys, err)) < 0 ||
		(r = sk_json_str(v, "kind", true, &kind_name, err)) < 0 ||
		(r = sk_json_str(v, "name", true, &name, err)) < 0 ||
		(r = sk_json_array(v, "items", true, &list, err)) < 0)
		return r;
	if (fw_object_kind_parse(kind_name, &kind) < 0)
		return sk_err_set(err, -EINVAL, "kind", "unknown kind of object",
			"オブジェクトの種別が正しくありません");
	r = join_items(list, &items, err);
	return r < 0 ? r : fw_policy_add_object(rd->p, kind, name, sk_buf_str(&items), err);
}

static int expired(struct reader *rd, const struct fw_rule *r, struct sk_err *err)
{
	if (rd->mode == FW_POLICY_BOOT) {
		rd->expired++;
		return 0;
	}
	sk_err_set(err, -ESTALE, "expiry", "the rule is past its expiry date",
		"ルールの有効期限が過ぎています");
	sk_err_prefix(err, "rule[%" PRIu32 "]", r->number);
	return -ESTALE;
}

static int read_rule(struct reader *rd, const json_t *v, struct sk_err *err)
{
	json_int_t number = json_integer_value(json_object_get(v, "number"));
	struct fw_rule rule;
	int r;

	fw_rule_init(&rule);
	r = fw_rule_from_json(v, &rule, err);
	if (r < 0) {
		if (number >= 1 && number <= UINT32_MAX)
			sk_err_prefix(err, "rule[%" JSON_INTEGER_FORMAT "]", number);
		else
			sk_err_prefix(err, "rule");
	} else if (rule.expiry > 0 && rule.expiry < rd->now) {
		r = expired(rd, &rule, err);
	} else {
		r = fw_policy_add_rule(rd->p, &rule, err);
	}
	fw_rule_done(&rule);
	rd->rules++;
	return r;
}

static int unknown_line(const char *key, struct sk_err *err)
{
	char shown[64];

	sk_escape(shown, sizeof(shown), key ? key : "", key ? strlen(key) : 0);
	return sk_err_set(
		err, -EINVAL, NULL, "unknown kind of line \"%s\"", "不明な行です「%s」", shown);
}

/* Lines come in sections; each line is an object with one key that names its section. */
static int read_body(struct reader *rd, const json_t *line, struct sk_err *err)
{
	static const struct {
		const char *key;
		enum section section;
		int (*read)(struct reader *rd, const json_t *v, struct sk_err *err);
	} kinds[] = {
		{"zone", S_ZONE, read_zone},
		{"object", S_OBJECT, read_object},
		{"rule", S_RULE, read_rule},
	};
	void *it = json_object_iter((json_t *)line);

	if (!it || json_object_size(line) != 1)
		return sk_err_set(err, -EINVAL, NULL, "a line holds one zone, object or rule",
			"1行にはゾーン・オブジェクト・ルールのいずれか1つを書きます");
	for (size_t i = 0; i < SK_ARRAY_SIZE(kinds); i++) {
		if (strcmp(json_object_iter_key(it), kinds[i].key) != 0)
			continue;
		if (kinds[i].section < rd->section)
			return sk_err_set(err, -EINVAL, NULL,
				"a %s does not belong here: zones come first, then objects, then "
				"rules",
				"%s の位置が正しくありません "
				"(ゾーン、オブジェクト、ルールの順です)",
				kinds[i].key);
		rd->section = kinds[i].section;
		return kinds[i].read(rd, json_object_iter_value(it), err);
	}
	return unknown_line(json_object_iter_key(it), err);
}

static int read_lines(struct reader *rd, struct sk_err *err)
{
	while (rd->at < rd->stop) {
		const char *nl = memchr(rd->at, '\n', (size_t)(rd->stop - rd->at));
		_cleanup_(sk_json_decrefp) json_t *v = NULL;
		int r;

		if (++rd->line > LINES_MAX)
			return sk_err_set(err, -E2BIG, NULL, "the document has too many lines",
				"ポリシー文書の行数が多すぎます");
		v = sk_json_parse(rd->at, (size_t)(nl - rd->at), err);
		if (!v)
			r = err && err->code ? err->code : -EINVAL;
		else if (rd->section == S_HEADER)
			r = read_header(rd->p, v, err);
		else
			r = read_body(rd, v, err);
		if (r < 0)
			return at_line(r, rd->line, err);
		if (rd->section == S_HEADER)
			rd->section = S_ZONE;
		rd->at = nl + 1;
	}
	return 0;
}

int fw_policy_parse(const void *doc, size_t n, enum fw_policy_mode mode, int64_t now,
	struct fw_policy **ret, size_t *ret_expired, struct sk_err *err)
{
	_cleanup_(fw_policy_freep) struct fw_policy *p = NULL;
	struct reader rd = {.at = doc, .mode = mode, .now = now};
	const char *last = NULL;
	size_t rules = 0, lines;
	int r;

	r = last_line(doc, n, &last, err);
	if (r < 0)
		return r;
	p = rd.p = fw_policy_new();
	if (!p)
		return sk_err_nomem(err);
	lines = count_lines(doc, last);
	r = check_end(doc, last, (size_t)((const char *)doc + n - last), p->sha256, &rules, err);
	if (r < 0)
		return at_line(r, lines + 1, err);
	rd.stop = last;
	r = read_lines(&rd, err);
	if (r < 0)
		return r;
	if (rd.section == S_HEADER)
		return at_line(sk_err_set(err, -EBADMSG, NULL, "this is no policy document",
				       "ポリシー文書ではありません"),
			1, err);
	if (rd.rules != rules)
		return at_line(sk_err_set(err, -EBADMSG, "rules",
				       "the end line counts %zu rules, the document has %zu",
				       "終了行のルール数 %zu と実際の数 %zu が一致しません", rules,
				       rd.rules),
			lines + 1, err);
	r = fw_policy_finish(p, err);
	if (r < 0)
		return r;
	if (ret_expired)
		*ret_expired = rd.expired;
	*ret = p;
	p = NULL;
	return 0;
}
