/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By what protocols switches, access points and telephones name themselves: LLDP (IEEE 802.1AB) and
 * CDP. Who says it is infrastructure is not cut off, and is shown with that reason. See sight.h.
 */
#include "nac/observe/sight.h"

enum { TLVS_MAX = 128 };
enum { LLDP_NAME = 5, LLDP_DESCRIPTION = 6, LLDP_CAPS = 7 };
enum { CDP_DEVICE = 1, CDP_CAPS = 4, CDP_PLATFORM = 6 };

static void text(char dst[NAC_SIGHT_TEXT], struct sk_cursor *v)
{
	size_t n = sk_cur_left(v);

	nac_text(dst, NAC_SIGHT_TEXT, sk_cur_take(v, n), n);
}

bool nac_parse_lldp(struct sk_cursor *c, struct nac_link *ret)
{
	for (int i = 0; i < TLVS_MAX; i++) {
		uint16_t head = sk_cur_be16(c), enabled;
		struct sk_cursor v = sk_cur_sub(c, head & 0x1ff);

		if (!sk_cur_ok(c))
			return false;
		switch (head >> 9) {
		case 0: return true;
		case LLDP_NAME: text(ret->name, &v); break;
		case LLDP_DESCRIPTION: text(ret->model, &v); break;
		case LLDP_CAPS:
			sk_cur_skip(&v, 2);
			enabled = sk_cur_be16(&v);
			ret->caps |= (enabled & 0x0006 ? NAC_LINK_BRIDGE : 0) |
				(enabled & 0x0008 ? NAC_LINK_AP : 0) |
				(enabled & 0x0010 ? NAC_LINK_ROUTER : 0) |
				(enabled & 0x0020 ? NAC_LINK_PHONE : 0);
			break;
		default: break;
		}
	}
	return false;
}

bool nac_parse_cdp(struct sk_cursor *c, struct nac_link *ret)
{
	sk_cur_skip(c, 4); /* version, time to live, checksum */
	for (int i = 0; i < TLVS_MAX && sk_cur_left(c) > 0; i++) {
		uint16_t type = sk_cur_be16(c), len = sk_cur_be16(c);
		struct sk_cursor v;
		uint32_t caps;

		if (!sk_cur_ok(c) || len < 4)
			return false;
		v = sk_cur_sub(c, len - 4u);
		if (!sk_cur_ok(c))
			return false;
		if (type == CDP_DEVICE) {
			text(ret->name, &v);
		} else if (type == CDP_PLATFORM) {
			text(ret->model, &v);
		} else if (type == CDP_CAPS) {
			caps = sk_cur_be32(&v);
			ret->caps |= (caps & 0x01 ? NAC_LINK_ROUTER : 0) |
				(caps & 0x4e ? NAC_LINK_BRIDGE : 0) |
				(caps & 0x80 ? NAC_LINK_PHONE : 0);
		}
	}
	return sk_cur_ok(c);
}
