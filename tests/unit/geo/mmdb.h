/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a tiny database in MaxMind's format (github.com/maxmind/MaxMind-DB, specification 2.0): a
 * tree of 24-bit records over IPv4, one entry a network. For tests only.
 */
#ifndef TEST_GEO_MMDB_H
#define TEST_GEO_MMDB_H

#include <stddef.h>
#include <stdint.h>

struct mmdb_net {
	uint32_t addr; /* host order */
	unsigned bits;
	const char *country, *ja, *operator; /* country: ISO code, or NULL: an AS */
	uint32_t asn;
};

/* 0 or -1. At most 16 networks, none within another. */
int mmdb_write(const char *path, const char *type, const struct mmdb_net *nets, size_t n);

#endif
