/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where fwd's contacts come from, and when they are told. */
#ifndef FW_FWD_CONTACTS_WATCH_H
#define FW_FWD_CONTACTS_WATCH_H

#include "fw/fwd/fwd.h"

int fwd_contacts_start(struct fwd *d, struct sk_err *err);
void fwd_contacts_stop(struct fwd *d);
void fwd_contacts_second(struct fwd *d);
void fwd_contacts_tick(struct fwd *d); /* every ten seconds */
json_t *fwd_contacts_status(const struct fwd *d);

/* report.c: the text of one whole event; none (len 0) is counted as lost. */
void fwd_report_text(struct fwd *d, const char *text, size_t len);

#endif
