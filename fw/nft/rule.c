/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel rule before it is written: its fields, conditions and names; see rule.h. Pure. */
#include "fw/nft/rule.h"

#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "fw/nft/uapi.h"
#include "fw/registry/rule.h"

/* Offsets of RFC 791, 8200, 9293, 768, 792, 4443. */
static const struct fw_nft_field_info fields[FW_NFT_FIELDS] = {
	[FW_NFT_IIFNAME] = {"iifname", "meta", NFT_META_IIFNAME, 0, IFNAMSIZ, FW_NFT_FORM_NAME},
	[FW_NFT_OIFNAME] = {"oifname", "meta", NFT_META_OIFNAME, 0, IFNAMSIZ, FW_NFT_FORM_NAME},
	[FW_NFT_NFPROTO] = {"meta nfproto", "meta", NFT_META_NFPROTO, 0, 1, FW_NFT_FORM_NFPROTO},
	[FW_NFT_L4PROTO] = {"meta l4proto", "meta", NFT_META_L4PROTO, 0, 1, FW_NFT_FORM_L4PROTO},
	[FW_NFT_PKTTYPE] = {"meta pkttype", "meta", NFT_META_PKTTYPE, 0, 1, FW_NFT_FORM_PKTTYPE},
	[FW_NFT_SADDR4] = {"ip saddr", "payload", NFT_PAYLOAD_NETWORK_HEADER, 12, 4,
		FW_NFT_FORM_IP4},
	[FW_NFT_DADDR4] = {"ip daddr", "payload", NFT_PAYLOAD_NETWORK_HEADER, 16, 4,
		FW_NFT_FORM_IP4},
	[FW_NFT_SADDR6] = {"ip6 saddr", "payload", NFT_PAYLOAD_NETWORK_HEADER, 8, 16,
		FW_NFT_FORM_IP6},
	[FW_NFT_DADDR6] = {"ip6 daddr", "payload", NFT_PAYLOAD_NETWORK_HEADER, 24, 16,
		FW_NFT_FORM_IP6},
	[FW_NFT_HOPLIMIT] = {"ip6 hoplimit", "payload", NFT_PAYLOAD_NETWORK_HEADER, 7, 1,
		FW_NFT_FORM_NUMBER},
	[FW_NFT_SPORT] = {"th sport", "payload", NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2,
		FW_NFT_FORM_NUMBER},
	[FW_NFT_DPORT] = {"th dport", "payload", NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2,
		FW_NFT_FORM_NUMBER},
	[FW_NFT_ICMP_TYPE] = {"icmp type", "payload", NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1,
		FW_NFT_FORM_NUMBER},
	[FW_NFT_ICMP6_TYPE] = {"icmpv6 type", "payload", NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1,
		FW_NFT_FORM_NUMBER},
	[FW_NFT_TCP_FLAGS] = {"tcp flags", "payload", NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1,
		FW_NFT_FORM_NUMBER},
	[FW_NFT_CT_STATE] = {"ct state", "ct", NFT_CT_STATE, 0, 4, FW_NFT_FORM_STATE},
	[FW_NFT_CT_STATUS] = {"ct status", "ct", NFT_CT_STATUS, 0, 4, FW_NFT_FORM_STATUS},
	[FW_NFT_CT_MARK] = {"ct mark", "ct", NFT_CT_MARK, 0, 4, FW_NFT_FORM_HOST},
	[FW_NFT_META_MARK] = {"meta mark", "meta", NFT_META_MARK, 0, 4, FW_NFT_FORM_HOST},
	[FW_NFT_FIB_DADDR_TYPE] = {"fib daddr type", "fib", NFT_FIB_RESULT_ADDRTYPE,
		NFTA_FIB_F_DADDR, 4, FW_NFT_FORM_ADDRTYPE},
	[FW_NFT_FIB_SADDR_TYPE] = {"fib saddr type", "fib", NFT_FIB_RESULT_ADDRTYPE,
		NFTA_FIB_F_SADDR, 4, FW_NFT_FORM_ADDRTYPE},
	[FW_NFT_ETHER_TYPE] = {"ether type", "payload", NFT_PAYLOAD_LL_HEADER, 12, 2,
		FW_NFT_FORM_NUMBER},
	[FW_NFT_FIB_REVERSE] = {"fib saddr . iif oif", "fib", NFT_FIB_RESULT_OIF,
		NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF, 4, FW_NFT_FORM_HOST},
};

