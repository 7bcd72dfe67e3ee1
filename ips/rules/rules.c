/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner of all rules: variables, the list with its index by number, what was refused and why.
 * Pure: no files, no clock. Errors of single rules never leave this folder as errors.
 */
#include <errno.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "ips/rules/build.h"
#include "lib/util.h"

/* What rule sets expect to be set; those of the site come on top. */
static const struct ips_rule_var defaults[] = {
	{"HOME_NET", "any"},
	{"EXTERNAL_NET", "any"},
	{"HTTP_SERVERS", "$HOME_NET"},
	{"SMTP_SERVERS", "$HOME_NET"},
	{"SQL_SERVERS", "$HOME_NET"},
	{"DNS_SERVERS", "$HOME_NET"},
	{"TELNET_SERVERS", "$HOME_NET"},
	{"SNMP_SERVERS", "$HOME_NET"},
	{"SIP_SERVERS", "$HOME_NET"},
	{"FTP_SERVERS", "$HOME_NET"},
	{"SSH_SERVERS", "$HOME_NET"},
	{"AIM_SERVERS", "$EXTERNAL_NET"},
	{"DC_SERVERS", "$HOME_NET"},
	{"DNP3_SERVER", "$HOME_NET"},
	{"DNP3_CLIENT", "$HOME_NET"},
	{"MODBUS_CLIENT", "$HOME_NET"},
	{"MODBUS_SERVER", "$HOME_NET"},
	{"ENIP_CLIENT", "$HOME_NET"},
	{"ENIP_SERVER", "$HOME_NET"},
	{"HTTP_PORTS", "80"},
	{"SHELLCODE_PORTS", "!80"},
	{"ORACLE_PORTS", "1521"},
	{"SSH_PORTS", "22"},
	{"DNP3_PORTS", "20000"},
	{"MODBUS_PORTS", "502"},
	{"FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"},
	{"FTP_PORTS", "21"},
	{"SIP_PORTS", "[5060,5061]"},
	{"GENEVE_PORTS", "6081"},
	{"VXLAN_PORTS", "4789"},
	{"TEREDO_PORTS", "3544"},
};

static struct ips_rule_var *var_find(const struct ips_rules *r, struct ips_text name)
{
	for (size_t i = 0; i < r->vars_n; i++)
		if (ips_text_eq(name, r->vars[i].name))
			return &r->vars[i];
	return NULL;
}

static int var_put(struct ips_rules *r, const char *name, const char *value)
{
	struct ips_rule_var *v = var_find(r, ips_text_of(name));
	const char *copy = ips_strings_get(&r->strings, value, strlen(value));

	if (!copy)
		return -ENOMEM;
	if (v) {
		v->value = copy;
		return 0;
	}
	name = ips_strings_get(&r->strings, name, strlen(name));
	if (!name || sk_grow(&r->vars, &r->vars_cap, r->vars_n + 1, sizeof(*r->vars)) < 0)
		return -ENOMEM;
	r->vars[r->vars_n++] = (struct ips_rule_var){name, copy};
	return 0;
}

struct ips_rules *ips_rules_new(void)
{
	struct ips_rules *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return NULL;
	e = ips_keywords_init(&r->keywords);
	for (size_t i = 0; i < SK_ARRAY_SIZE(defaults) && e == 0; i++)
		e = var_put(r, defaults[i].name, defaults[i].value);
	r->build = ips_build_new(r);
	if (e < 0 || !r->build) {
		ips_rules_free(r);
		return NULL;
	}
	return r;
}

void ips_rules_free(struct ips_rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->pcres_n; i++)
		pcre2_code_free(r->pcres[i]->code);
	for (size_t i = 0; i < r->codes_n; i++)
		pcre2_code_free(r->codes[i]);
	free(r->pcres);
	free(r->codes);
	ips_build_free(r->build);
	ips_keywords_done(&r->keywords);
	free(r->rules);
	free(r->index);
	free(r->vars);
	free(r->classes);
	free(r->references);
	free(r->refused.v);
	free(r->warnings.v);
	free(r->sets[0]);
	free(r->sets[1]);
	ips_strings_done(&r->strings);
	ips_arena_done(&r->mem);
	free(r);
}

const char *ips_rules_var_get(const struct ips_rules *r, struct ips_text name)
{
	const struct ips_rule_var *v = var_find(r, name);

	return v ? v->value : NULL;
}

/* A value that only names what is set later cannot be judged yet. */
static bool plausible(struct ips_rules *r, const char *value, char *why)
{
	struct ips_addr_set a;
	struct ips_port_set p;
	bool negated;

	if (strchr(value, '$'))
		return true;
	return ips_port_parse(r, ips_text_of(value), &p, why) != -EINVAL ||
		ips_addr_parse(r, ips_text_of(value), &a, &negated, why) != -EINVAL;
}

