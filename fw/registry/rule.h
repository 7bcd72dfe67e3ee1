/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule record of guideline item No.104: one filter or translation rule with everything that
 * must be known about it. Text fields hold what the applicant wrote; struct fw_match is what they
 * mean.
 */
#ifndef FW_RULE_H
#define FW_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/json.h"
#include "fw/registry/object.h"
#include "fw/registry/state.h"

#define FW_NUMBER_FIRST 1001       /* below are the built-in records */
#define FW_NUMBER_MAX 0xffffffu    /* 24 bits of the conntrack mark */
#define FW_EXPIRY_DAYS_DEFAULT 366 /* "one year" from registration, leap years included */
#define FW_ORDER_MAX 9999
#define FW_TIME_MAX INT64_C(253402300799) /* the end of the year 9999 */
#define FW_ZONE_SELF "gateway"            /* the zone that is the gateway itself */

enum fw_kind { FW_ALLOW, FW_DENY, FW_DNAT, FW_SNAT, FW_KINDS };

/* Owned strings; NULL means absent. */
struct fw_rule {
	uint32_t number, revision;
	uint32_t order; /* 1-9999, first match wins; default 500 for deny, 1000 for the rest */
	enum fw_kind kind;
	enum fw_state state;
	bool log;
	/* the nine fields of No.104 */
	char *applicant;
	char *source, *destination;
	char *from, *to; /* direction: zone names, written "lan->wan" */
	char *protocol, *port;
	char *purpose;
	int64_t registered, expiry; /* instants; expiry is the last second */
	/* beside them */
	char *nat_to; /* dnat: "addr", "addr:port", "[v6]:port"; snat: "masquerade" or an address */
	char *approver;
	int64_t approved_at, last_reviewed, last_hit; /* 0: never */
	char *partner;                                /* partner organisation, No.74 */
	char *ticket;                                 /* free reference */
};

/* What the text means, resolved against objects. */
struct fw_match {
	struct fw_addrs src, dst;
	struct fw_svcs svc;
	struct fw_ip nat_addr; /* family 0: none or masquerade */
	uint16_t nat_port;     /* 0: unchanged */
	bool masquerade;
};

enum fw_risk {
	FW_RISK_ANY_SOURCE = 1 << 0,
	FW_RISK_ANY_DESTINATION = 1 << 1,
	FW_RISK_ANY_PORT = 1 << 2,
	FW_RISK_ANY_PROTOCOL = 1 << 3,
	FW_RISK_INBOUND = 1 << 4,   /* from an outside zone */
	FW_RISK_WIDE = 1 << 5,      /* more than 65,536 addresses or 1,024 ports, without "any" */
	FW_RISK_CLEARTEXT = 1 << 6, /* telnet, ftp, smb, rdp, vnc… across the boundary */
	FW_RISK_BITS = 7
};

void fw_rule_init(struct fw_rule *r);
void fw_rule_done(struct fw_rule *r);
int fw_rule_copy(struct fw_rule *dst, const struct fw_rule *src);
/* Set an owned string field: frees the old one, copies; NULL or "" clears. 0 or -ENOMEM. */
int fw_str_set(char **field, const char *value);

struct fw_rule_limits {
	int64_t now;         /* 0: the registration date is used */
	int expiry_days_max; /* 0: FW_EXPIRY_DAYS_DEFAULT */
	size_t text_max;     /* 0: 1,000 bytes for purpose and the like */
};

/*
 * All nine fields present and meaningful, expiry after now and not later than the maximum, kind and
 * nat_to consistent, zones different from nonsense, families of source and destination in common.
 * The first fault is reported with its field. Fills *ret_match when not NULL (caller:
 * fw_match_done).
 */
int fw_rule_validate(const struct fw_rule *r, const struct fw_objects *o,
	const struct fw_rule_limits *lim, struct fw_match *ret_match, struct sk_err *err);
/* Only the meaning, for rules that were validated before (past expiry is no fault). */
int fw_match_compile(const struct fw_rule *r, const struct fw_objects *o, struct fw_match *ret,
	struct sk_err *err);
void fw_match_done(struct fw_match *m);
/* Addresses, protocol and port only (zones are the caller's). */
bool fw_match_hit(const struct fw_match *m, const struct fw_ip *src, const struct fw_ip *dst,
	uint8_t proto, uint16_t port);

/* Bits of enum fw_risk. from_outside: the rule's source zone is an outside zone. */
unsigned fw_rule_risk(const struct fw_rule *r, const struct fw_match *m, bool from_outside);
const struct sk_text *fw_risk_text(unsigned bit_index); /* 0…FW_RISK_BITS-1 */
const char *fw_risk_name(unsigned bit_index);           /* "any-source" */

/* "lan->wan", "lan→wan", "lan > wan" → owned zone names. */
int fw_direction_parse(const char *s, char **ret_from, char **ret_to, struct sk_err *err);

uint32_t fw_order_default(enum fw_kind k);
const char *fw_kind_name(enum fw_kind k); /* "allow" "deny" "dnat" "snat" */
const struct sk_text *fw_kind_text(enum fw_kind k);
int fw_kind_parse(const char *s, enum fw_kind *ret);

/* New reference: every field that is set, canonical names, times as numbers (RFC 8259). */
json_t *fw_rule_to_json(const struct fw_rule *r);
/* The reverse; unknown keys, wrong types and times out of range are refused. */
int fw_rule_from_json(const json_t *v, struct fw_rule *ret, struct sk_err *err);
/* Fields that differ: {"port": ["80", "80,443"], …}; new reference. */
json_t *fw_rule_diff(const struct fw_rule *before, const struct fw_rule *after);

#endif
