/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS on the wire (RFC 1035, 3596, 6891, 9460): what the parser, its log and its tests share. */
#ifndef IPS_PROTO_DNS_H
#define IPS_PROTO_DNS_H

#include "ips/proto/recognise.h"
#include "lib/cursor.h"

#define DNS_NAME_MAX 1025   /* text form, with dots */
#define DNS_RECORDS_MAX 512 /* records looked at in one message */

enum dns_event {
	DNS_EV_MALFORMED_DATA,
	DNS_EV_NOT_REQUEST,
	DNS_EV_NOT_RESPONSE,
	DNS_EV_Z_FLAG_SET,
	DNS_EV_INVALID_OPCODE,
	DNS_EV_NAME_TOO_LONG,
	DNS_EV_INFINITE_LOOP,
	DNS_EV_TOO_MANY_LABELS,
};

struct dns_header {
	uint16_t id, flags, qdcount, ancount, nscount, arcount;
};

/* A message; views stay in msg. */
struct dns_msg {
	struct ips_view raw;
	struct dns_header h;
	uint32_t questions_at, answers_at; /* offsets in raw */
};

struct dns_question {
	uint16_t type, class;
};

struct dns_record {
	uint16_t type, class;
	uint32_t ttl;
	struct ips_view rdata;
	uint32_t rdata_at; /* offset in the message, for names inside */
};

/* Header and position of questions and answers. False: not a whole message. */
bool dns_msg_parse(struct dns_msg *m, const uint8_t *p, uint32_t len);
/*
 * The name at *at as text without the trailing dot; *at moves behind it. *ret_event is set to a
 * dns_event + 1 when the name is odd but readable. False: broken.
 */
bool dns_name(struct ips_view msg, uint32_t *at, char dst[DNS_NAME_MAX + 1], uint32_t *ret_len,
	int *ret_event);
bool dns_question_next(const struct dns_msg *m, uint32_t *at, char dst[DNS_NAME_MAX + 1],
	uint32_t *ret_len, struct dns_question *q, int *ret_event);
bool dns_record_next(const struct dns_msg *m, uint32_t *at, char dst[DNS_NAME_MAX + 1],
	uint32_t *ret_len, struct dns_record *r, int *ret_event);

const char *dns_type_name(uint16_t type, char num[12]);
const char *dns_rcode_name(uint16_t rcode, char num[12]);

struct dns_span {
	uint32_t at, len;
};

struct dns_tx {
	struct ips_tx tx;
	struct dns_msg msg; /* over its own copy */
	uint8_t *copy;
	uint32_t copy_len;
	enum ips_dir dir;
	uint8_t *names; /* decoded names: questions first, answers when asked for */
	uint32_t names_len, names_cap;
	struct dns_span *spans;
	uint16_t *types;
	uint32_t questions, answers, spans_cap;
	bool answers_known;
};

void dns_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j);

#endif
