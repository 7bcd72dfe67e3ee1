/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's hardware address (IEEE 802, 48 bits), as bytes and as people write it. Pure. */
#ifndef NAC_MAC_H
#define NAC_MAC_H

#include <stdbool.h>
#include <stdint.h>

#define NAC_MAC_TEXT 18 /* "aa:bb:cc:dd:ee:ff" with its NUL */

struct nac_mac {
	uint8_t b[6];
};

/*
 * "aa:bb:cc:dd:ee:ff", "AA-BB-CC-DD-EE-FF", "aabb.ccdd.eeff", "aabbccddeeff"; nothing before or
 * behind. 0 or -EINVAL.
 */
int nac_mac_parse(const char *s, struct nac_mac *ret);
/* Lower case with colons into dst; returns dst. */
char *nac_mac_text(const struct nac_mac *m, char dst[NAC_MAC_TEXT]);
bool nac_mac_equal(const struct nac_mac *a, const struct nac_mac *b);
int nac_mac_compare(const struct nac_mac *a, const struct nac_mac *b);
/* Can be a device's own address: not a group address, not all zeros. */
bool nac_mac_usable(const struct nac_mac *m);
/*
 * Locally administered (bit 0x02 of the first byte): phones and laptops make such addresses up per
 * network and change them, so registering one registers nothing lasting.
 */
bool nac_mac_randomised(const struct nac_mac *m);

#endif
