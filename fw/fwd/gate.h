/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's side in fwd: keeps the rows that sekisho-nacd asks for, leads kernel and bridges to
 * them, takes up ports as they appear, repairs what others change, and tells of frames of devices
 * that nobody admitted. It decides about no device. Not for use outside fw/fwd.
 */
#ifndef FW_FWD_GATE_H
#define FW_FWD_GATE_H

#include "fw/gate/rows.h"
#include "fw/nft/nft.h"
#include "fw/registry/addr.h"
#include "lib/ipc.h"

struct fwd;
struct fwd_gate;

/* Enforces what the file says, before nacd lives. Trouble is told and retried, not returned. */
int fwd_gate_start(struct fwd *d, struct sk_err *err);
void fwd_gate_stop(struct fwd *d); /* the kernel keeps the gate */
void fwd_gate_tick(struct fwd *d); /* every second */
/* Somebody changed the rule set, or a minute is over. */
void fwd_gate_check(struct fwd *d);
void fwd_gate_closed(struct fwd *d, const struct sk_ipc_client *c);
json_t *fwd_gate_status(struct fwd *d);

/* drift.c: the gate was changed by others; counted, logged, reported. */
void fwd_drift_told(struct fwd *d, const char *table, const struct fw_drift *f, bool repaired);

/* ---- what nacd asks for; all or nothing ---- */
int fwd_gate_ports(struct fwd *d, const struct fw_gate_conf *c, struct sk_err *err);
struct fwd_gate_ask {
	struct fw_gate_key key;
	enum fw_gate_state state;
	uint64_t seconds;
};
/* whole: these are all; the others leave. *ret_us: what the kernel took. err.path: "rows[3].mac".
 */
int fwd_gate_admit(struct fwd *d, const struct fwd_gate_ask *v, size_t n, bool whole,
	uint64_t *ret_us, struct sk_err *err);
/* Rows that are not in are no error. */
int fwd_gate_close(
	struct fwd *d, const struct fw_gate_key *v, size_t n, uint64_t *ret_us, struct sk_err *err);
/* End the connections of these addresses. */
int fwd_gate_cut(
	struct fwd *d, const struct fw_ip *v, size_t n, size_t *ret_cut, struct sk_err *err);
/* Registered devices: the caps for unknown ones do not hold for them. v is taken over (free). */
int fwd_gate_known(struct fwd *d, uint8_t (*v)[FW_MAC_LEN], size_t n, struct sk_err *err);
/* n 0: everybody. */
int fwd_gate_forget(struct fwd *d, const struct fw_gate_key *v, size_t n, struct sk_err *err);
/* Sorted; the array is the caller's. *ret_now: the clock of the rows. NULL without memory. */
struct fw_gate_row *fwd_gate_list(struct fwd *d, size_t *ret_n, uint64_t *ret_now);
/* Frames from now on, and those that were suppressed until now. */
void fwd_gate_subscribe(struct fwd *d, struct sk_ipc_client *c);

#endif
