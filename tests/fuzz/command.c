// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two ways in: a JSON object as the arguments of a command (the first byte says which), and words
 * as a command line. What the command line accepts, the daemon's check must accept, too.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/cli/cli.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_arguments(const uint8_t *data, size_t size)
{
	const struct mg_command *c = &mg_commands[data[0] % mg_command_count()];
	struct sk_err err = {0};
	json_t *args = sk_json_parse((const char *)data + 1, size - 1, &err);

	if (args && mg_command_check_args(c, args, &err) < 0)
		assert(err.code < 0 && err.path[0] && err.en[0]);
	json_decref(args);
}

static void as_words(const uint8_t *data, size_t size)
{
	struct cli_opts o = {.lang = SK_EN};
	struct cli_call c = {0};
	struct sk_err err = {0};
	char *text = malloc(size + 1), *argv[WORDS_MAX + 1] = {(char *)"sekisho"};
	int argc = 1;

	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	/* Words end at line ends, as they cannot hold NUL either. */
	for (char *p = text; *p && argc < WORDS_MAX;) {
		size_t n = strcspn(p, "\n");

		argv[argc++] = p;
		p += n;
		if (*p)
			*p++ = '\0';
	}
	if (cli_parse(argc, argv, &o, &c, &err) < 0)
		assert(err.code < 0 && err.en[0]);
	else if (c.cmd && !o.help && !o.version)
		assert(mg_command_check_args(c.cmd, c.args, &err) == 0);
	cli_call_done(&c);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	as_arguments(data, size);
	as_words(data, size);
	return 0;
}
