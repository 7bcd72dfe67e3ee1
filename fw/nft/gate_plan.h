/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's two tables before they are written: chains, sets and rules, as values. gate_put.c
 * writes them as netlink messages; the tests run frames through them. Pure.
 */
#ifndef FW_NFT_GATE_PLAN_H
#define FW_NFT_GATE_PLAN_H

#include "fw/gate/rows.h"
#include "fw/nft/gate_limits.h"

#define FW_GATE_TABLE "sekisho_nac" /* netdev, and inet for the page */
#define FW_GATE_LOG_GROUP 104
#define FW_GATE_LOG_SNAPLEN 128
#define FW_GATE_PRIORITY (-400) /* before everything at the device's hook */
/* Bits of a packet's mark between the port and the gateway's own tables. */
#define FW_GATE_MARK_QUARANTINE 0x40000000u /* of a quarantined device: for the gateway alone */
#define FW_GATE_MARK_PAGE 0x80000000u       /* and for the page */
#define FW_GATE_MARK_FORWARDED 0x20000000u  /* of somebody beyond the gateway */

#define FW_GATE_NAME_MAX 24 /* "es_", an interface name, NUL */
#define FW_GATE_STEPS_MAX 10

enum fw_gate_field {
	FW_GATE_F_DMAC,
	FW_GATE_F_SMAC,
	FW_GATE_F_ETYPE, /* as it stands in the frame: 0x8100 where there is a tag */
	FW_GATE_F_L4PROTO,
	FW_GATE_F_HOPLIMIT,
	FW_GATE_F_SPORT,
	FW_GATE_F_DPORT,
	FW_GATE_F_ICMP_TYPE,
	FW_GATE_F_MARK,
	FW_GATE_F_IIFNAME,
	FW_GATE_F_OIFNAME,
	FW_GATE_F_FIB_DADDR, /* type of the destination: 2 is the gateway itself */
	FW_GATE_F_SKUID,     /* there is one only where a socket of the gateway sent the packet */
	FW_GATE_FIELDS
};

/* What a set or map is keyed by. */
enum fw_gate_keys {
	FW_GATE_K_IN_SMAC,  /* arriving port and source */
	FW_GATE_K_IN_DMAC,  /* arriving port and destination */
	FW_GATE_K_OUT_DMAC, /* leaving port and destination */
	FW_GATE_K_OUT_SMAC,
	FW_GATE_K_SMAC,
	FW_GATE_K_OUT,
};

enum fw_gate_op {
	FW_GATE_EQ,    /* field == value */
	FW_GATE_BITS,  /* field & value != 0 */
	FW_GATE_BELOW, /* field <= value, both in host order */
	FW_GATE_IN,    /* keys are in the set */
	FW_GATE_VMAP,  /* the map's verdict for keys, if there is one */
	FW_GATE_ADD,   /* put keys into the set, metered if rate is not 0; fails if full or over */
	FW_GATE_UPDATE,
	FW_GATE_LIMIT, /* of the rule: at most rate a second */
	FW_GATE_COUNT, /* the counter */
	FW_GATE_LOG,
	FW_GATE_SET_MARK, /* mark |= value */
	FW_GATE_REDIRECT, /* to port value of the gateway */
	FW_GATE_ACCEPT,
	FW_GATE_DROP,
	FW_GATE_RETURN,
	FW_GATE_GOTO,
	FW_GATE_JUMP,
};

struct fw_gate_step {
	enum fw_gate_op op;
	enum fw_gate_field field;
	enum fw_gate_keys keys;
	uint8_t value[8]; /* as the packet has it; mark, port and uid: host order in the first 4 */
	uint32_t rate, burst;
	char name[FW_GATE_NAME_MAX]; /* set, map, counter, chain */
};

struct fw_gate_rule {
	bool inet; /* else netdev */
	char chain[FW_GATE_NAME_MAX];
	size_t n;
	struct fw_gate_step steps[FW_GATE_STEPS_MAX];
};

enum fw_gate_hook {
	FW_GATE_REGULAR,
	FW_GATE_INGRESS,
	FW_GATE_EGRESS,
	FW_GATE_NAT,      /* inet prerouting */
	FW_GATE_FORWARD,  /* inet forward */
	FW_GATE_FORWARDED /* inet forward, behind the policy and inspection */
};

struct fw_gate_chain {
	bool inet, drop; /* drop: its policy */
	char name[FW_GATE_NAME_MAX];
	enum fw_gate_hook hook;
	char device[IFNAMSIZ];
};

struct fw_gate_set {
	char name[FW_GATE_NAME_MAX];
	enum fw_gate_keys keys; /* only which fields they are matters */
	bool verdicts, timeouts, dynamic;
	uint32_t timeout, size; /* timeout: of an element without its own, seconds */
};

struct fw_gate_plan {
	bool page; /* there is the inet table */
	struct fw_gate_chain *chains;
	size_t n_chains, cap_chains;
	struct fw_gate_set *sets;
	size_t n_sets, cap_sets;
	char (*counters)[FW_GATE_NAME_MAX];
	size_t n_counters, cap_counters;
	struct fw_gate_rule *rules; /* in their chains' order */
	size_t n_rules, cap_rules;
	int err; /* -ENOMEM */
};

/*
 * All of c; present (may be NULL: all) tells for each port whether its interface exists: base
 * chains of those that do not are left out. 0 or -ENOMEM. done also after a failure.
 */
int fw_gate_plan_init(struct fw_gate_plan *pl, const struct fw_gate_conf *c, const bool *present);
void fw_gate_plan_done(struct fw_gate_plan *pl);
/* ---- names ---- */
#define FW_GATE_MAP_IN "dev_in"        /* IN_SMAC: verdict for what a device sends */
#define FW_GATE_MAP_OUT "dev_out"      /* OUT_DMAC: for what is sent to it */
#define FW_GATE_MAP_GROUP "all_out"    /* OUT: for what is sent to all at a port */
#define FW_GATE_SET_GATEWAY "gateway"  /* OUT_SMAC: the gateway's own addresses at each port */
#define FW_GATE_SET_KNOWN "known"      /* SMAC: registered devices */
#define FW_GATE_SET_SEEN "seen"        /* IN_SMAC: reported a moment ago */
#define FW_GATE_SET_METER "eapol_rate" /* IN_SMAC: EAPOL of registered devices */
enum fw_gate_counter { FW_GATE_C_DROPPED, FW_GATE_C_OUT, FW_GATE_C_EAPOL, FW_GATE_C_FLOOD };
void fw_gate_counter_name(char dst[FW_GATE_NAME_MAX], enum fw_gate_counter c, const char *port);

/* ---- elements ---- */
enum fw_gate_verdict { FW_GATE_V_ACCEPT, FW_GATE_V_DROP, FW_GATE_V_IN, FW_GATE_V_OUT };
#define FW_GATE_CHAIN_IN "q"      /* FW_GATE_V_IN: what a quarantined device may send */
#define FW_GATE_CHAIN_OUT "q_out" /* FW_GATE_V_OUT: what it may be sent */
enum fw_gate_verdict fw_gate_verdict_in(const struct fw_gate_port *p, enum fw_gate_state s);
enum fw_gate_verdict fw_gate_verdict_out(const struct fw_gate_port *p, enum fw_gate_state s);
/* What a port with these devices hears; false: nothing. *until: for how long. */
bool fw_gate_verdict_group(const struct fw_gate_port *p, const struct fw_gate_tally *t,
	enum fw_gate_verdict *ret, uint64_t *until);

#endif
