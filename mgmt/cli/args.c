// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words of a command line to a command of the table and its arguments as JSON. Everything that is
 * wrong is a usage error with the option at fault; nothing is sent.
 */
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/cli/cli.h"

const struct cli_global cli_globals[] = {
	{"--json", NULL, {"print JSON", "JSON で出力する"}},
	{"--csv", NULL, {"print CSV for a spreadsheet", "表計算用の CSV で出力する"}},
	{"--wide", NULL, {"show all columns", "すべての列を表示する"}},
	{"--lang", "ja|en", {"language of the output", "表示言語"}},
	{"--socket", "PATH", {"socket of sekisho-mgmtd", "sekisho-mgmtd のソケット"}},
	{"--help", NULL, {"explain the command", "コマンドを説明する"}},
	{"--version", NULL, {"print the version", "版を表示する"}},
	{0},
};

struct parser {
	int argc, at;
	char **argv;
	struct cli_opts *o;
	struct cli_call *c;
	char word[64]; /* the command's first words, while its next is awaited */
	bool no_more_options;
};

char *cli_words(const char *op, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s", op);
	for (char *p = dst; *p; p++)
		if (*p == '.')
			*p = ' ';
	return dst;
}

char *cli_option(const char *name, char *dst, size_t cap)
{
	snprintf(dst, cap, "--%s", name);
	for (char *p = dst; *p; p++)
		if (*p == '_')
			*p = '-';
	return dst;
}

void cli_call_done(struct cli_call *c)
{
	if (!c)
		return;
	json_decref(c->args);
	c->args = NULL;
}

static bool is_group(const char *word)
{
	size_t n = strlen(word);

	for (const struct mg_command *c = mg_commands; c->op; c++)
		if (!strncmp(c->op, word, n) && c->op[n] == '.')
			return true;
	return false;
}

static const char *group_name(const char *word)
{
	size_t n = strlen(word);

	/* A name that outlives the parser: the beginning of the group's first op. */
	for (const struct mg_command *c = mg_commands; c->op; c++)
		if (!strncmp(c->op, word, n) && c->op[n] == '.')
			return c->op;
	return NULL;
}

static int unknown_command(const char *typed, struct sk_err *err)
{
	char near[64];

	if (cli_suggest(typed, near, sizeof(near)))
		return sk_err_set(err, -EINVAL, NULL,
			"there is no command \"%.40s\"; did you mean \"%s\"?",
			"「%.40s」というコマンドはありません。「%s」ですか?", typed, near);
	return sk_err_set(err, -EINVAL, NULL,
		"there is no command \"%.40s\"; `sekisho help` lists them",
		"「%.40s」というコマンドはありません。一覧は sekisho help", typed);
}

/* The first or a further word of the command. */
static int command_word(struct parser *p, const char *w, struct sk_err *err)
{
	char both[128], typed[128];
	size_t n = strlen(p->word);

	if (!n) {
		p->c->cmd = strchr(w, '.') ? NULL : mg_command_find(w);
		if (p->c->cmd)
			return 0;
		if (strlen(w) >= sizeof(p->word) || !is_group(w) || strchr(w, '.'))
			return unknown_command(w, err);
		memcpy(p->word, w, strlen(w) + 1);
		p->c->group = group_name(w);
		return 0;
	}
	snprintf(both, sizeof(both), "%s.%.60s", p->word, w);
	p->c->cmd = strchr(w, '.') ? NULL : mg_command_find(both);
	if (p->c->cmd)
		return 0;
	if (!strchr(w, '.') && strlen(both) < sizeof(p->word) && is_group(both)) {
		memcpy(p->word, both, strlen(both) + 1);
		return 0;
	}
	return unknown_command(cli_words(both, typed, sizeof(typed)), err);
}

/* Text of a value as the JSON its type wants. */
static json_t *convert(const struct mg_arg *a, const char *text, struct sk_err *err)
{
	uint64_t n;
	json_t *v;

	if (a->type == MG_UINT) {
		if (sk_parse_u64(text, INT64_MAX, &n) < 0) {
			sk_err_set(err, -EINVAL, a->name, "\"%.40s\" is not a number",
				"「%.40s」は数値ではありません", text);
			return NULL;
		}
		return json_integer((json_int_t)n);
	}
	v = json_string(text);
	if (!v)
		sk_err_set(err, -EINVAL, a->name, "is not valid UTF-8",
			"UTF-8 の文字列ではありません");
	return v;
}

static int store(struct parser *p, const struct mg_arg *a, const char *text, struct sk_err *err)
{
	json_t *v = convert(a, text, err), *list;

	if (!v)
		return -EINVAL;
	if (a->type == MG_FILE || a->type == MG_FOLDER) {
		p->c->file = text;
		p->c->file_max = a->max;
		p->c->folder = a->type == MG_FOLDER;
	}
	if (a->type == MG_OUTPUT) {
		p->c->output = text;
		p->c->once = a->once;
	}
	if (!a->list) {
		if (json_object_get(p->c->args, a->name)) {
			json_decref(v);
			return sk_err_set(
				err, -EINVAL, a->name, "is given twice", "2 回指定されています");
		}
		return json_object_set_new(p->c->args, a->name, v) < 0 ? sk_err_nomem(err) : 0;
	}
	list = json_object_get(p->c->args, a->name);
	if (!list) {
		list = json_array();
		json_object_set_new(p->c->args, a->name, list);
	}
	return json_array_append_new(list, v) < 0 ? sk_err_nomem(err) : 0;
}

