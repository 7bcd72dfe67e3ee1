/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions: "/pattern/flags". Flags are Perl's, Suricata's (R, B, G, O) and the old
 * letters that name a buffer. Compiled here so that a bad one refuses its rule; run by detection.
 */
#include <errno.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "ips/rules/kw.h"

struct pcre_flags {
	uint32_t options;
	enum ips_buf buf;
	bool has_buf, relative, raw;
};

static const struct {
	char letter;
	enum ips_buf buf;
} buf_letters[] = {
	{'U', IPS_BUF_HTTP_URI},
	{'I', IPS_BUF_HTTP_URI_RAW},
	{'H', IPS_BUF_HTTP_HEADER},
	{'D', IPS_BUF_HTTP_HEADER_RAW},
	{'M', IPS_BUF_HTTP_METHOD},
	{'C', IPS_BUF_HTTP_COOKIE},
	{'P', IPS_BUF_HTTP_REQUEST_BODY},
	{'Q', IPS_BUF_FILE_DATA},
	{'Y', IPS_BUF_HTTP_STAT_MSG},
	{'S', IPS_BUF_HTTP_STAT_CODE},
	{'V', IPS_BUF_HTTP_USER_AGENT},
	{'W', IPS_BUF_HTTP_HOST},
	{'Z', IPS_BUF_HTTP_HOST_RAW},
};

static int read_letter(struct ips_build *b, char c, struct pcre_flags *f)
{
	for (size_t i = 0; i < sizeof(buf_letters) / sizeof(buf_letters[0]); i++)
		if (buf_letters[i].letter == c) {
			if (f->has_buf && f->buf != buf_letters[i].buf)
				return ips_refuse(b, "flag %c names a second buffer", c);
			if (f->raw)
				return ips_refuse(b, "flag %c together with B", c);
			f->has_buf = true;
			f->buf = buf_letters[i].buf;
			return 0;
		}
	switch (c) {
	case 'A': f->options |= PCRE2_ANCHORED; return 0;
	case 'E': f->options |= PCRE2_DOLLAR_ENDONLY; return 0;
	case 'G': f->options |= PCRE2_UNGREEDY; return 0;
	case 'i': f->options |= PCRE2_CASELESS; return 0;
	case 'm': f->options |= PCRE2_MULTILINE; return 0;
	case 's': f->options |= PCRE2_DOTALL; return 0;
	case 'x': f->options |= PCRE2_EXTENDED; return 0;
	case 'R': f->relative = true; return 0;
	case 'O': return 0; /* its own match limit: detection's bounds everything */
	case 'B':
		if (f->has_buf)
			return ips_refuse(b, "flag B together with a buffer's");
		f->raw = true;
		return 0;
	default: return ips_refuse(b, "unknown flag '%c'", c);
	}
}

/* The last '/' that no backslash escapes ends the pattern. */
static int split(
	struct ips_build *b, struct ips_text v, struct ips_text *pattern, struct ips_text *flags)
{
	size_t end;

	if (v.n < 2 || v.p[0] != '/')
		return ips_refuse(b, "is written \"/pattern/flags\"");
	for (end = v.n - 1; end > 0; end--)
		if (v.p[end] == '/' && (v.p[end - 1] != '\\' || (end > 1 && v.p[end - 2] == '\\')))
			break;
	if (end == 0)
		return ips_refuse(b, "the closing '/' is missing");
	*pattern = (struct ips_text){v.p + 1, end - 1};
	*flags = (struct ips_text){v.p + end + 1, v.n - end - 1};
	return 0;
}

/* Groups are only captured where the pattern itself refers to them. */
static pcre2_code *compile(struct ips_build *b, struct ips_text p, uint32_t options)
{
	pcre2_code *code;
	PCRE2_SIZE at = 0;
	PCRE2_UCHAR text[128] = "";
	int error = 0;

	code = pcre2_compile((PCRE2_SPTR)p.p, p.n,
		options | PCRE2_NO_AUTO_CAPTURE | PCRE2_NEVER_UTF, &error, &at, NULL);
	if (!code)
		code = pcre2_compile(
			(PCRE2_SPTR)p.p, p.n, options | PCRE2_NEVER_UTF, &error, &at, NULL);
	if (code)
		return code;
	pcre2_get_error_message(error, text, sizeof(text));
	ips_why(b, "regular expression, at %zu: %s", (size_t)at, (const char *)text);
	return NULL;
}

static bool has_upper(struct ips_text p)
{
	for (size_t i = 0; i < p.n; i++) {
		if (p.p[i] == '\\') /* \S, \D, \W … */
			i++;
		else if (p.p[i] >= 'A' && p.p[i] <= 'Z')
			return true;
	}
	return false;
}

