/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NFLOG prefix of every packet the gateway reports: "<verdict> <number> <revision> <reason>",
 * such as "A 1042 3 rule" or "D 13 0 no_rule". The kernel allows 127 bytes. Written by the rules,
 * read by fwd.
 */
#ifndef FW_NFT_LOG_PREFIX_H
#define FW_NFT_LOG_PREFIX_H

#include <stddef.h>
#include <stdint.h>

#define FW_LOG_PREFIX_MAX 64 /* with its NUL */
#define FW_LOG_REASON_MAX 24 /* with its NUL */

/* What happened to the packet. */
#define FW_LOG_ALLOW 'A'
#define FW_LOG_DROP 'D'
#define FW_LOG_REJECT 'R'
#define FW_LOG_NAT 'N' /* source translation of a connection that another record allowed */

/* Reasons; [a-z_]+. */
#define FW_REASON_RULE "rule"
#define FW_REASON_NO_RULE "no_rule"
#define FW_REASON_INVALID "invalid"
#define FW_REASON_REVERSE_PATH "reverse_path"
#define FW_REASON_BOGON "bogon"
#define FW_REASON_BLOCKLIST "blocklist"
#define FW_REASON_BLOCKLIST_MONITOR "blocklist_monitor" /* listed, only reported */
#define FW_REASON_GUARD "guard" /* from a blocked source; kinds of the guard are reasons, too */
#define FW_REASON_IPS_FLOW                                                                         \
	"ips_flow"              /* a further packet of a connection that inspection stopped        \
				 */
#define FW_REASON_STRAY "stray" /* fwd's: no_rule for the middle of a connection that is gone */

struct fw_log_prefix {
	char verdict;
	uint32_t number, revision;
	char reason[FW_LOG_REASON_MAX];
};

void fw_log_prefix_encode(char dst[FW_LOG_PREFIX_MAX], char verdict, uint32_t number,
	uint32_t revision, const char *reason);
/* n bytes, with or without NUL. 0, or -EINVAL: not one of ours; ret is untouched. */
int fw_log_prefix_parse(const char *s, size_t n, struct fw_log_prefix *ret);

#endif
