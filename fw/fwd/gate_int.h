/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate's object, shared by gate.c (what is enforced) and gate_see.c (what is told). */
#ifndef FW_FWD_GATE_INT_H
#define FW_FWD_GATE_INT_H

#include "fw/fwd/bridge.h"
#include "fw/fwd/fwd.h"
#include "fw/fwd/gate.h"
#include "fw/fwd/gate_log.h"
#include "fw/nft/gate.h"

#define FWD_GATE_SUBSCRIBERS 4

/* A port as it is now; in the order of conf.ports. */
struct fwd_gate_port {
	int index, master;    /* 0: there is no such interface; it is in no bridge */
	bool locked, no_lock; /* no_lock: this kernel cannot */
	/* what the kernel has for frames to all */
	bool group;
	enum fw_gate_verdict verdict;
	uint64_t until;
};

struct fwd_gate {
	struct fwd *d;
	bool started; /* there were ports once: the tables exist */
	bool dirty;   /* the kernel is not as it should be; retried */
	struct fw_nft_gate *nft;
	struct fwd_bridge *bridge;
	sd_event_source *bridge_io, *log_io, *expiry;

	struct fw_gate_conf conf;
	struct fwd_gate_port ports[FW_GATE_PORTS_MAX];
	struct fw_gate_rows *rows;
	struct fw_gate_key own[4 * FW_GATE_PORTS_MAX]; /* the gateway's addresses, sorted */
	size_t n_own;
	uint8_t (*known)[FW_MAC_LEN]; /* sorted */
	size_t n_known;

	struct fwd_gate_log *log;
	bool log_failed; /* said so already */
	json_t *frames;  /* of the read that is going on */
	uint64_t lost;   /* not sent to a subscriber that was too slow */
	struct sk_ipc_client *subscribers[FWD_GATE_SUBSCRIBERS];
};

uint64_t fwd_gate_now(void); /* ms, the clock of the rows */
/* Bind the log if that is not done yet. */
void fwd_gate_listen(struct fwd_gate *g);

#endif
