/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other programs are configured with, and the site's first zones, out of the set-up. Pure. */
#ifndef MG_GATEWAY_GENERATE_H
#define MG_GATEWAY_GENERATE_H

#include "lib/buf.h"
#include "mgmt/gateway/ports.h"

#define MG_GW_PPP "ppp-wan" /* the line over PPPoE */

/* One file under /run: "systemd/network/50-sekisho-wan.network". 0 or -errno to stop. */
struct mg_gw_files {
	int (*put)(const char *path, unsigned mode, const struct sk_buf *text, void *arg);
	void *arg;
};

/*
 * All files for g, whose ports have names (mg_gateway_resolve): systemd-networkd's, dnsmasq's,
 * chrony's, and pppd's where the line is PPPoE.
 */
int mg_gateway_generate(
	const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err);
int mg_gateway_networkd(
	const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err);
int mg_gateway_services(
	const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err);

/* Name servers of the line: those written in the set-up, then found (blank-separated texts, may be
 * NULL) as resolv.conf(5). Only addresses get in. */
void mg_gateway_resolv(
	const struct mg_gateway *g, const char *const *found, size_t n, struct sk_buf *b);

/* The interface that the line's addresses are on. */
const char *mg_gateway_line(const struct mg_gateway *g, char dst[static IFNAMSIZ]);

/* The site document for site.import (new reference): zones, settings, objects, ports in learn. */
json_t *mg_gateway_site(const struct mg_gateway *g);

#endif