static enum ips_buf current_buf(const struct ips_build *b)
{
	return b->list == IPS_LIST_PENDING ? b->pending : b->lists[b->list].buf;
}

static int check_flags(struct ips_build *b, const struct pcre_flags *f, struct ips_text pattern)
{
	if (f->has_buf && b->list != IPS_LIST_PAYLOAD && current_buf(b) != f->buf)
		return ips_refuse(b, "a flag names another buffer than the sticky one");
	if (f->has_buf && f->buf == IPS_BUF_HTTP_HOST && has_upper(pattern))
		return ips_refuse(b, "the host is in lower case: a capital never matches");
	return f->has_buf && b->list == IPS_LIST_PAYLOAD ? ips_build_app(b, IPS_PB(HTTP1)) : 0;
}

/* Where it goes: the buffer its flag names, else the current one. */
static struct ips_opt *place(struct ips_build *b, const struct pcre_flags *f, int *ret_err)
{
	struct ips_opt *o = ips_build_opt(b, IPS_O_PCRE, ret_err);

	if (!o || !f->has_buf || b->list != IPS_LIST_PAYLOAD)
		return o;
	*ret_err = ips_build_move(b, &b->opts[b->n - 1], f->buf);
	return *ret_err < 0 ? NULL : o;
}

/* A content or expression stands before the newest option in its list. */
static bool preceded(const struct ips_build *b)
{
	const struct ips_build_opt *last = &b->opts[b->n - 1];

	for (size_t i = 0; i + 1 < b->n; i++)
		if (b->opts[i].place == IPS_IN_LIST && b->opts[i].list == last->list &&
			(b->opts[i].o.kind == IPS_O_CONTENT || b->opts[i].o.kind == IPS_O_PCRE))
			return true;
	return false;
}

static int read_pcre(struct ips_build *b, struct ips_text v)
{
	struct pcre_flags f = {0};
	struct ips_text pattern = {0}, flags = {0};
	bool negated = b->negated;
	pcre2_code *code;
	struct ips_opt *o;
	char *text;
	int e = split(b, v, &pattern, &flags);

	if (e == 0 && flags.n && memchr(flags.p, ',', flags.n))
		return ips_refuse(
			b, "variables from groups (flow:, pkt:, alert:) are not supported");
	for (size_t i = 0; i < flags.n && e == 0; i++)
		e = read_letter(b, flags.p[i], &f);
	if (e == 0)
		e = check_flags(b, &f, pattern);
	if (e < 0)
		return e;
	text = ips_arena_text(&b->r->mem, pattern.p, pattern.n);
	if (!text)
		return -ENOMEM;
	o = place(b, &f, &e);
	if (!o)
		return e;
	if (f.relative && b->list == IPS_LIST_PAYLOAD && !preceded(b))
		return ips_refuse(b, "flag R needs a match before it in the same buffer");
	code = compile(b, pattern, f.options);
	if (!code)
		return -EINVAL;
	o->negated = negated;
	o->pcre.code = code;
	o->pcre.pattern = text;
	o->pcre.relative = f.relative;
	o->pcre.raw = f.raw;
	return 0;
}

/* pcrexform:"pattern": the first group replaces the buffer. */
static int read_xform(struct ips_build *b, struct ips_text v)
{
	struct ips_transform *t;
	PCRE2_UCHAR text[128] = "";
	PCRE2_SIZE at = 0;
	uint32_t groups = 0;
	pcre2_code *code;
	int error = 0;

	if (b->list != IPS_LIST_PENDING)
		return ips_refuse(b, "a transformation follows its buffer directly");
	if (b->transforms_n >= IPS_TRANSFORMS_MAX)
		return ips_refuse(b, "more than %d transformations", IPS_TRANSFORMS_MAX);
	code = pcre2_compile((PCRE2_SPTR)v.p, v.n, PCRE2_NEVER_UTF, &error, &at, NULL);
	if (!code) {
		pcre2_get_error_message(error, text, sizeof(text));
		return ips_refuse(b, "regular expression, at %zu: %s", (size_t)at, (char *)text);
	}
	pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups != 1) {
		pcre2_code_free(code);
		return ips_refuse(b, "needs exactly one group, not %u", groups);
	}
	t = &b->transforms[b->transforms_n++];
	memset(t, 0, sizeof(*t));
	t->kind = IPS_T_PCREXFORM;
	t->code = code;
	return 0;
}

const struct ips_kw ips_kw_pcre[] = {
	{"pcre", read_pcre, IPS_KW_QUOTES | IPS_KW_NEGATE, 0},
	{"pcrexform", read_xform, IPS_KW_QUOTES, 0},
	{NULL, NULL, 0, 0},
};
