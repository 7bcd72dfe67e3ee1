/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files to lines, lines to rules: continuation lines, comments, the header and the cutting of the
 * options, which keyword.c's tables then read. A refused rule is remembered by name and leaves
 * nothing else behind.
 */
#include "ips/rules/parse.h"

#include <errno.h>

#include "ips/rules/build.h"
#include "lib/buf.h"
#include "lib/util.h"

/* A token of the header: blanks inside brackets belong to it. */
static bool header_token(struct ips_text *rest, struct ips_text *ret)
{
	size_t n = 0;
	int depth = 0;

	*rest = ips_text_trim(*rest);
	while (n < rest->n && (depth > 0 || !ips_is_blank(rest->p[n]))) {
		if (depth == 0 && rest->p[n] == '(')
			break;
		depth += rest->p[n] == '[';
		depth -= rest->p[n] == ']';
		n++;
	}
	*ret = (struct ips_text){rest->p, n};
	rest->p += n;
	rest->n -= n;
	return n > 0;
}

static int read_action(struct ips_build *b, struct ips_text t)
{
	static const struct {
		const char *name;
		enum ips_action action;
	} actions[] = {
		{"alert", IPS_ALERT},
		{"pass", IPS_PASS},
		{"drop", IPS_DROP},
		{"reject", IPS_REJECT},
		{"rejectsrc", IPS_REJECT},
		{"rejectdst", IPS_REJECT_DST},
		{"rejectboth", IPS_REJECT_BOTH},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(actions); i++)
		if (ips_text_is(t, actions[i].name)) {
			b->rule->action = b->rule->effective = actions[i].action;
			return 0;
		}
	return ips_refuse(b, "unknown action '%.*s'", IPS_T(t));
}

#define P(id) (1ULL << IPS_P_##id)

/* Rules about an application's protocol are rules about what carries it. */
static int read_app(struct ips_build *b, struct ips_text t)
{
	char name[32];
	uint64_t protos;
	int id;

	ips_text_copy(name, sizeof(name), t);
	for (char *c = name; *c; c++)
		*c |= *c >= 'A' && *c <= 'Z' ? 0x20 : 0;
	id = t.n < sizeof(name) ? ips_proto_by_name(name) : -1;
	if (ips_text_is(t, "http"))
		protos = P(HTTP1) | P(HTTP2);
	else if (ips_text_is(t, "http1"))
		protos = P(HTTP1);
	else if (ips_text_is(t, "ssl"))
		protos = P(TLS);
	else if (id >= 0)
		protos = 1ULL << id;
	else
		return ips_refuse(b, "unknown protocol '%.*s'", IPS_T(t));
	return ips_build_app(b, protos);
}

static int read_proto(struct ips_build *b, struct ips_text t)
{
	static const struct {
		const char *name;
		uint32_t hdr;
	} protos[] = {
		{"tcp", IPS_HP_TCP},
		{"tcp-pkt", IPS_HP_TCP | IPS_HP_TCP_PKT},
		{"tcp-stream", IPS_HP_TCP | IPS_HP_TCP_STREAM},
		{"udp", IPS_HP_UDP},
		{"icmp", IPS_HP_ICMP | IPS_HP_ICMPV6},
		{"icmpv4", IPS_HP_ICMP},
		{"icmpv6", IPS_HP_ICMPV6},
		{"sctp", IPS_HP_SCTP},
		{"ip", IPS_HP_IP},
		{"ipv4", IPS_HP_IP | IPS_HP_IPV4_ONLY},
		{"ip4", IPS_HP_IP | IPS_HP_IPV4_ONLY},
		{"ipv6", IPS_HP_IP | IPS_HP_IPV6_ONLY},
		{"ip6", IPS_HP_IP | IPS_HP_IPV6_ONLY},
		{"pkthdr", IPS_HP_IP | IPS_HP_PKTHDR},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(protos); i++)
		if (ips_text_is(t, protos[i].name)) {
			b->rule->hdr_proto = protos[i].hdr;
			return 0;
		}
	return read_app(b, t);
}

static int read_addr(struct ips_build *b, struct ips_text t, struct ips_addr_set *ret)
{
	bool negated = false;
	int e = ips_addr_parse(b->r, t, ret, &negated, b->why);

	if (negated)
		b->rule->flags |= IPS_RULE_ADDR_NEG;
	return e;
}

