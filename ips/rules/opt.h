/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule options in parsed form. Names and meaning: Suricata 7 user guide, "Suricata Rules". Numbers
 * that may be named variables (byte_extract, byte_math) are struct ips_var.
 */
#ifndef IPS_RULES_OPT_H
#define IPS_RULES_OPT_H

#include "ips/rules/opt_parts.h"

enum ips_opt_kind {
	/* in match lists */
	IPS_O_CONTENT,
	IPS_O_PCRE,
	IPS_O_ISDATAAT,
	IPS_O_BYTE_TEST,
	IPS_O_BYTE_JUMP,
	IPS_O_BYTE_EXTRACT,
	IPS_O_BYTE_MATH,
	IPS_O_BSIZE,
	IPS_O_DATASET,
	IPS_O_DATAREP,
	IPS_O_BASE64_DECODE, /* what follows `base64_data` is a list of its own, see sub */
	IPS_O_ASN1,
	IPS_O_URILEN_LIST, /* never made by the parser; reserved */
	/* conditions */
	IPS_O_DSIZE,
	IPS_O_TCP_FLAGS,
	IPS_O_TCP_SEQ,
	IPS_O_TCP_ACK,
	IPS_O_TCP_WINDOW,
	IPS_O_TCP_MSS,
	IPS_O_ITYPE,
	IPS_O_ICODE,
	IPS_O_ICMP_ID,
	IPS_O_ICMP_SEQ,
	IPS_O_ICMPV6_MTU,
	IPS_O_TTL,
	IPS_O_TOS,
	IPS_O_IP_ID,
	IPS_O_IP_PROTO,
	IPS_O_IPOPTS, /* num.a: enum ips_ipopt, 0: any */
	IPS_O_FRAGBITS,
	IPS_O_FRAGOFFSET,
	IPS_O_SAMEIP,
	IPS_O_GEOIP, /* parser refuses: no database */
	IPS_O_STREAM_SIZE,
	IPS_O_FLOW_AGE,
	IPS_O_FLOW_PKTS, /* as stream_size */
	IPS_O_FLOW_BYTES,
	IPS_O_FLOWBITS, /* isset, isnotset as condition; set, unset, toggle as action */
	IPS_O_XBITS,
	IPS_O_HOSTBITS,
	IPS_O_FLOWINT,
	IPS_O_IPREP,
	IPS_O_APP_PROTOCOL, /* app-layer-protocol */
	IPS_O_APP_EVENT,
	IPS_O_EVENT,  /* decode-event, stream-event */
	IPS_O_NUMBER, /* a transaction's number (enum ips_num) */
	IPS_O_FTPBOUNCE,
	IPS_O_DCE_IFACE,
	IPS_O_FILENAME, /* text.what 'n': the name contains, 'e': it ends in "." and str */
	IPS_O_L3_CSUM, /* ipv4-csum, tcpv4-csum…: num.a protocol, 0 IPv4 header; negated: invalid */
	/* actions */
	IPS_O_TAG,
	IPS_O_BYPASS,
	IPS_O_REPLACE, /* parser refuses */
};

struct ips_opt {
	enum ips_opt_kind kind;
	bool negated;
	union {
		struct ips_content content;
		struct ips_pcre pcre;
		struct ips_byte byte;
		struct ips_bits bits;
		struct ips_num_cmp num;
		struct {
			uint8_t want, mask; /* TCP flags, mask: bits that count; fragbits: RF 4,
					     * DF 2, MF 1 */
			enum { IPS_FL_EXACT, IPS_FL_ALL, IPS_FL_ANY, IPS_FL_NOT } mode;
		} flags;
		struct {
			enum ips_num id;
			struct ips_num_cmp cmp;
			bool now; /* compare with the packet's time in seconds, not cmp.a */
			const struct ips_num_cmp *more; /* or one of these */
			uint32_t more_n;
		} number;
		struct {
			enum ips_dir dir;
			bool either, both;
			struct ips_num_cmp cmp;
		} stream_size;
		struct {
			const char *name, *other; /* flowint names; other: a variable as operand */
			uint32_t id, other_id;
			uint8_t op; /* '=' '+' '-' '<' '>' 'l' <= 'g' >= 'e' == 'n' != 's' isset 'u'
				       notset */
			uint32_t value;
		} flowint;
		struct {
			enum ips_proto_id id;
			int event; /* app-layer-event; decode/stream: enum ips_event */
		} app;
		struct {
			const char *name, *load, *save;
			uint8_t op;   /* IPS_BIT_ISSET, ISNOTSET, SET, UNSET */
			uint8_t type; /* 's' string, 'm' md5, 'h' sha256, '4' ip v4, 'i' ip */
			struct ips_num_cmp cmp; /* datarep, iprep */
			uint8_t side;           /* iprep: 'a' any 's' src 'd' dst 'b' both */
			uint32_t memcap, hashsize;
		} set;
		struct {
			uint8_t uuid[16];
			bool any_frag;
			struct ips_num_cmp version;
		} iface;
		struct {
			uint32_t bytes; /* 0: all */
			struct ips_var offset;
			bool relative;
			struct ips_match_list *sub; /* base64_data's options; NULL: none */
		} base64;
		struct {
			bool bitstring, dbl, relative;
			uint32_t oversize;
			int64_t absolute_offset, relative_offset;
		} asn1;
		struct {
			const char *str;
			uint32_t len;
			uint8_t what;
		} text;
		struct {
			uint8_t scope;  /* 's' session, 'h' host */
			uint8_t side;   /* host: 's' source, 'd' destination */
			uint8_t metric; /* 'p' packets, 'b' bytes, 's' seconds */
			uint32_t count; /* 0: the default of 256 packets */
		} tag;
	};
};

#endif
