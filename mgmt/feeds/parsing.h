/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parsers of the formats share: the state of one run, pieces of text, and the only way in
 * which an entry or an error is noted. For mgmt/feeds/parse*.c alone.
 */
#ifndef MG_FEEDS_PARSING_H
#define MG_FEEDS_PARSING_H

#include "mgmt/feeds/parse.h"

/* Borrowed bytes. */
struct mg_part {
	const char *s;
	size_t n;
};

struct mg_parsing {
	const struct mg_feed_def *d;
	int64_t now;
	struct mg_list_builder *b;
	struct mg_parse_tally *t;
	struct sk_err *err;
	uint64_t line;
	uint64_t lines_before, entries_before; /* of the tally, when this file began */
	int code;                              /* < 0: nothing goes on */
	void *state;                           /* the format's own, between lines */
};

struct mg_part mg_part_of(const char *s);
struct mg_part mg_part_trim(struct mg_part p); /* blanks and a CR at both ends */
bool mg_part_is(struct mg_part p, const char *s);
bool mg_part_starts(struct mg_part p, const char *s);
/* Up to any byte of set, which is left in *rest with all behind it. */
struct mg_part mg_part_until(struct mg_part p, const char *set, struct mg_part *rest);
bool mg_part_number(struct mg_part p, uint64_t max, uint64_t *ret);

/* The value as kind, or an error of this line. */
void mg_parse_put(
	struct mg_parsing *p, enum sk_bl_kind kind, struct mg_part value, struct mg_part note);
/* An address, prefix or range of either family; an IPv4 address mapped into IPv6 is the former. */
void mg_parse_put_address(struct mg_parsing *p, struct mg_part value, struct mg_part note);
/* "address:port" or "[address]:port": the address. */
void mg_parse_put_endpoint(struct mg_parsing *p, struct mg_part value, struct mg_part note);
/* A name, or an address where a list of names has one. */
void mg_parse_put_host(
	struct mg_parsing *p, enum sk_bl_kind kind, struct mg_part value, struct mg_part note);
void mg_parse_error(struct mg_parsing *p, const struct sk_text *why, struct mg_part sample);
/* Nothing of it can be used. */
void mg_parse_refuse(struct mg_parsing *p, const struct sk_text *why);

extern const struct sk_text mg_parse_no_value, mg_parse_no_address, mg_parse_few_fields,
	mg_parse_cut_short;

/* Lines: each is called for one that is not empty, trimmed. */
typedef void mg_parse_line(struct mg_parsing *p, struct mg_part line);
mg_parse_line mg_parse_addresses, mg_parse_drop, mg_parse_hosts, mg_parse_domains, mg_parse_urls,
	mg_parse_iprep, mg_parse_dataset, mg_parse_drop_json, mg_parse_csv;

/* Whole documents. */
typedef void mg_parse_document(struct mg_parsing *p, struct mg_part all);
mg_parse_document mg_parse_feodo_json, mg_parse_threatfox_json, mg_parse_stix, mg_parse_misp,
	mg_parse_rpz;
/* At the end of the lines: was that all? */
void mg_parse_drop_json_end(struct mg_parsing *p);

/* By what abuse.ch calls it ("ip:port", "domain", "url", "sha256_hash"…). */
void mg_parse_threatfox_ioc(
	struct mg_parsing *p, struct mg_part type, struct mg_part value, struct mg_part note);

#endif
