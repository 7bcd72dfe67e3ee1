/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fixed tables behind svc.h: protocols, well-known services, ICMP message types. Only for this
 * folder.
 */
#ifndef FW_SVC_NAMES_H
#define FW_SVC_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fw_svc_carrier { FW_OVER_TCP = 1, FW_OVER_UDP = 2, FW_OVER_SCTP = 4, FW_OVER_BOTH = 3 };

/* Several entries may have one name (netbios: udp/137-138 and tcp/139). */
struct fw_svc_known {
	const char *name;
	uint16_t lo, hi;
	uint8_t over;   /* enum fw_svc_carrier */
	bool cleartext; /* passwords or commands readable or forgeable on the way, or a favourite of
			   worms */
};

struct fw_icmp_type {
	const char *name;
	uint8_t type;
};

/* The i-th entry, NULL past the last. */
const struct fw_svc_known *fw_svc_known(size_t i);
bool fw_svc_known_over(const struct fw_svc_known *k, uint8_t proto);
/* Is name taken by a service or an ICMP type of ours? */
bool fw_svc_builtin(const char *name);

/* ICMP (v6: ICMPv6) type by lower-case name; -ENOENT. Name of a type or NULL. */
int fw_icmp_type_parse(bool v6, const char *name, uint8_t *ret);
const char *fw_icmp_type_name(bool v6, uint8_t type);

#endif
