/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of this folder. */
#ifndef MG_GATEWAY_PRIVATE_H
#define MG_GATEWAY_PRIVATE_H

#include "mgmt/gateway/gateway.h"

/* Text of the document into dst: no control characters, at most cap - 1 bytes. */
int mg_gw_text(
	const json_t *v, const char *key, bool required, char *dst, size_t cap, struct sk_err *err);
/* One address; absent: untouched. */
int mg_gw_address(const json_t *v, const char *key, int family, bool prefix, struct mg_gw_ip *ret,
	struct sk_err *err);
bool mg_gw_mac(const char *s, char dst[static 18]); /* any case, ':' or '-' */
bool mg_gw_host(const char *s);                     /* a name or an address */
bool mg_gw_label(const char *s);                    /* one part of a name */

/* network.c: one element of "networks". */
int mg_gw_read_network(const json_t *v, struct mg_gateway *g, struct sk_err *err);
/* check.c: what belongs together. */
int mg_gw_check_ports(const struct mg_gateway *g, struct sk_err *err);
int mg_gw_check(const struct mg_gateway *g, struct sk_err *err);

#endif
