/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operation asked of the manager for the program itself, with nothing shown. */
#ifndef MG_CLI_QUERY_H
#define MG_CLI_QUERY_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/err.h"

/* Rows and record of the answer as one array, owned. args is stolen. */
int cli_query(const char *socket, const char *op, json_t *args, json_t **ret, struct sk_err *err);
/* Was the gateway never set up, so that it is the console's turn? */
int cli_never_set_up(const char *socket, bool *ret, struct sk_err *err);

/* Seconds that a set-up on trial can still be confirmed in; 0: there is none. */
int cli_setup_trial(const char *socket, unsigned *ret, struct sk_err *err);

#endif
