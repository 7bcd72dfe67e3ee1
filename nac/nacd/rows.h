/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nacd knows, as JSON: the devices seen, one device explained, the daemon's own state. */
#ifndef NAC_NACD_ROWS_H
#define NAC_NACD_ROWS_H

#include "nac/nacd/parts.h"

/* DATA messages to the client. */
int nacd_rows_seen(struct nacd *d, struct sk_ipc_client *c, uint32_t id, struct sk_err *err);
/* New references; NULL without memory. */
json_t *nacd_explain(struct nacd *d, const struct nac_mac *mac);
json_t *nacd_status(struct nacd *d);

#endif
