/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers and helpers that more than one of the keyword tables use.
 */
#ifndef IPS_RULES_KW_H
#define IPS_RULES_KW_H

#include "ips/rules/build.h"

#define IPS_PB(id) (1ULL << IPS_P_##id)
#define IPS_HTTP_ANY (IPS_PB(HTTP1) | IPS_PB(HTTP2))
#define IPS_KIND(k) (1ULL << IPS_O_##k)

/* A sticky buffer: kw->arg is its enum ips_buf. */
int ips_kw_sticky(struct ips_build *b, struct ips_text v);
/* What Suricata has and this engine has not, with the reason. */
int ips_kw_refuse(struct ips_build *b, struct ips_text v);

/* A single number with <, >, <=, >=, !, !=, = or a range lo-hi, lo<>hi (both exclusive). */
int ips_kw_cmp(struct ips_build *b, struct ips_text v, uint64_t max, struct ips_num_cmp *ret);
/* A value with its unit: B, KB, KiB, MB, MiB, GB, GiB. */
bool ips_kw_size(struct ips_text t, uint64_t max, uint64_t *ret);

/* "a |62 63| d" to bytes in the rules' memory; at most 65535. */
int ips_kw_bytes(struct ips_build *b, struct ips_text v, uint8_t **ret, uint16_t *ret_n);

/* A transaction's number as condition; *ret_cmp is the place for its comparison. */
int ips_kw_number(struct ips_build *b, enum ips_num num, uint64_t protos, struct ips_opt **ret);

#endif
