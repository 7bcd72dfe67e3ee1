/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The menu of the gateway's own console. */
#ifndef MG_CLI_CONSOLE_H
#define MG_CLI_CONSOLE_H

#include "lib/err.h"

/* Until the person leaves it; the exit code. As root: whoever is there stands at the machine. */
int cli_console(enum sk_lang lang, const char *socket);

#endif
