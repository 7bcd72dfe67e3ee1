/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of a packet and of its connection that a rule can ask for: how the kernel loads them
 * and how nft(8) calls them. Pure. */
#ifndef FW_NFT_FIELD_H
#define FW_NFT_FIELD_H

#include <stdint.h>

enum fw_nft_field {
	FW_NFT_IIFNAME,
	FW_NFT_OIFNAME,
	FW_NFT_NFPROTO,
	FW_NFT_L4PROTO,
	FW_NFT_PKTTYPE,
	FW_NFT_SADDR4,
	FW_NFT_DADDR4,
	FW_NFT_SADDR6,
	FW_NFT_DADDR6,
	FW_NFT_HOPLIMIT, /* IPv6 */
	FW_NFT_SPORT,
	FW_NFT_DPORT,
	FW_NFT_ICMP_TYPE,
	FW_NFT_ICMP6_TYPE,
	FW_NFT_TCP_FLAGS,
	FW_NFT_CT_STATE,
	FW_NFT_CT_STATUS,
	FW_NFT_CT_MARK,
	FW_NFT_META_MARK,
	FW_NFT_FIB_DADDR_TYPE,
	FW_NFT_FIB_SADDR_TYPE,
	FW_NFT_ETHER_TYPE,  /* in the bridge's table */
	FW_NFT_FIB_REVERSE, /* the interface that leads to the source; 0: not the arriving one */
	FW_NFT_FIELDS
};

/* How a field is stored and shown. */
enum fw_nft_form {
	FW_NFT_FORM_NAME,   /* interface name, NUL-padded */
	FW_NFT_FORM_NUMBER, /* network order */
	FW_NFT_FORM_HOST,   /* 32 bits in host order */
	FW_NFT_FORM_IP4,
	FW_NFT_FORM_IP6,
	FW_NFT_FORM_NFPROTO,
	FW_NFT_FORM_L4PROTO,
	FW_NFT_FORM_PKTTYPE,
	FW_NFT_FORM_ADDRTYPE,
	FW_NFT_FORM_STATE,
	FW_NFT_FORM_STATUS,
};

struct fw_nft_field_info {
	const char *text; /* nft(8) */
	const char *load; /* the expression that loads it: meta, payload, ct, fib */
	uint8_t key;      /* meta or ct key, payload base, fib result */
	uint8_t off;      /* payload offset, fib flags */
	uint8_t len;
	enum fw_nft_form form;
};

const struct fw_nft_field_info *fw_nft_field(enum fw_nft_field f);

#endif
