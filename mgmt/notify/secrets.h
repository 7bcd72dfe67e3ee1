/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The notifier's file of secrets: "key=value", a line each, "#" comments. Pure. */
#ifndef MG_NOTIFY_SECRETS_H
#define MG_NOTIFY_SECRETS_H

#include <stddef.h>

#include "lib/err.h"

struct mg_notify_secrets {
	char user[128], password[256], authorization[512], ca_file[256];
};

/* All lines; others than the known keys are refused. */
int mg_notify_secrets_parse(struct mg_notify_secrets *s, const char *text, struct sk_err *err);
/*
 * One line (n bytes, without its end): 1 and its key, in s; 0: a comment or nothing; -EINVAL, and
 * why, without anything of its content.
 */
int mg_notify_secret_line(
	const char *s, size_t n, const char **ret, size_t *ret_len, struct sk_err *err);

#endif
