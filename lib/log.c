/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line to standard error per message, whole in one write(), with the journal's level prefix.
 * The name and level of the process are the only state; they are set once by main() before anything
 * logs.
 */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"

/* Process-wide like standard error itself; every other file is free of mutable globals. */
static struct log_state {
	char name[32];
	int max_level;
	bool journal; /* journald adds the name itself */
} state = {.max_level = LOG_INFO};

void sk_log_init(const char *name, int max_level)
{
	snprintf(state.name, sizeof(state.name), "%s", name ? name : "");
	state.max_level = max_level;
	state.journal = getenv("JOURNAL_STREAM") != NULL;
}

void sk_log(int level, const char *fmt, ...)
{
	char msg[2048], clean[4096], line[4200];
	bool named = state.name[0] && !state.journal;
	va_list ap;
	int n;

	if (level > state.max_level)
		return;
	va_start(ap, fmt);
	n = vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	/* Callers escape what they do not trust; a forgotten one must still not forge a line. */
	sk_escape(clean, sizeof(clean), msg, strlen(msg));
	n = snprintf(line, sizeof(line), "<%d>%s%s%s\n", level, named ? state.name : "",
		named ? ": " : "", clean);
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nowhere left to complain */
}

void sk_log_err(int level, const char *what, const struct sk_err *err)
{
	const char *msg = err->en[0] ? err->en : strerror(-err->code);

	if (err->path[0])
		sk_log(level, "%s: %s: %s", what, err->path, msg);
	else
		sk_log(level, "%s: %s", what, msg);
}
