/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of protocols: their parsers and what recognises them. A new protocol adds its lines
 * here. Order of the tables is order of asking: strong signatures first.
 */
#include "ips/proto/protos.h"

#include <string.h>

const struct ips_proto *const ips_protos[IPS_P_COUNT] = {
	[IPS_P_TLS] = &ips_tls_proto,
	[IPS_P_SSH] = &ips_ssh_proto,
	[IPS_P_SMTP] = &ips_smtp_proto,
	[IPS_P_FTP] = &ips_ftp_proto,
	[IPS_P_FTPDATA] = &ips_ftpdata_proto,
	[IPS_P_MODBUS] = &ips_modbus_proto,
	[IPS_P_SMB] = &ips_smb_proto,
	[IPS_P_DCERPC] = &ips_dcerpc_proto,
	[IPS_P_QUIC] = &ips_quic_proto,
	[IPS_P_DNS] = &ips_dns_proto,
	[IPS_P_HTTP1] = &ips_http1_proto,
	[IPS_P_HTTP2] = &ips_http2_proto,
};

const struct ips_probe_row *const ips_probe_tables[] = {
	ips_http_probes,
	ips_http2_probes,
	ips_tls_probes,
	ips_ssh_probes,
	ips_smtp_probes,
	ips_ftp_probes,
	ips_smb_probes,
	ips_dcerpc_probes,
	ips_quic_probes,
	ips_dns_probes,
	ips_modbus_probes,
	ips_named_probes,
	NULL,
};

static const char *const applayer_events[] = {
	"applayer_mismatch_protocol_both_directions",
	"applayer_wrong_direction_first_data",
	"applayer_detect_protocol_only_one_direction",
	"applayer_proto_detection_skipped",
	"applayer_no_tls_after_starttls",
	"applayer_unexpected_protocol",
};
#define APPLAYER_COUNT (sizeof(applayer_events) / sizeof(applayer_events[0]))

/* Names of a protocol's events as rules write them; protocols that share a prefix are asked in
 * turn. */
static const char *prefix(enum ips_proto_id id)
{
	return id == IPS_P_HTTP1 ? "http" : ips_proto_info(id)->name;
}

int ips_app_event_by_name(const char *name, enum ips_proto_id *ret_proto)
{
	const char *dot = strchr(name, '.');

	for (unsigned i = 0; i < APPLAYER_COUNT; i++)
		if (strcmp(name, applayer_events[i]) == 0) {
			*ret_proto = IPS_P_UNKNOWN;
			return IPS_AE_MISMATCH_BOTH_DIRECTIONS + (int)i;
		}
	for (int id = IPS_P_FAILED + 1; dot && id < IPS_P_COUNT; id++) {
		const char *p = prefix(id);

		if (strlen(p) != (size_t)(dot - name) || strncmp(p, name, dot - name) != 0 ||
			!ips_protos[id] || !ips_protos[id]->events)
			continue;
		for (int e = 0; ips_protos[id]->events[e]; e++)
			if (strcmp(ips_protos[id]->events[e], dot + 1) == 0) {
				*ret_proto = id;
				return e;
			}
	}
	return -1;
}

const char *ips_app_event_name(enum ips_proto_id proto, unsigned event)
{
	if (event >= IPS_AE_MISMATCH_BOTH_DIRECTIONS) {
		event -= IPS_AE_MISMATCH_BOTH_DIRECTIONS;
		return event < APPLAYER_COUNT ? applayer_events[event] : NULL;
	}
	if (!ips_protos[proto] || !ips_protos[proto]->events)
		return NULL;
	for (unsigned i = 0; ips_protos[proto]->events[i]; i++)
		if (i == event)
			return ips_protos[proto]->events[i];
	return NULL;
}
