/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Daemon logging to standard error with the journal's <N> level prefix. Only daemons and adapters
 * log. Text from outside goes through sk_escape() first.
 */
#ifndef SK_LOG_H
#define SK_LOG_H

#include <syslog.h>

#include "lib/err.h"

void sk_log_init(const char *name, int max_level); /* LOG_INFO, LOG_DEBUG… */
void sk_log(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "what: path: message" */
void sk_log_err(int level, const char *what, const struct sk_err *err);

#endif
