// SPDX-License-Identifier: GPL-2.0-or-later
/* Help from the command table, in the person's language. Pure: text into a buffer. */
#include <string.h>

#include "lib/util.h"
#include "mgmt/cli/cli.h"

static void pad(struct sk_buf *b, const char *s, size_t width)
{
	size_t n = sk_width(s);

	sk_buf_puts(b, s);
	for (; n < width; n++)
		sk_buf_putc(b, ' ');
}

static void usage_arg(struct sk_buf *b, const struct mg_arg *a)
{
	char option[64];

	sk_buf_puts(b, a->required ? " " : " [");
	if (!a->positional)
		sk_buf_puts(b, cli_option(a->name, option, sizeof(option)));
	if (a->type == MG_CHOICE) {
		if (!a->positional)
			sk_buf_putc(b, ' ');
		for (size_t i = 0; a->choices[i]; i++)
			sk_buf_printf(b, "%s%s", i ? "|" : "", a->choices[i]);
	} else if (a->type != MG_FLAG) {
		sk_buf_printf(b, "%s%s", a->positional ? "" : " ", a->meta);
	}
	if (a->list)
		sk_buf_puts(b, "...");
	if (!a->required)
		sk_buf_putc(b, ']');
}

void cli_usage(struct sk_buf *b, const struct mg_command *c)
{
	char words[64];

	sk_buf_printf(b, "sekisho %s", cli_words(c->op, words, sizeof(words)));
	for (const struct mg_arg *a = c->args; a && a->name; a++)
		if (a->positional)
			usage_arg(b, a);
	for (const struct mg_arg *a = c->args; a && a->name; a++)
		if (!a->positional)
			usage_arg(b, a);
	sk_buf_putc(b, '\n');
}

static void list_commands(struct sk_buf *b, const char *group, enum sk_lang lang)
{
	size_t n = group ? strcspn(group, ".") : 0;
	char words[64];

	for (const struct mg_command *c = mg_commands; c->op; c++) {
		if ((c->flags & MG_F_HIDDEN) ||
			(group && (strncmp(c->op, group, n) != 0 || c->op[n] != '.')))
			continue;
		sk_buf_puts(b, "  ");
		pad(b, cli_words(c->op, words, sizeof(words)), 18);
		sk_buf_printf(b, " %s\n", sk_text(&c->help, lang));
	}
}

static void list_globals(struct sk_buf *b, enum sk_lang lang)
{
	char left[64];

	for (const struct cli_global *g = cli_globals; g->option; g++) {
		snprintf(left, sizeof(left), "%s%s%s", g->option, g->meta ? " " : "",
			g->meta ? g->meta : "");
		sk_buf_puts(b, "  ");
		pad(b, left, 18);
		sk_buf_printf(b, " %s\n", sk_text(&g->help, lang));
	}
}

void cli_help_all(struct sk_buf *b, enum sk_lang lang)
{
	static const struct sk_text head = {
		"usage: sekisho COMMAND [ARGUMENT...] [OPTION...]\n\nCommands:\n",
		"使い方: sekisho コマンド [引数...] [オプション...]\n\nコマンド:\n"};
	static const struct sk_text options = {"\nOptions:\n", "\nオプション:\n"};
	static const struct sk_text tail = {"\n`sekisho help COMMAND` explains one.\n",
		"\n個々の説明は sekisho help コマンド\n"};

	sk_buf_puts(b, sk_text(&head, lang));
	list_commands(b, NULL, lang);
	sk_buf_puts(b, sk_text(&options, lang));
	list_globals(b, lang);
	sk_buf_puts(b, sk_text(&tail, lang));
}

bool cli_help_group(struct sk_buf *b, const char *group, enum sk_lang lang)
{
	size_t before = b->len;

	list_commands(b, group, lang);
	return b->len > before;
}

static void explain_arg(struct sk_buf *b, const struct mg_arg *a, enum sk_lang lang)
{
	char left[96], option[64];

	if (a->positional)
		snprintf(left, sizeof(left), "%s", a->meta ? a->meta : a->name);
	else
		snprintf(left, sizeof(left), "%s%s%s", cli_option(a->name, option, sizeof(option)),
			a->type == MG_FLAG || !a->meta ? "" : " ",
			a->type == MG_FLAG || !a->meta ? "" : a->meta);
	sk_buf_puts(b, "  ");
	pad(b, left, 22);
	sk_buf_printf(b, " %s", sk_text(&a->help, lang));
	if (a->type == MG_CHOICE) {
		sk_buf_puts(b, " {");
		for (size_t i = 0; a->choices[i]; i++)
			sk_buf_printf(b, "%s%s", i ? "," : "", a->choices[i]);
		sk_buf_putc(b, '}');
	}
	if (a->required)
		sk_buf_puts(b, lang == SK_JA ? " (必須)" : " (required)");
	sk_buf_putc(b, '\n');
}

static void who_may(struct sk_buf *b, const struct mg_command *c, enum sk_lang lang)
{
	bool first = true;

	if (!c->roles)
		return;
	sk_buf_puts(b, lang == SK_JA ? "\n実行できる役割: " : "\nRoles: ");
	if (c->roles == MG_READERS) {
		sk_buf_puts(b, lang == SK_JA ? "すべて\n" : "all\n");
		return;
	}
	for (unsigned i = 0; i < MG_ROLES; i++)
		if (c->roles & (1u << i)) {
			sk_buf_printf(
				b, "%s%s", first ? "" : ", ", sk_text(mg_role_text(1u << i), lang));
			first = false;
		}
	sk_buf_putc(b, '\n');
}

void cli_help_command(struct sk_buf *b, const struct mg_command *c, enum sk_lang lang)
{
	char words[64];

	sk_buf_printf(
		b, "%s\n\n%s", sk_text(&c->help, lang), lang == SK_JA ? "使い方: " : "usage: ");
	cli_usage(b, c);
	if (c->args && c->args->name) {
		sk_buf_putc(b, '\n');
		for (const struct mg_arg *a = c->args; a->name; a++)
			explain_arg(b, a, lang);
	}
	if (c->detail.en)
		sk_buf_printf(b, "\n%s\n", sk_text(&c->detail, lang));
	who_may(b, c, lang);
	if (c->example)
		sk_buf_printf(b, "%s  sekisho %s %s\n", lang == SK_JA ? "\n例:\n" : "\nExample:\n",
			cli_words(c->op, words, sizeof(words)), c->example);
}
