/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names shared by rules, parsers and detection: application protocols, sticky buffers and
 * numbers. buffer_list.def holds the rows; adding one there makes the keyword exist.
 */
#ifndef IPS_PROTO_BUFFER_H
#define IPS_PROTO_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

enum ips_proto_id {
	IPS_P_UNKNOWN,
	IPS_P_FAILED, /* recognition ended without a result */
#define IPS_PROTO(id, name, flags) IPS_P_##id,
#include "ips/proto/buffer_list.def"
#undef IPS_PROTO
	IPS_P_COUNT
};

enum ips_proto_flag {
	IPS_PROTO_TCP = 1,
	IPS_PROTO_UDP = 2,
	IPS_PROTO_PARSED = 4, /* transactions and buffers; else only recognised by name */
};

enum ips_buf {
	IPS_BUF_PAYLOAD, /* packet payload or stream */
#define IPS_BUFFER(id, name, protos, dirs, flags) IPS_BUF_##id,
#include "ips/proto/buffer_list.def"
#undef IPS_BUFFER
	IPS_BUF_COUNT
};

enum ips_buf_flag {
	IPS_BUF_TOSERVER = 1, /* directions the buffer exists in */
	IPS_BUF_TOCLIENT = 2,
	IPS_BUF_BOTH = 3,
	IPS_BUF_MULTI = 4,   /* several instances */
	IPS_BUF_BODY = 8,    /* grows; inspected as it comes */
	IPS_BUF_PACKET = 16, /* of the packet, not of a transaction (icmpv6.hdr, tcp.hdr…) */
};

/* Numbers of a transaction that rules compare (ips_proto.number). */
enum ips_num {
#define IPS_NUMBER(id, name, protos) IPS_NUM_##id,
#include "ips/proto/buffer_list.def"
#undef IPS_NUMBER
	IPS_NUM_COUNT
};

struct ips_buf_info {
	const char *name; /* keyword, "http.uri" */
	uint32_t flags;
	uint64_t protos; /* bit set over enum ips_proto_id */
};
const struct ips_buf_info *ips_buf_info(enum ips_buf b);
int ips_buf_by_name(const char *name); /* enum ips_buf or -1; new-style names only */

struct ips_proto_info {
	const char *name; /* in rules and EVE's app_proto */
	uint32_t flags;
};
const struct ips_proto_info *ips_proto_info(enum ips_proto_id id);
int ips_proto_by_name(const char *name);
const char *ips_num_name(enum ips_num n);

#endif
