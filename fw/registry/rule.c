/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule record as an object: life, copies, names, direction. What makes it valid is in
 * rule_check.c.
 */
#include "fw/registry/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/rule_fields.h"
#include "fw/registry/text.h"
#include "lib/util.h"

/* In the guideline's order; shared by copy, done, JSON. */
static const struct fw_rule_string strings[] = {
	{"applicant", offsetof(struct fw_rule, applicant)},
	{"source", offsetof(struct fw_rule, source)},
	{"destination", offsetof(struct fw_rule, destination)},
	{"from", offsetof(struct fw_rule, from)},
	{"to", offsetof(struct fw_rule, to)},
	{"protocol", offsetof(struct fw_rule, protocol)},
	{"port", offsetof(struct fw_rule, port)},
	{"purpose", offsetof(struct fw_rule, purpose)},
	{"nat_to", offsetof(struct fw_rule, nat_to)},
	{"approver", offsetof(struct fw_rule, approver)},
	{"partner", offsetof(struct fw_rule, partner)},
	{"ticket", offsetof(struct fw_rule, ticket)},
};

static const struct {
	const char *name;
	struct sk_text text;
} kinds[FW_KINDS] = {
	[FW_ALLOW] = {"allow", {"Allow", "許可"}},
	[FW_DENY] = {"deny", {"Block", "遮断"}},
	[FW_DNAT] = {"dnat", {"Port forwarding", "ポート転送"}},
	[FW_SNAT] = {"snat", {"Source translation", "送信元変換"}},
};

const struct fw_rule_string *fw_rule_string(size_t i)
{
	return i < SK_ARRAY_SIZE(strings) ? &strings[i] : NULL;
}

char **fw_rule_string_at(struct fw_rule *r, const struct fw_rule_string *f)
{
	return (char **)((char *)r + f->offset);
}

const char *fw_rule_string_of(const struct fw_rule *r, const struct fw_rule_string *f)
{
	return *(char *const *)((const char *)r + f->offset);
}

void fw_rule_init(struct fw_rule *r)
{
	*r = (struct fw_rule){.kind = FW_ALLOW, .state = FW_DRAFT};
	r->order = fw_order_default(r->kind);
}

void fw_rule_done(struct fw_rule *r)
{
	const struct fw_rule_string *f;

	if (!r)
		return;
	for (size_t i = 0; (f = fw_rule_string(i)); i++)
		free(*fw_rule_string_at(r, f));
	*r = (struct fw_rule){0};
}

int fw_rule_copy(struct fw_rule *dst, const struct fw_rule *src)
{
	const struct fw_rule_string *f;
	struct fw_rule tmp = *src;

	for (size_t i = 0; (f = fw_rule_string(i)); i++)
		*fw_rule_string_at(&tmp, f) = NULL;
	for (size_t i = 0; (f = fw_rule_string(i)); i++) {
		if (fw_str_set(fw_rule_string_at(&tmp, f), fw_rule_string_of(src, f)) < 0) {
			fw_rule_done(&tmp);
			return -ENOMEM;
		}
	}
	*dst = tmp;
	return 0;
}

int fw_str_set(char **field, const char *value)
{
	char *copy = NULL;

	if (value && value[0]) {
		copy = strdup(value);
		if (!copy)
			return -ENOMEM;
	}
	free(*field);
	*field = copy;
	return 0;
}

uint32_t fw_order_default(enum fw_kind k)
{
	return k == FW_DENY ? 500 : 1000;
}

const char *fw_kind_name(enum fw_kind k)
{
	return (unsigned)k < FW_KINDS ? kinds[k].name : "unknown";
}

const struct sk_text *fw_kind_text(enum fw_kind k)
{
	static const struct sk_text unknown = {"Unknown", "不明"};

	return (unsigned)k < FW_KINDS ? &kinds[k].text : &unknown;
}

int fw_kind_parse(const char *s, enum fw_kind *ret)
{
	for (unsigned i = 0; s && i < FW_KINDS; i++) {
		if (strcmp(kinds[i].name, s) == 0) {
			*ret = (enum fw_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool fw_rule_zone_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n >= 1 && n <= 15 && name[n] == '\0' && name[0] >= 'a' && name[0] <= 'z';
}

static int bad_direction(const char *s, struct sk_err *err)
{
	char q[FW_QUOTE_MAX];

	return sk_err_set(err, -EINVAL, "direction",
		"'%s' is not a direction; write the zone it comes from and the one it goes to, "
		"such as lan->wan",
		"「%s」は通信方向として読めません。lan->wan のように、元のゾーンと先のゾーンを"
		"書いてください",
		fw_quote(q, s));
}

int fw_direction_parse(const char *s, char **ret_from, char **ret_to, struct sk_err *err)
{
	static const char *const arrows[] = {"->", "=>", "→", "⇒", "＞", ">"};
	char first[FW_ITEM_MAX], second[FW_ITEM_MAX];
	const char *arrow = NULL, *p;
	char *from = NULL, *to = NULL;
	size_t len = 0;

	for (size_t i = 0; s && !arrow && i < SK_ARRAY_SIZE(arrows); i++) {
		arrow = strstr(s, arrows[i]);
		len = strlen(arrows[i]);
	}
	if (!arrow || (size_t)(arrow - s) >= sizeof(first))
		return bad_direction(s ? s : "", err);
	memcpy(second, s, (size_t)(arrow - s));
	second[arrow - s] = '\0';
	p = second;
	fw_item_next(&p, "", first, NULL);
	p = arrow + len;
	if (fw_item_next(&p, "", second, NULL) < 0)
		return bad_direction(s, err);
	fw_text_lower(first, sizeof(first), first);
	fw_text_lower(second, sizeof(second), second);
	if (!fw_rule_zone_valid(first) || !fw_rule_zone_valid(second))
		return bad_direction(s, err);
	if (fw_str_set(&from, first) < 0 || fw_str_set(&to, second) < 0) {
		free(from);
		return sk_err_nomem(err);
	}
	*ret_from = from;
	*ret_to = to;
	return 0;
}