static int read_header(struct ips_build *b, struct ips_text *rest)
{
	struct ips_rule *rule = b->rule;
	struct ips_text t[7];
	int e;

	for (size_t i = 0; i < SK_ARRAY_SIZE(t); i++)
		if (!header_token(rest, &t[i]))
			return ips_refuse(b, "the header is incomplete");
	e = read_action(b, t[0]);
	if (e == 0)
		e = read_proto(b, t[1]);
	if (e == 0 && ips_text_eq(t[4], "<>"))
		rule->flags |= IPS_RULE_BIDIR;
	else if (e == 0 && !ips_text_eq(t[4], "->"))
		e = ips_refuse(b, "'%.*s' is no direction, only -> and <> are", IPS_T(t[4]));
	if (e == 0)
		e = read_addr(b, t[2], &rule->src);
	if (e == 0)
		e = ips_port_parse(b->r, t[3], &rule->sport, b->why);
	if (e == 0)
		e = read_addr(b, t[5], &rule->dst);
	if (e == 0)
		e = ips_port_parse(b->r, t[6], &rule->dport, b->why);
	return e;
}

/* The value without '!' and quotes, as the keyword wants it. */
static int unquote(struct ips_build *b, const struct ips_kw *kw, struct ips_text *v)
{
	b->negated = false;
	if ((kw->flags & IPS_KW_NEGATE) && ips_text_starts(*v, '!')) {
		b->negated = true;
		*v = ips_text_skip(*v, 1);
	}
	if (v->n == 0)
		return kw->flags & (IPS_KW_NONE | IPS_KW_OPTIONAL) ? 0
								   : ips_refuse(b, "needs a value");
	if (kw->flags & IPS_KW_NONE)
		return ips_refuse(b, "takes no value");
	if (v->p[0] != '"')
		return kw->flags & IPS_KW_QUOTED
			? ips_refuse(b, "the value must stand in double quotes")
			: 0;
	if (!(kw->flags & (IPS_KW_QUOTES | IPS_KW_QUOTED)))
		return ips_refuse(b, "the value must not be quoted");
	if (v->n < 3 || v->p[v->n - 1] != '"')
		return ips_refuse(b,
			v->n == 2 && v->p[1] == '"' ? "the value is empty"
						    : "text after the closing quote, or none");
	*v = (struct ips_text){v->p + 1, v->n - 2};
	return 0;
}

static int read_option(struct ips_build *b, struct ips_text t)
{
	const char *colon = memchr(t.p, ':', t.n);
	struct ips_text name = t, value = {NULL, 0};
	const struct ips_kw *kw;
	int e;

	if (colon) {
		name = ips_text_trim((struct ips_text){t.p, colon - t.p});
		value = ips_text_skip(t, colon + 1 - t.p);
	}
	ips_text_copy(b->option, sizeof(b->option), name);
	kw = ips_keywords_find(&b->r->keywords, name);
	if (!kw)
		return ips_refuse(b, "unknown keyword");
	b->kw = kw;
	e = unquote(b, kw, &value);
	return e < 0 ? e : kw->read(b, value);
}

/* Options end at a ';' without a backslash before it, quotes or not. */
static int read_options(struct ips_build *b, struct ips_text t)
{
	while ((t = ips_text_trim(t)).n > 0) {
		size_t n = 0;
		int e;

		while (n < t.n && (t.p[n] != ';' || (n > 0 && t.p[n - 1] == '\\')))
			n++;
		if (n == t.n) {
			ips_text_copy(b->option, sizeof(b->option), t);
			return ips_refuse(b, "no ';' at the end");
		}
		e = read_option(b, ips_text_trim((struct ips_text){t.p, n}));
		if (e < 0)
			return e;
		t.p += n + 1;
		t.n -= n + 1;
	}
	b->option[0] = 0;
	return 0;
}

static int read_rule(struct ips_build *b, struct ips_text t)
{
	struct ips_text rest = t;
	int e = read_header(b, &rest);

	if (e < 0)
		return e;
	rest = ips_text_trim(rest);
	if (!ips_text_starts(rest, '(') || rest.p[rest.n - 1] != ')')
		return ips_refuse(b, "options stand in parentheses");
	e = read_options(b, (struct ips_text){rest.p + 1, rest.n - 2});
	return e < 0 ? e : ips_build_check(b);
}

/* The number after name in a rule that may be broken, for its report. */
static uint32_t find_number(struct ips_text t, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i + len < t.n; i++) {
		struct ips_text v;
		uint32_t n;
		size_t k = 0;

		if (memcmp(t.p + i, name, len) != 0 ||
			(i > 0 && t.p[i - 1] != ' ' && t.p[i - 1] != ';' && t.p[i - 1] != '('))
			continue;
		v = ips_text_skip(t, i + len);
		while (k < v.n && v.p[k] >= '0' && v.p[k] <= '9')
			k++;
		v.n = k;
		if (ips_text_u32(v, &n))
			return n;
	}
	return 0;
}

