/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which names clients ask for or connect to, by DNS, HTTP, TLS and QUIC: counted in a bounded table
 * of each worker and told as "contact" events, a new one soon, a known one once an hour. Pure.
 */
#ifndef IPS_ENGINE_CONTACTS_H
#define IPS_ENGINE_CONTACTS_H

#include "ips/output/eve.h"
#include "ips/packet/packet.h"

#define IPS_CONTACTS_CAP 8192 /* some 3 MiB */
#define IPS_CONTACTS_NAME 253 /* RFC 1035: bytes of a name as text */
#define IPS_CONTACTS_TELL_US 10000000ull
#define IPS_CONTACTS_AGAIN_US 3600000000ull

struct ips_contacts;

struct ips_contacts *ips_contacts_new(size_t cap, const uint8_t seed[16]); /* NULL: no memory */
void ips_contacts_free(struct ips_contacts *c);

/* Who asked, and which way: interfaces of the client's direction, 0 unknown. */
struct ips_contact_client {
	uint8_t family; /* 4, 6 */
	struct ips_addr addr;
	uint32_t in_dev, out_dev;
};
/*
 * A name as it was sent, in any case, with or without a dot at its end. What is no name of two
 * labels or more (an address, a port behind it, strange bytes) is passed over; beyond the cap it is
 * counted as left out.
 */
void ips_contacts_see(struct ips_contacts *c, struct ips_view name,
	const struct ips_contact_client *client, uint64_t now_us);
/*
 * Every IPS_CONTACTS_TELL_US: tell what is due, a bounded number at once; fn gets whole
 * events. Names that were told and not
 * seen for an hour leave the table; when it is nearly full, all that have nothing to tell.
 */
void ips_contacts_tell(struct ips_contacts *c, const struct ips_eve_config *cfg, uint64_t now_us,
	void (*fn)(const char *text, size_t len, void *arg), void *arg);

size_t ips_contacts_count(const struct ips_contacts *c);
uint64_t ips_contacts_left_out(const struct ips_contacts *c);

#endif
