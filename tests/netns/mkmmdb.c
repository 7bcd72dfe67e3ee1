// SPDX-License-Identifier: GPL-2.0-or-later
/* mkmmdb DIR: two small databases in MaxMind's format, about the test network's internet. */
#include "tests/unit/geo/mmdb.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	static const struct mmdb_net country = {0xcb007100, 24, "NL", "オランダ", "Netherlands", 0};
	static const struct mmdb_net network = {
		0xcb007100, 24, NULL, NULL, "Example Hosting", 64496};
	char path[512];

	if (argc != 2)
		return 2;
	snprintf(path, sizeof(path), "%s/country.mmdb", argv[1]);
	if (mmdb_write(path, "GeoLite2-Country", &country, 1) < 0)
		return 1;
	snprintf(path, sizeof(path), "%s/asn.mmdb", argv[1]);
	return mmdb_write(path, "GeoLite2-ASN", &network, 1) < 0;
}
