/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations of the appliance's own certificate authority on nacd's socket. */
#ifndef NAC_NACD_CAOPS_H
#define NAC_NACD_CAOPS_H

#include "nac/nacd/ops.h"

const struct nacd_op *nacd_caop_find(const char *name); /* NULL: no such operation */
/* Once a day: CRL and server certificate before their end. */
void nacd_ca_maintain(struct nacd *d);

#endif
