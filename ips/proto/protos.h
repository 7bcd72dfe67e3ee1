/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each protocol file exports to protos.c: its parser and its table of probes. */
#ifndef IPS_PROTO_PROTOS_H
#define IPS_PROTO_PROTOS_H

#include "ips/proto/recognise.h"

extern const struct ips_proto ips_tls_proto;
extern const struct ips_probe_row ips_tls_probes[];
extern const struct ips_proto ips_ssh_proto;
extern const struct ips_probe_row ips_ssh_probes[];
extern const struct ips_proto ips_ftp_proto, ips_ftpdata_proto;
extern const struct ips_probe_row ips_ftp_probes[];
extern const struct ips_proto ips_smtp_proto;
extern const struct ips_probe_row ips_smtp_probes[];
extern const struct ips_proto ips_modbus_proto;
extern const struct ips_probe_row ips_modbus_probes[];
extern const struct ips_proto ips_smb_proto;
extern const struct ips_probe_row ips_smb_probes[];
extern const struct ips_proto ips_dcerpc_proto;
extern const struct ips_probe_row ips_dcerpc_probes[];
extern const struct ips_proto ips_quic_proto;
extern const struct ips_probe_row ips_quic_probes[];
extern const struct ips_proto ips_dns_proto;
extern const struct ips_probe_row ips_dns_probes[];
extern const struct ips_proto ips_http1_proto;
extern const struct ips_probe_row ips_http_probes[];
extern const struct ips_proto ips_http2_proto;
extern const struct ips_probe_row ips_http2_probes[];
extern const struct ips_probe_row ips_named_probes[];

#endif
