/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware addresses as text and back. Pure. */
#ifndef FW_GATE_MAC_H
#define FW_GATE_MAC_H

#include <stdbool.h>
#include <stdint.h>

#define FW_MAC_LEN 6
#define FW_MAC_TEXT 18

/* "aa:bb:cc:dd:ee:ff", any case, "-" as well. 0 or -EINVAL. */
int fw_mac_parse(const char *s, uint8_t ret[FW_MAC_LEN]);
char *fw_mac_text(const uint8_t mac[FW_MAC_LEN], char dst[FW_MAC_TEXT]); /* returns dst */
/* Of one device: neither a group's nor all zero (IEEE 802-2014 8.2). */
bool fw_mac_single(const uint8_t mac[FW_MAC_LEN]);

#endif
