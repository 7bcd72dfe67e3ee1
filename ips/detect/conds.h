/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that answer a rule's conditions: of packets, of transactions. */
#ifndef IPS_DETECT_CONDS_H
#define IPS_DETECT_CONDS_H

#include "ips/detect/inspect.h"

/* Asked of a transaction, not of a packet. */
bool ips_cond_of_tx(const struct ips_opt *o);
/* An event of recognition, which belongs to the flow. */
bool ips_cond_flow_event(const struct ips_opt *o);
bool ips_flow_event(const struct ips_opt *o, const struct ips_flow *f);

#endif