const struct fw_nft_field_info *fw_nft_field(enum fw_nft_field f)
{
	assert(f < FW_NFT_FIELDS);
	return &fields[f];
}

void fw_nft_rule_init(struct fw_nft_rule *r, const char *chain, uint32_t number, uint32_t revision)
{
	/* The conditions are written one by one: clearing all of them costs more than the rest. */
	memset(&r->n, 0, sizeof(*r) - offsetof(struct fw_nft_rule, n));
	r->chain = chain;
	r->number = number;
	r->revision = revision;
	r->reason = "";
}

struct fw_nft_match *fw_nft_rule_add(
	struct fw_nft_rule *r, enum fw_nft_field f, enum fw_nft_op op, const void *lo)
{
	assert(r->n < FW_NFT_MATCHES_MAX);
	struct fw_nft_match *m = &r->m[r->n++];
	memset(m, 0, sizeof(*m));
	m->field = f;
	m->op = op;
	if (lo)
		memcpy(m->lo, lo, fields[f].len);
	return m;
}

void fw_nft_rule_u8(struct fw_nft_rule *r, enum fw_nft_field f, uint8_t v)
{
	assert(fields[f].len == sizeof(v));
	fw_nft_rule_add(r, f, FW_NFT_EQ, &v);
}

void fw_nft_rule_u16(struct fw_nft_rule *r, enum fw_nft_field f, uint16_t v)
{
	assert(fields[f].len == sizeof(v));
	v = htons(v);
	fw_nft_rule_add(r, f, FW_NFT_EQ, &v);
}

void fw_nft_rule_u32(struct fw_nft_rule *r, enum fw_nft_field f, enum fw_nft_op op, uint32_t v)
{
	assert(fields[f].len == sizeof(v));
	fw_nft_rule_add(r, f, op, &v);
}

void fw_nft_rule_range(struct fw_nft_rule *r, enum fw_nft_field f, const void *lo, const void *hi)
{
	struct fw_nft_match *m = fw_nft_rule_add(r, f, FW_NFT_RANGE, lo);
	memcpy(m->hi, hi, fields[f].len);
}

void fw_nft_rule_in(struct fw_nft_rule *r, enum fw_nft_field f, const struct fw_nft_set *set)
{
	fw_nft_rule_add(r, f, FW_NFT_IN, NULL)->set = set;
}

/* ---- names ---- */

void fw_nft_counter_name(char dst[FW_NFT_NAME_MAX], uint32_t number)
{
	snprintf(dst, FW_NFT_NAME_MAX, "%c%u", number < FW_NUMBER_FIRST ? 'b' : 'r', number);
}

/* A decimal number up to a space or the end. */
static bool number_of(const char *s, size_t len, uint32_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
		v = v * 10 + (uint64_t)(s[i] - '0');
		if (v > FW_NUMBER_MAX)
			return false;
	}
	if (i == 0 || v == 0 || (i < len && s[i] != ' ' && s[i] != '\0'))
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool fw_nft_counter_number(const char *name, uint32_t *ret)
{
	char want[FW_NFT_NAME_MAX];
	uint32_t n;

	if ((name[0] != 'r' && name[0] != 'b') || !number_of(name + 1, strlen(name + 1), &n))
		return false;
	fw_nft_counter_name(want, n);
	if (strcmp(want, name) != 0)
		return false;
	*ret = n;
	return true;
}

void fw_nft_comment(char dst[FW_NFT_NAME_MAX], uint32_t number, uint32_t revision)
{
	if (number < FW_NUMBER_FIRST)
		snprintf(dst, FW_NFT_NAME_MAX, "b%u", number);
	else
		snprintf(dst, FW_NFT_NAME_MAX, "%u r%u", number, revision);
}

bool fw_nft_comment_number(const char *comment, size_t len, uint32_t *ret)
{
	if (len && comment[0] == 'b')
		return number_of(comment + 1, len - 1, ret);
	return number_of(comment, len, ret);
}
