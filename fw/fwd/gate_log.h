/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of devices that nobody admitted, from the kernel's log (NFLOG group 104). Adapter. */
#ifndef FW_FWD_GATE_LOG_H
#define FW_FWD_GATE_LOG_H

#include "fw/gate/mac.h"
#include "lib/err.h"

#include <stddef.h>

#define FWD_GATE_FRAME_BYTES 128

struct fwd_gate_frame {
	int64_t ts_us; /* CLOCK_REALTIME */
	int index;     /* of the port's interface */
	uint8_t mac[FW_MAC_LEN];
	uint16_t vlan;  /* 0 none */
	uint16_t proto; /* behind the tag, if there is one */
	size_t len;
	uint8_t bytes[FWD_GATE_FRAME_BYTES]; /* from the destination on, without the tag */
};

struct fwd_gate_log;

int fwd_gate_log_open(struct fwd_gate_log **ret, struct sk_err *err);
void fwd_gate_log_close(struct fwd_gate_log *l);
int fwd_gate_log_fd(const struct fwd_gate_log *l);
/* All there is; fn is called for each. 0 or -errno. */
int fwd_gate_log_read(struct fwd_gate_log *l, int64_t now_us,
	void (*fn)(const struct fwd_gate_frame *f, void *arg), void *arg);
uint64_t fwd_gate_log_lost(const struct fwd_gate_log *l);

#endif