int ips_rules_var(struct ips_rules *r, const char *name, const char *value, struct sk_err *err)
{
	char why[IPS_WHY_MAX] = "";
	int e;

	for (const char *c = name; *c || c == name; c++)
		if (!(*c >= 'A' && *c <= 'Z') && !(*c >= 'a' && *c <= 'z') &&
			!(*c >= '0' && *c <= '9') && *c != '_' && *c != '-')
			return sk_err_set(err, -EINVAL, name,
				"a variable's name has letters, digits and _ only",
				"変数名に使えるのは英数字と _ だけです");
	/* What was remembered may have been computed with the old value. */
	r->sets_n[0] = r->sets_n[1] = 0;
	if (!plausible(r, value, why))
		return sk_err_set(err, -EINVAL, name, "neither an address nor a port list: %s",
			"アドレスでもポートでもありません: %s", why);
	e = var_put(r, name, value);
	return e < 0 ? sk_err_nomem(err) : 0;
}

int ips_remark_add(struct ips_rules *r, struct ips_remark *to, const struct ips_refused *what)
{
	struct ips_refused *v;

	if (sk_grow(&to->v, &to->cap, to->n + 1, sizeof(*to->v)) < 0)
		return -ENOMEM;
	v = &to->v[to->n];
	*v = *what;
	v->option = ips_strings_get(&r->strings, what->option, strlen(what->option));
	v->why = ips_strings_get(&r->strings, what->why, strlen(what->why));
	if (!v->option || !v->why)
		return -ENOMEM;
	to->n++;
	return 0;
}

static uint64_t rule_key(uint32_t gid, uint32_t sid)
{
	return ((uint64_t)gid << 32 | sid) * 0x9e3779b97f4a7c15ULL;
}

static uint32_t *index_slot(const struct ips_rules *r, uint32_t gid, uint32_t sid)
{
	size_t at = rule_key(gid, sid) >> 32 & (r->index_cap - 1);

	for (;; at = (at + 1) & (r->index_cap - 1)) {
		const struct ips_rule *x;

		if (r->index[at] == 0)
			return &r->index[at];
		x = r->rules[r->index[at] - 1];
		if (x->gid == gid && x->sid == sid)
			return &r->index[at];
	}
}

static int index_grow(struct ips_rules *r)
{
	size_t cap = r->index_cap ? r->index_cap * 2 : 4096;
	uint32_t *index = calloc(cap, sizeof(*index));

	if (!index)
		return -ENOMEM;
	free(r->index);
	r->index = index;
	r->index_cap = cap;
	for (size_t i = 0; i < r->n; i++)
		*index_slot(r, r->rules[i]->gid, r->rules[i]->sid) = (uint32_t)i + 1;
	return 0;
}

int ips_rules_add(struct ips_rules *r, struct ips_build *b)
{
	struct ips_rule *rule = b->rule;
	uint32_t *slot;

	if (r->n * 2 >= r->index_cap && index_grow(r) < 0)
		return -ENOMEM;
	slot = index_slot(r, rule->gid, rule->sid);
	if (*slot) {
		const struct ips_rule *old = r->rules[*slot - 1];

		if (old->rev >= rule->rev) {
			snprintf(b->option, sizeof(b->option), "sid");
			snprintf(b->why, sizeof(b->why),
				"%u:%u is already loaded, as revision %u (%s:%u)", old->gid,
				old->sid, old->rev, old->file, old->line);
			return -EEXIST;
		}
		r->rules[*slot - 1] = rule;
		r->tally.replaced++;
		return 0;
	}
	if (sk_grow(&r->rules, &r->cap, r->n + 1, sizeof(*r->rules)) < 0)
		return -ENOMEM;
	r->rules[r->n++] = rule;
	*slot = (uint32_t)r->n;
	return 0;
}

uint32_t ips_rules_count(const struct ips_rules *r)
{
	return (uint32_t)r->n;
}

struct ips_rule *ips_rules_at(struct ips_rules *r, uint32_t i)
{
	return r->rules[i];
}

struct ips_rule *ips_rules_find(struct ips_rules *r, uint32_t gid, uint32_t sid)
{
	uint32_t *slot = r->index_cap ? index_slot(r, gid, sid) : NULL;

	return slot && *slot ? r->rules[*slot - 1] : NULL;
}

uint32_t ips_rules_refused_count(const struct ips_rules *r)
{
	return (uint32_t)r->refused.n;
}

const struct ips_refused *ips_rules_refused(const struct ips_rules *r, uint32_t i)
{
	return &r->refused.v[i];
}

uint32_t ips_rules_warning_count(const struct ips_rules *r)
{
	return (uint32_t)r->warnings.n;
}

const struct ips_refused *ips_rules_warning(const struct ips_rules *r, uint32_t i)
{
	return &r->warnings.v[i];
}

const struct ips_rules_tally *ips_rules_tally(const struct ips_rules *r)
{
	return &r->tally;
}
