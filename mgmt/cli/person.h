/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console's menu: a person is added, as a Unix user and as an account. The menu's own means
 * that this needs are in console.c.
 */
#ifndef MG_CLI_PERSON_H
#define MG_CLI_PERSON_H

#include <pwd.h>

#include "mgmt/cli/wizard.h"

/*
 * Everything asked and done; why not is said. who: whose password was right. Either there is a Unix
 * user and the account, or the request for it, or nothing was changed.
 */
void cli_person_add(struct wiz *w, const char *socket, const struct passwd *who);

/* A command of this program with the console's terminal, as a person or (NULL) root: its exit code.
 */
int cli_console_run(struct wiz *w, const char *const *words, const struct passwd *as);
/* For the journal: whoever looks for guessing at the machine finds it there. */
void cli_console_note(int priority, const char *what, const char *name);

#endif
