/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which protocol a flow speaks, told by content in either direction on any port; the port only
 * breaks ties. Also the door to the parsers: bytes go in here, to recognition first and, once the
 * protocol is known, to its parser (with what was held back meanwhile).
 */
#ifndef IPS_PROTO_RECOGNISE_H
#define IPS_PROTO_RECOGNISE_H

#include "ips/proto/app.h"

/* What one probe says about the beginning of one direction. */
enum ips_probe { IPS_PROBE_NO, IPS_PROBE_MORE, IPS_PROBE_YES };

struct ips_probe_row {
	enum ips_proto_id id; /* IPS_P_UNKNOWN ends a table */
	uint8_t ipproto;      /* IPPROTO_TCP, IPPROTO_UDP */
	uint8_t dirs;         /* IPS_BUF_TOSERVER | IPS_BUF_TOCLIENT */
	/* Ports where a weak signature suffices (port_hint); 0 ends. */
	uint16_t ports[4];
	enum ips_probe (*probe)(
		const uint8_t *data, uint32_t len, enum ips_dir dir, bool port_hint);
};

/* Every protocol brings its rows and its parser; protos.c lists them. */
extern const struct ips_proto *const ips_protos[IPS_P_COUNT]; /* NULL: recognised only */
extern const struct ips_probe_row *const ips_probe_tables[];  /* NULL-terminated */

#define IPS_HOLD_MAX (16 * 1024) /* bytes a direction held back while undecided */

/* Recognition's own events, in ips_app.events beyond every parser's. */
enum ips_applayer_event {
	IPS_AE_MISMATCH_BOTH_DIRECTIONS = IPS_APP_EVENTS - 8,
	IPS_AE_WRONG_DIRECTION_FIRST_DATA,
	IPS_AE_ONLY_ONE_DIRECTION,
	IPS_AE_DETECTION_SKIPPED,
	IPS_AE_NO_TLS_AFTER_STARTTLS,
	IPS_AE_UNEXPECTED_PROTOCOL,
};

/*
 * TCP: in-order bytes; UDP: one datagram. Handles recognition, hold-back, protocol changes. data
 * NULL with len > 0: a gap.
 */
void ips_app_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *data,
	uint32_t len, bool eof);
/*
 * After detection: a protocol changed within the data just given, and bytes of the next one wait.
 * True if they were parsed now: detect once more.
 */
bool ips_app_continue(struct ips_app *a, struct ips_app_ctx *c);
void ips_app_held_free(struct ips_app *a, struct ips_mem *m);

/*
 * What stands after `app-layer-event:` ("http.invalid_request_line",
 * "applayer_wrong_direction_first_data") to protocol (IPS_P_UNKNOWN: any) and number; -1 if
 * unknown.
 */
int ips_app_event_by_name(const char *name, enum ips_proto_id *ret_proto);
/* NULL if unknown. */
const char *ips_app_event_name(enum ips_proto_id proto, unsigned event);

#endif
