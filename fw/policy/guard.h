/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy says about scans, floods and password guessing: from which rate on a source is too
 * much, how long it is then blocked, and who never is. Pure.
 */
#ifndef FW_POLICY_GUARD_H
#define FW_POLICY_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "fw/registry/addr.h"
#include "lib/json.h"

enum fw_guard_kind {
	FW_GUARD_SCAN,  /* many ports */
	FW_GUARD_SWEEP, /* many hosts */
	FW_GUARD_SYN,   /* TCP SYN a second */
	FW_GUARD_UDP,   /* UDP packets a second that are no answers and got none */
	FW_GUARD_ICMP,  /* echo requests and the like a second */
	FW_GUARD_CONN,  /* new TCP connections a minute */
	FW_GUARD_LOGIN, /* new connections a minute to one port at which people log in */
	FW_GUARD_HAND,  /* a person said so */
	FW_GUARD_KINDS
};
/* "scan" "sweep" "syn_flood" "udp_flood" "icmp_flood" "conn_rate" "login" "manual" */
const char *fw_guard_kind_name(enum fw_guard_kind k);
int fw_guard_kind_parse(const char *s, enum fw_guard_kind *ret); /* 0 or -EINVAL */

/* Behind a kind's name in the packet log: the destination is sent too much. */
#define FW_GUARD_TO "_to"
/* A destination is offered at most so many times what a single source may send. */
#define FW_GUARD_DEST_FACTOR 5
#define FW_GUARD_BLOCK_MIN 10u
#define FW_GUARD_BLOCK_MAX 604800u /* a week */
#define FW_GUARD_DISTINCT_MAX 128u /* of scan_ports and scan_hosts */
#define FW_GUARD_WINDOW_MAX 600u
#define FW_GUARD_RATE_MAX 1000000u
#define FW_GUARD_EXEMPT_MAX 256 /* ranges */

struct fw_guard {
	bool enabled;
	bool inside_block;                      /* sources in other than outside zones, too */
	uint32_t block_seconds;                 /* how long a source is blocked */
	uint32_t scan_ports, scan_hosts;        /* distinct ones within the window; 0: off */
	uint32_t window;                        /* seconds */
	uint32_t syn_rate, udp_rate, icmp_rate; /* a second and source; 0: off */
	uint32_t conn_rate;                     /* a minute and source; 0: off */
	uint32_t login_rate;                    /* a minute, source and port; 0: off */
	struct fw_addrs exempt;                 /* owned */
};

/* Disabled; all else as a new gateway has it. */
void fw_guard_init(struct fw_guard *g);
void fw_guard_done(struct fw_guard *g);
/* The rate of kind, 0 for one that is off or has none; *ret_unit: its seconds. */
uint32_t fw_guard_rate(const struct fw_guard *g, enum fw_guard_kind k, uint32_t *ret_unit);

/* TCP ports at which people log in; sorted. */
const uint16_t *fw_guard_login_ports(size_t *ret_n);

int fw_guard_check(const struct fw_guard *g, struct sk_err *err);
json_t *fw_guard_to_json(const struct fw_guard *g);
/* Unknown keys are refused, missing ones are as after init. *ret: initialised; replaced. */
int fw_guard_from_json(const json_t *v, struct fw_guard *ret, struct sk_err *err);
/* A list of addresses, networks and ranges, separated by commas; may be empty. */
int fw_guard_exempt_parse(const char *list, struct fw_addrs *ret, struct sk_err *err);

#endif
