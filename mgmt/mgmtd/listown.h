/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What no blocklist may have because this site could not work without it. */
#ifndef MG_LISTOWN_H
#define MG_LISTOWN_H

#include "mgmt/feeds/check.h"
#include "mgmt/store/store.h"

#define MG_LISTS_OWN_MAX 512

/*
 * The site's networks (ips.home_net), the gateway's addresses, its name servers and its default
 * routers: how many. What cannot be found out is left out. For the forked child of listwork.c.
 */
size_t mg_lists_own(struct mg_store *s, struct mg_check_net nets[MG_LISTS_OWN_MAX]);

#endif