static int positional(struct parser *p, const char *w, struct sk_err *err)
{
	for (const struct mg_arg *a = p->c->cmd->args; a && a->name; a++)
		if (a->positional && (a->list || !json_object_get(p->c->args, a->name)))
			return store(p, a, w, err);
	return sk_err_set(err, -EINVAL, NULL, "\"%.40s\" is one argument too many",
		"引数「%.40s」は余分です", w);
}

/* The value of an option: after '=', or the next word. */
static int option_value(struct parser *p, const char *name, const char *inline_value,
	const char **ret, struct sk_err *err)
{
	if (!inline_value) {
		if (p->at + 1 >= p->argc || !strncmp(p->argv[p->at + 1], "--", 2))
			return sk_err_set(
				err, -EINVAL, name, "needs a value", "値を指定してください");
		inline_value = p->argv[++p->at];
	}
	*ret = inline_value;
	return 0;
}

/* 1: it was one. */
static int global_option(
	struct parser *p, const char *name, const char *inline_value, struct sk_err *err)
{
	const char *v;
	int ret;

	if (!strcmp(name, "--json"))
		p->o->format = CLI_JSON;
	else if (!strcmp(name, "--csv"))
		p->o->format = CLI_CSV;
	else if (!strcmp(name, "--wide"))
		p->o->wide = true;
	else if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		p->o->help = true;
	else if (!strcmp(name, "--version"))
		p->o->version = true;
	else if (!strcmp(name, "--lang") || !strcmp(name, "--socket")) {
		ret = option_value(p, name, inline_value, &v, err);
		if (ret < 0)
			return ret;
		if (name[2] == 's')
			p->o->socket = v;
		else if (!strcmp(v, "ja") || !strcmp(v, "en"))
			p->o->lang = v[0] == 'j' ? SK_JA : SK_EN;
		else
			return sk_err_set(err, -EINVAL, name, "must be ja or en",
				"ja または en を指定してください");
		return 1;
	} else
		return 0;
	if (inline_value)
		return sk_err_set(err, -EINVAL, name, "takes no value", "値は指定できません");
	return 1;
}

static const struct mg_arg *find_option(const struct mg_command *c, const char *name)
{
	char option[64];

	for (const struct mg_arg *a = c ? c->args : NULL; a && a->name; a++)
		if (!a->positional && !strcmp(cli_option(a->name, option, sizeof(option)), name))
			return a;
	return NULL;
}

static int unknown_option(const struct mg_command *c, const char *name, struct sk_err *err)
{
	char near[64];

	if (cli_suggest_option(c, name, near, sizeof(near)))
		return sk_err_set(err, -EINVAL, NULL, "unknown option %.40s; did you mean %s?",
			"%.40s というオプションはありません。%s ですか?", name, near);
	return sk_err_set(err, -EINVAL, NULL, "unknown option %.40s",
		"%.40s というオプションはありません", name);
}

static int option(struct parser *p, const char *w, struct sk_err *err)
{
	const char *eq = strchr(w, '='), *value = eq ? eq + 1 : NULL;
	const struct mg_arg *a;
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "%.*s", eq ? (int)SK_MIN((eq - w), 60) : 60, w);
	a = find_option(p->c->cmd, name);
	if (!a) {
		ret = global_option(p, name, value, err);
		return ret ? SK_MIN(ret, 0) : unknown_option(p->c->cmd, name, err);
	}
	if (a->type == MG_FLAG) {
		if (value)
			return sk_err_set(
				err, -EINVAL, name, "takes no value", "値は指定できません");
		json_object_set_new(p->c->args, a->name, json_true());
		return 0;
	}
	ret = option_value(p, name, value, &value, err);
	return ret < 0 ? ret : store(p, a, value, err);
}

/* `setup` is a command, and `setup confirm` is another one. */
static bool longer_command(struct parser *p, const char *w)
{
	const struct mg_command *longer;
	char both[128];

	if (json_object_size(p->c->args) || strchr(w, '.'))
		return false;
	snprintf(both, sizeof(both), "%.60s.%.60s", p->c->cmd->op, w);
	longer = mg_command_find(both);
	if (!longer || (longer->flags & MG_F_HIDDEN))
		return false;
	p->c->cmd = longer;
	return true;
}

static int word(struct parser *p, const char *w, struct sk_err *err)
{
	if (!p->no_more_options && !strcmp(w, "--")) {
		p->no_more_options = true;
		return 0;
	}
	if (!p->no_more_options && w[0] == '-' && w[1])
		return option(p, w, err);
	if (!p->c->cmd)
		return command_word(p, w, err);
	if (longer_command(p, w))
		return 0;
	return positional(p, w, err);
}

/* The daemon speaks of "nat_to" and "numbers", the person typed --nat-to and a word. */
static void name_as_typed(const struct mg_command *c, struct sk_err *err)
{
	char typed[64];

	for (const struct mg_arg *a = c->args; err && a && a->name; a++)
		if (!strcmp(a->name, err->path)) {
			snprintf(err->path, sizeof(err->path), "%s",
				a->positional ? a->meta
					      : cli_option(a->name, typed, sizeof(typed)));
			return;
		}
}

int cli_parse(int argc, char **argv, struct cli_opts *o, struct cli_call *ret, struct sk_err *err)
{
	struct cli_call c = {.args = json_object()};
	struct parser p = {.argc = argc, .at = 1, .argv = argv, .o = o, .c = &c};
	int r = c.args ? 0 : sk_err_nomem(err);

	for (; r == 0 && p.at < argc; p.at++)
		r = word(&p, argv[p.at], err);
	if (r == 0 && c.cmd && !o->help && !o->version)
		r = mg_command_check_args(c.cmd, c.args, err);
	if (r < 0) {
		if (c.cmd)
			name_as_typed(c.cmd, err);
		cli_call_done(&c);
		return r;
	}
	*ret = c;
	return 0;
}
