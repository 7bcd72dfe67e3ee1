/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's nf_tables constants, with those added that are younger than the oldest headers we
 * build against (Linux 6.1). Numbers are uapi and never change. Data types are nft(8)'s own
 * (datatype.h).
 */
#ifndef FW_NFT_UAPI_H
#define FW_NFT_UAPI_H

#include <stdint.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_tables.h>

#define FW_NFT_TABLE_F_OWNER 0x2u
#define FW_NFT_TABLE_F_PERSIST 0x4u /* Linux 6.9 */
#define FW_NFTA_SET_COUNT 20        /* Linux 6.16 */
#define FW_NFT_SET_CONCAT 0x80u

/* Data types as nft(8) numbers them: shown by `nft list`, meaningless to the kernel. */
#define FW_NFT_TYPE_IPADDR 7u
#define FW_NFT_TYPE_IP6ADDR 8u
#define FW_NFT_TYPE_INET_SERVICE 13u
#define FW_NFT_TYPE_ICMP_TYPE 14u
#define FW_NFT_TYPE_ICMP6_TYPE 29u
#define FW_NFT_TYPE_IFNAME 41u
#define FW_NFT_TYPE_VERDICT 0xffffff00u
#define FW_NFT_TYPE_BITS 6 /* one field of a concatenation */

/* Bits of `ct state` (linux/netfilter/nf_conntrack_common.h). */
#define FW_CT_INVALID 1u
#define FW_CT_ESTABLISHED 2u
#define FW_CT_RELATED 4u
#define FW_CT_STATUS_DNAT (1u << 5)

#endif