static int note_refused(struct ips_build *b, const char *file, uint32_t line, struct ips_text t)
{
	struct ips_refused what = {.file = file,
		.line = line,
		.gid = find_number(t, "gid:"),
		.sid = find_number(t, "sid:"),
		.option = b->option,
		.why = b->why};
	char clean[2][IPS_WHY_MAX];

	if (what.gid == 0)
		what.gid = 1;
	what.option = sk_escape(clean[0], sizeof(clean[0]), b->option, strlen(b->option));
	what.why = sk_escape(clean[1], sizeof(clean[1]), b->why, strlen(b->why));
	b->r->tally.refused++;
	return ips_remark_add(b->r, &b->r->refused, &what);
}

static int one_rule(struct ips_rules *r, const char *file, uint32_t line, struct ips_text t)
{
	struct ips_arena_mark mark = ips_arena_mark(&r->mem);
	struct ips_build *b = r->build;
	int e;

	r->tally.seen++;
	ips_build_start(b);
	b->rule = ips_arena_get(&r->mem, sizeof(*b->rule));
	if (!b->rule)
		return -ENOMEM;
	b->rule->gid = 1;
	b->rule->file = file;
	b->rule->line = line;
	if (t.n > IPS_RULE_TEXT_MAX)
		e = ips_refuse(b, "longer than %d bytes", IPS_RULE_TEXT_MAX);
	else if (memchr(t.p, 0, t.n))
		e = ips_refuse(b, "a zero byte in the text");
	else
		e = read_rule(b, t);
	if (e == 0) {
		b->rule->text = ips_arena_text(&r->mem, t.p, t.n);
		e = b->rule->text ? ips_rules_add(r, b) : -ENOMEM;
		if (e == 0)
			return ips_build_finish(b);
	}
	ips_build_drop(b);
	if (e == -ENOMEM || r->mem.failed || r->strings.arena.failed)
		return -ENOMEM;
	ips_arena_back(&r->mem, mark);
	return note_refused(b, file, line, t);
}

/* A comment that is a rule someone switched off. */
static bool is_disabled_rule(struct ips_text t)
{
	static const char *const actions[] = {
		"alert", "drop", "pass", "reject", "rejectsrc", "rejectdst", "rejectboth"};
	struct ips_text w;

	while (t.n > 0 && (t.p[0] == '#' || ips_is_blank(t.p[0])))
		t = ips_text_skip(t, 1);
	if (t.n == 0 || t.p[t.n - 1] != ')' || !memchr(t.p, '(', t.n) || !ips_text_word(&t, &w))
		return false;
	for (size_t i = 0; i < SK_ARRAY_SIZE(actions); i++)
		if (ips_text_is(w, actions[i]))
			return true;
	return false;
}

/* The next line; *t moves behind it. */
static struct ips_text next_line(struct ips_text *t)
{
	const char *nl = memchr(t->p, '\n', t->n);
	struct ips_text line = {t->p, nl ? (size_t)(nl - t->p) : t->n};
	size_t n = line.n + (nl != NULL);

	t->p += n;
	t->n -= n;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* A line and those it continues in ("\" at the end), joined in buf when there are any. */
static int logical_line(
	struct ips_text *t, struct sk_buf *buf, uint32_t *lines, struct ips_text *ret)
{
	struct ips_text line = next_line(t);

	*lines = 1;
	*ret = line;
	if (line.n == 0 || line.p[line.n - 1] != '\\')
		return 0;
	sk_buf_reset(buf);
	for (;;) {
		bool more = line.n > 0 && line.p[line.n - 1] == '\\' && t->n > 0;

		size_t len = line.n - (line.n > 0 && line.p[line.n - 1] == '\\');

		/* One byte too many is enough to be refused for. */
		sk_buf_put(buf, line.p, SK_MIN(len, IPS_RULE_TEXT_MAX + 1 - buf->len));
		if (!more)
			break;
		line = next_line(t);
		(*lines)++;
	}
	*ret = (struct ips_text){sk_buf_str(buf), buf->len};
	return sk_buf_error(buf);
}

int ips_rules_parse(struct ips_rules *r, const char *file, const char *text, size_t n)
{
	struct ips_text t = {text, n}, line;
	uint32_t at = 1, lines;
	struct sk_buf buf;
	int e = 0;

	file = ips_strings_get(&r->strings, file, strlen(file));
	if (!file)
		return -ENOMEM;
	sk_buf_init(&buf, IPS_RULE_TEXT_MAX + 2);
	for (; t.n > 0 && e == 0; at += lines) {
		e = logical_line(&t, &buf, &lines, &line);
		line = ips_text_trim(line);
		if (e < 0 || line.n == 0)
			continue;
		if (line.p[0] != '#')
			e = one_rule(r, file, at, line);
		else if (is_disabled_rule(line))
			r->tally.disabled++;
	}
	sk_buf_done(&buf);
	r->tally.loaded = (uint32_t)r->n;
	return e;
}
