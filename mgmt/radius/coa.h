/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to switches: Disconnect and Change of Authorization (RFC 5176), and to the server:
 * Status-Server (RFC 5997). Every request carries a Message-Authenticator (RFC 3579, 3.2); of an
 * answer the Response Authenticator is verified always, and a Message-Authenticator if it has one.
 * Pure.
 */
#ifndef MG_RADIUS_COA_H
#define MG_RADIUS_COA_H

#include "mgmt/radius/record.h"

#define MG_COA_PACKET_MAX 4096
#define MG_COA_SECRET_MAX 128
#define MG_COA_PORT 3799

enum mg_coa_code {
	MG_COA_STATUS = 12, /* answered by Access-Accept (2) or Accounting-Response (5) */
	MG_COA_DISCONNECT = 40,
	MG_COA_DISCONNECT_ACK,
	MG_COA_DISCONNECT_NAK,
	MG_COA_CHANGE,
	MG_COA_CHANGE_ACK,
	MG_COA_CHANGE_NAK,
};

/* Error-Cause (RFC 5176, 3.5) that matters here. */
#define MG_COA_NO_SESSION 503

/* What identifies a session to its switch; empty ones are left out. */
struct mg_coa_session {
	char mac[MG_RADIUS_MAC];
	struct mg_radius_bytes caller; /* Calling-Station-Id in the switch's own spelling */
	struct mg_radius_bytes user, session, port_id, nas_id;
	char nas_ip[46]; /* what the switch says it is; else its address */
	int64_t port;    /* -1: none */
};

struct mg_coa_request {
	enum mg_coa_code code;
	uint8_t id;
	uint8_t nonce[16]; /* of Status-Server: random */
	int64_t time;      /* Event-Timestamp: seconds since 1970 */
	struct mg_coa_session session;
	/* Change alone: the new VLAN ("" none) and the seconds of the session (0: none). */
	char vlan[33];
	uint32_t seconds;
};

struct mg_coa_packet {
	size_t n;
	uint8_t b[MG_COA_PACKET_MAX];
};

struct mg_coa_reply {
	enum mg_coa_code code;
	uint32_t error_cause; /* 0: none given */
};

/* 0; -EINVAL without anything that names a session; -EMSGSIZE; -EIO: the library fails. */
int mg_coa_build(const struct mg_coa_request *q, const char *secret, struct mg_coa_packet *ret);
/*
 * Whether p is the answer to the request. 0, -EBADMSG: no packet; -ENOMSG: another one's (its id
 * or code does not fit); -EACCES: not signed with the secret.
 */
int mg_coa_verify(const uint8_t *p, size_t n, const struct mg_coa_packet *request,
	const char *secret, struct mg_coa_reply *ret);
/* "" for one that has no name in RFC 5176. */
const char *mg_coa_error_name(uint32_t error_cause);

#endif
