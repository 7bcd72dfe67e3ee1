// SPDX-License-Identifier: GPL-2.0-or-later
/* The bash completion, generated from the command table. */
#include <string.h>

#include "lib/util.h"
#include "mgmt/cli/cli.h"

/* First words of all commands, each once (the table is sorted). */
static void put_groups(struct sk_buf *b)
{
	const char *last = "";
	size_t len = 0;

	for (const struct mg_command *c = mg_commands; c->op; c++) {
		size_t n = strcspn(c->op, ".");

		if ((c->flags & MG_F_HIDDEN) || (n == len && !strncmp(c->op, last, n)))
			continue;
		sk_buf_printf(b, "%s%.*s", len ? " " : "", (int)n, c->op);
		last = c->op;
		len = n;
	}
}

/* The beginning of op with n words, without the dot after it; 0 if op has no further word. */
static size_t prefix(const char *op, unsigned words)
{
	const char *p = op;

	for (unsigned i = 0; i < words; i++) {
		p = strchr(p + (i > 0), '.');
		if (!p)
			return 0;
	}
	return (size_t)(p - op);
}

/* For each beginning of so many words, the words that may follow (the table is sorted). */
static void put_next_words(struct sk_buf *b, unsigned words)
{
	const char *last = "";
	size_t len = 0, next_len = 0;

	for (const struct mg_command *c = mg_commands; c->op; c++) {
		size_t n = prefix(c->op, words), next;
		bool same = n == len && n && !strncmp(c->op, last, n);
		char start[64], shown[64];

		if (!n || (c->flags & MG_F_HIDDEN))
			continue;
		next = strcspn(c->op + n + 1, ".");
		if (same && next == next_len && !strncmp(c->op, last, n + 1 + next))
			continue;
		snprintf(start, sizeof(start), "%.*s", (int)n, c->op);
		if (same)
			sk_buf_putc(b, ' ');
		else
			sk_buf_printf(b, "%s\t'%s') words='", len ? "' ;;\n" : "",
				cli_words(start, shown, sizeof(shown)));
		sk_buf_put(b, c->op + n + 1, next);
		last = c->op;
		len = n;
		next_len = next;
	}
	if (len)
		sk_buf_puts(b, "' ;;\n");
}

static void put_options(struct sk_buf *b)
{
	char option[64], words[64];

	for (const struct mg_command *c = mg_commands; c->op; c++) {
		bool any = false;

		if (c->flags & MG_F_HIDDEN)
			continue;
		for (const struct mg_arg *a = c->args; a && a->name; a++) {
			if (a->positional)
				continue;
			if (!any)
				sk_buf_printf(b, "\t'%s') words='",
					cli_words(c->op, words, sizeof(words)));
			sk_buf_printf(b, "%s%s", any ? " " : "",
				cli_option(a->name, option, sizeof(option)));
			any = true;
		}
		if (any)
			sk_buf_puts(b, "' ;;\n");
	}
}

static void put_values(struct sk_buf *b)
{
	char option[64], words[64];

	for (const struct mg_command *c = mg_commands; c->op; c++) {
		if (c->flags & MG_F_HIDDEN)
			continue;
		for (const struct mg_arg *a = c->args; a && a->name; a++) {
			bool file = a->type >= MG_FILE && !a->positional;

			if (a->type != MG_CHOICE && !file)
				continue;
			sk_buf_printf(b, "\t'%s %s') ", cli_words(c->op, words, sizeof(words)),
				cli_option(a->name, option, sizeof(option)));
			if (file) {
				sk_buf_puts(b, "files=1 ;;\n");
				continue;
			}
			sk_buf_puts(b, "words='");
			for (size_t i = 0; a->choices[i]; i++)
				sk_buf_printf(b, "%s%s", i ? " " : "", a->choices[i]);
			sk_buf_puts(b, "' ;;\n");
		}
	}
}

/* Commands whose positional argument is a file. */
static void put_files(struct sk_buf *b)
{
	bool any = false;
	char words[64];

	sk_buf_puts(b, "\t");
	for (const struct mg_command *c = mg_commands; c->op; c++)
		for (const struct mg_arg *a = c->args; a && a->name; a++)
			if (a->type >= MG_FILE && a->positional) {
				sk_buf_printf(b, "%s'%s'", any ? " | " : "",
					cli_words(c->op, words, sizeof(words)));
				any = true;
			}
	sk_buf_puts(b, ") files=1 ;;\n");
}

void cli_completion(struct sk_buf *b)
{
	sk_buf_puts(b,
		"# bash completion for sekisho(8), generated from its command table\n"
		"_sekisho_command() {\n"
		"\tcase $1 in\n"
		"\t'') words='");
	put_groups(b);
	sk_buf_puts(b, "' ;;\n");
	put_next_words(b, 1);
	put_next_words(b, 2);
	sk_buf_puts(b,
		"\t*) return 1 ;;\n\tesac\n}\n"
		"_sekisho_options() {\n\tcase $1 in\n");
	put_options(b);
	sk_buf_puts(b,
		"\tesac\n}\n_sekisho_values() {\n\tcase $1 in\n"
		"\t*' --lang') words='ja en' ;;\n\t*' --socket') files=1 ;;\n");
	put_values(b);
	sk_buf_puts(b, "\t*) return 1 ;;\n\tesac\n}\n_sekisho_files() {\n\tcase $1 in\n");
	put_files(b);
	sk_buf_puts(b,
		"\tesac\n}\n"
		"_sekisho() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		"\tlocal cmd='' words='' files='' i w\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tw=${COMP_WORDS[i]}\n"
		"\t\tcase $w in\n"
		"\t\t--lang | --socket) ((i++)) ;;\n"
		"\t\t-*) ;;\n"
		"\t\t*)\n"
		"\t\t\t_sekisho_command \"$cmd\" || break\n"
		"\t\t\tcmd=${cmd:+$cmd }$w\n"
		"\t\t\t;;\n"
		"\t\tesac\n"
		"\tdone\n"
		"\twords=''\n"
		"\tif [[ $prev != -* ]] || ! _sekisho_values \"$cmd $prev\"; then\n"
		"\t\tif [[ $cur == -* ]]; then\n"
		"\t\t\t_sekisho_options \"$cmd\"\n"
		"\t\t\twords=\"$words");
	for (const struct cli_global *g = cli_globals; g->option; g++)
		sk_buf_printf(b, " %s", g->option);
	sk_buf_puts(b,
		"\"\n"
		"\t\telse\n"
		"\t\t\t_sekisho_command \"$cmd\" || _sekisho_files \"$cmd\"\n"
		"\t\tfi\n"
		"\tfi\n"
		"\tif [[ $files ]]; then\n"
		"\t\tcompopt -o filenames 2>/dev/null\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
		"\telse\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		"\tfi\n"
		"}\n"
		"complete -F _sekisho sekisho\n");
}
