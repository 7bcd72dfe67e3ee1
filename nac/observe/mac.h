/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two kinds of address an inside network knows: MAC and IP, as values that can be compared and
 * hashed as bytes. Pure.
 */
#ifndef NAC_OBSERVE_MAC_H
#define NAC_OBSERVE_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAC_MAC_TEXT 18 /* "aa:bb:cc:dd:ee:ff" with its end */
#define NAC_IP_TEXT 46

struct nac_mac {
	uint8_t b[6];
};

/* An IPv4 address is in the first four bytes, the rest is zero. family 0: none. No padding. */
struct nac_ip {
	uint8_t family; /* 0, 4, 6 */
	uint8_t a[16];
};

/* "aa:bb:cc:dd:ee:ff", "AA-BB-…", "aabb.ccdd.eeff" or twelve digits. -EINVAL. */
int nac_mac_parse(const char *s, struct nac_mac *ret);
/* Lower case with colons into dst (NAC_MAC_TEXT bytes). Returns dst. */
char *nac_mac_format(const struct nac_mac *m, char *dst);
bool nac_mac_equal(const struct nac_mac *a, const struct nac_mac *b);
bool nac_mac_is_zero(const struct nac_mac *m);
bool nac_mac_is_group(const struct nac_mac *m); /* multicast or broadcast */
/*
 * Locally administered (IEEE 802, second lowest bit of the first byte): phones and notebooks that
 * use a random address for each network, and virtual machines.
 */
bool nac_mac_is_randomised(const struct nac_mac *m);
/* An address several routers share: VRRP, CARP, HSRP, GLBP. */
bool nac_mac_is_virtual_router(const struct nac_mac *m);

int nac_ip_parse(const char *s, struct nac_ip *ret); /* -EINVAL */
/* Into dst (NAC_IP_TEXT bytes), "" for none. Returns dst. */
char *nac_ip_format(const struct nac_ip *ip, char *dst);
void nac_ip_set(struct nac_ip *ip, uint8_t family, const void *bytes);
bool nac_ip_equal(const struct nac_ip *a, const struct nac_ip *b);
/* An address one host can have: not none, any, multicast, broadcast or loopback. */
bool nac_ip_is_host(const struct nac_ip *ip);
bool nac_ip_is_link_local(const struct nac_ip *ip); /* fe80::/10, 169.254.0.0/16 */
bool nac_ip_in(const struct nac_ip *ip, const struct nac_ip *net, unsigned bits);

#endif
