/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures through the engine: `sekisho-ipsd --read` and `--check`. */
#ifndef IPS_IPSD_OFFLINE_H
#define IPS_IPSD_OFFLINE_H

#include "ips/ipsd/load.h"

struct ips_offline {
	struct ips_load load;
	const char *read;      /* capture file or folder */
	const char *log_dir;   /* eve.json goes there */
	const char *blocklist; /* document, or NULL */
	bool inline_mode;      /* as if in the path: what the queue would have done */
};
/*
 * Each capture in a fresh state. Cut or damaged captures are read as far as possible and told on
 * standard error. 0, or -errno for a failure of our own.
 */
int ips_offline_run(const struct ips_offline *o, struct sk_err *err);

/* Print what loads and what is refused, as text or JSON; compile too if asked. */
int ips_check_run(const struct ips_load *l, bool json, bool compile, struct sk_err *err);

#endif
