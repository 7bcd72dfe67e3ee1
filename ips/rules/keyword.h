/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keywords of the rule language: a name, how its value is written, and who reads it. Sticky
 * buffers come from the table in ips/proto/buffer_list.def.
 */
#ifndef IPS_RULES_KEYWORD_H
#define IPS_RULES_KEYWORD_H

#include "ips/rules/text.h"

struct ips_build;

enum ips_kw_flag {
	IPS_KW_NONE = 1 << 0,     /* takes no value */
	IPS_KW_OPTIONAL = 1 << 1, /* may have one */
	IPS_KW_QUOTES = 1 << 2,   /* the value may stand in double quotes */
	IPS_KW_QUOTED = 1 << 3,   /* it must */
	IPS_KW_NEGATE = 1 << 4,   /* '!' before the value is taken off and kept in build.negated */
};

struct ips_kw {
	const char *name;
	/* value is trimmed and without its quotes. 0, -EINVAL (see ips_refuse), -ENOMEM. */
	int (*read)(struct ips_build *b, struct ips_text value);
	uint16_t flags;
	int16_t arg; /* for read(): which buffer, number, option… */
};

/* Tables, each ended by a row without a name; in the file that reads them. */
extern const struct ips_kw ips_kw_meta[], ips_kw_content[], ips_kw_pcre[], ips_kw_byte[],
	ips_kw_packet[], ips_kw_flow[], ips_kw_bits[], ips_kw_buffer[], ips_kw_app[], ips_kw_data[],
	ips_kw_limit[], ips_kw_file[], ips_kw_refused[];

struct ips_keywords {
	const struct ips_kw **slot; /* hash table by lower-case name */
	size_t cap, n;
	struct ips_kw *made; /* rows of the sticky buffers */
};

int ips_keywords_init(struct ips_keywords *k);
void ips_keywords_done(struct ips_keywords *k);
const struct ips_kw *ips_keywords_find(const struct ips_keywords *k, struct ips_text name);

#endif
