/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of the gate ("nac.…" in docs/ipc.md). Within fw/fwd only. */
#ifndef FW_FWD_GATE_OPS_H
#define FW_FWD_GATE_OPS_H

#include "fw/fwd/ops.h"

const struct fwd_op *fwd_gate_op_find(const char *name);
/* After END was sent. */
void fwd_gate_op_after(struct fwd *d, const struct fwd_op *op, struct sk_ipc_client *c);

#endif
