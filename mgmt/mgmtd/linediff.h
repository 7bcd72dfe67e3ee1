/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two texts compared line by line, as a unified diff (POSIX diff -u). Pure. */
#ifndef MG_LINEDIFF_H
#define MG_LINEDIFF_H

#include "lib/buf.h"

/*
 * Append the difference with three lines of context; nothing when they are equal. Texts that have
 * more than a few thousand differing lines come out as whole blocks replaced, still correct.
 * -ENOMEM.
 */
int mg_linediff(struct sk_buf *b, const char *before, const char *after);

#endif
