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
	enum ips_proto_id id;
	uint8_t ipproto; /* IPPROTO_TCP, IPPROTO_UDP */
	uint8_t dirs;    /* IPS_BUF_TOSERVER | IPS_BUF_TOCLIENT */
	uint32_t need;   /* most bytes it ever wants to see */
	/* Ports where a weak signature suffices; 0 ends. Empty: any. */
	uint16_t ports[4];
	enum ips_probe (*probe)(
		const uint8_t *data, uint32_t len, enum ips_dir dir, bool port_hint);
};

/* Every protocol brings its rows and its parser; the tables of all are in protos.c. */
extern const struct ips_proto *const ips_protos[IPS_P_COUNT]; /* NULL: recognised only */
extern const struct ips_probe_row *const ips_probe_rows[];    /* NULL-terminated lists, by table */

/*
 * TCP: in-order bytes; UDP: one datagram. Handles recognition, hold-back (at most 16 KiB a
 * direction while undecided, then IPS_P_FAILED), protocol changes. data NULL: gap.
 */
void ips_app_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *data,
	uint32_t len, bool eof);
/* Parser events of recognition itself, e.g. applayer_mismatch_protocol_both_directions. */
extern const char *const ips_applayer_events[];
/* "http.request_uri_host_invalid" or "applayer_…" to protocol and number; -1 if unknown. */
int ips_app_event_by_name(const char *name, enum ips_proto_id *ret_proto);

#endif
