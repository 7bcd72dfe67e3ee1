/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pieces rule options are made of; opt.h puts them together. Names and meaning: Suricata 7 user
 * guide, "Suricata Rules". Pointers belong to the rules they come from.
 */
#ifndef IPS_RULES_OPT_PARTS_H
#define IPS_RULES_OPT_PARTS_H

#include <stddef.h>

#include "ips/packet/packet.h"
#include "ips/proto/buffer.h"

struct ips_addr_set;

/* A number, or the value of the rule's variable `slot` at that time. */
struct ips_var {
	int64_t value;
	int16_t slot; /* -1: value stands */
};
#define IPS_VAR_SLOTS 8

enum ips_cmp { IPS_EQ, IPS_NE, IPS_LT, IPS_LE, IPS_GT, IPS_GE, IPS_RANGE, IPS_NOT_RANGE };
/* RANGE: lo < x < hi, as Suricata's min<>max (exclusive where it is so there). */
struct ips_num_cmp {
	enum ips_cmp op;
	uint64_t a, b;
};

struct ips_content {
	const uint8_t *data;
	uint16_t len;
	bool nocase, rawbytes, startswith, endswith;
	bool has_depth, has_offset, has_distance, has_within;
	struct ips_var depth, offset, distance, within;
	bool fast_pattern, fast_only;
	uint16_t fp_off, fp_len; /* fp_len 0: whole */
	bool relative;           /* distance or within given */
	/* Set by ips_state_bind: what follows is relative to this; place of the rarest byte. */
	bool relative_next;
	uint16_t rare;
};

struct ips_pcre {
	void *code; /* pcre2_code, owned by the rules; JIT-compiled by ips_state_bind */
	const char *pattern;
	bool relative, raw; /* R; B */
	bool relative_next; /* as in struct ips_content */
	uint8_t captures;   /* named for flowint/pkt variables; refused if used by others */
};

struct ips_byte { /* byte_test, byte_jump, byte_extract, byte_math, isdataat; bsize: ips_opt.num */
	struct ips_var nbytes; /* 0 with a base: as many digits as there are, up to 23 */
	struct ips_var offset;
	struct ips_var value; /* byte_test's and byte_math's right value, isdataat's position */
	uint8_t op;           /* enum ips_cmp, or the operator's character, by the option */
	uint8_t base;         /* string numbers: 8, 10, 16; 0: binary */
	int8_t endian;        /* 1 big, 0 little, -1: DCERPC's own */
	bool relative, rawbytes, align, from_beginning, from_end, dce;
	uint8_t align_to;
	int64_t post_offset;
	uint32_t multiplier;
	uint64_t bitmask;
	uint8_t mask_shift;
	int16_t slot; /* result */
};

/* IPS_NUM_MODBUS_ACCESS is a set of these; a condition EQ holds if one of its bits is there. */
enum ips_modbus_access {
	IPS_MODBUS_READ = 1 << 0,
	IPS_MODBUS_WRITE = 1 << 1,
	IPS_MODBUS_DISCRETES = 1 << 2,
	IPS_MODBUS_COILS = 1 << 3,
	IPS_MODBUS_INPUT = 1 << 4,
	IPS_MODBUS_HOLDING = 1 << 5,
};

struct ips_bits { /* flowbits, xbits, hostbits */
	enum { IPS_BIT_SET, IPS_BIT_UNSET, IPS_BIT_ISSET, IPS_BIT_ISNOTSET, IPS_BIT_TOGGLE } cmd;
	const char **names; /* several: any of (isset) or none of (isnotset) */
	uint32_t *ids;      /* same order; given by detection's name table */
	uint32_t n;
	enum {
		IPS_TRACK_SRC,
		IPS_TRACK_DST,
		IPS_TRACK_PAIR,
		IPS_TRACK_BOTH,
		IPS_TRACK_RULE,
		IPS_TRACK_FLOW
	} track;
	uint32_t expire_s;
};

enum ips_transform_kind {
	IPS_T_DOTPREFIX,
	IPS_T_STRIP_WHITESPACE,
	IPS_T_COMPRESS_WHITESPACE,
	IPS_T_TO_LOWERCASE,
	IPS_T_TO_UPPERCASE,
	IPS_T_TO_MD5,
	IPS_T_TO_SHA1,
	IPS_T_TO_SHA256,
	IPS_T_URL_DECODE,
	IPS_T_XOR,
	IPS_T_HEADER_LOWERCASE,
	IPS_T_STRIP_PSEUDO_HEADERS,
	IPS_T_PCREXFORM,
	IPS_T_DOMAIN, /* Suricata 8's */
	IPS_T_TLD,
};
struct ips_transform {
	enum ips_transform_kind kind;
	uint8_t key[128]; /* xor */
	uint32_t key_len;
	void *code; /* pcrexform's pcre2_code */
};

struct ips_flow_opt {
	bool to_server, to_client, established, not_established, stateless;
	bool only_stream, no_stream, only_frag, no_frag;
};

enum ips_threshold_type {
	IPS_TH_NONE,
	IPS_TH_LIMIT,
	IPS_TH_THRESHOLD,
	IPS_TH_BOTH,
	IPS_TH_DETECTION,
	IPS_TH_RATE,
	IPS_TH_SUPPRESS,
	IPS_TH_BACKOFF
};
struct ips_threshold {
	enum ips_threshold_type type;
	uint8_t track; /* IPS_TRACK_* */
	uint32_t count, seconds;
	uint32_t multiplier;       /* backoff */
	uint32_t timeout;          /* rate_filter */
	uint8_t new_action;        /* rate_filter: enum ips_action */
	struct ips_addr_set *addr; /* suppress: for whom; NULL: everybody */
};

#endif
