/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DCE/RPC PDUs (C706, MS-RPCE): bindings, calls and their stub data, over TCP by themselves and
 * over SMB's named pipes. The state of one association and the calls it makes.
 */
#ifndef IPS_PROTO_DCERPC_H
#define IPS_PROTO_DCERPC_H

#include "ips/proto/body.h"

#define DCE_IFACES 32
#define DCE_HEADER 16
#define DCE_ROW 19 /* an instance of IPS_BUF_DCE_IFACE_ROW: UUID, version, later fragment */

enum dce_event { DCE_EV_PDU_BAD, DCE_EV_TOO_MANY_IFACES };

struct dce_iface {
	uint16_t context;
	uint8_t row[DCE_ROW];
	bool acked, refused;
};

/* One association: what was bound, and the PDU coming in each direction. */
struct dce_assoc {
	struct dce_iface iface[DCE_IFACES];
	uint32_t ifaces;
	uint8_t *pdu[2];
	uint32_t len[2], cap[2];
	bool lost[2];
	/* Stub data of answers begin at their allocation hint: over TCP the language has it so. */
	bool hints;
};

/* What a transaction holds of a call. */
struct dce_call {
	bool is_call, is_bind;
	uint32_t id; /* call_id */
	uint16_t opnum, context;
	uint8_t row[DCE_ROW]; /* the interface called */
	bool has_row;
	bool answered;
	struct ips_body stub[2];
};

struct dce_ops {
	/* The call of dir's PDU: an existing one for answers and later fragments, else a new one.
	 * NULL: no memory. */
	struct dce_call *(*call)(uint32_t id, enum ips_dir dir, bool first, void *arg);
	void (*done)(struct dce_call *c, enum ips_dir dir, void *arg); /* last fragment of dir */
	void (*event)(enum dce_event e, void *arg);
	void *arg;
};

/* Bytes of one direction, in order. */
void dce_feed(struct dce_assoc *a, struct ips_mem *m, enum ips_dir dir, const uint8_t *p,
	uint32_t n, const struct dce_ops *ops);
void dce_done(struct dce_assoc *a, struct ips_mem *m);
void dce_call_init(struct dce_call *c, const struct ips_app_config *cfg);
void dce_call_done(struct dce_call *c, struct ips_mem *m);
/* Buffers and numbers of a call, for ips_proto. */
enum ips_buf_state dce_buffer(const struct dce_call *c, enum ips_buf buf, enum ips_dir dir,
	unsigned index, bool over, struct ips_buf_view *ret);
bool dce_number(const struct dce_call *c, enum ips_num num, uint64_t *ret);
void dce_log(const struct dce_call *c, struct ips_json *j);
/* The header of a version 5.0 PDU of a known type, at least DCE_HEADER bytes. */
bool dce_looks_like(const uint8_t *p);

#endif
