/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What parsers are allowed: sizes of bodies, headers and lines, layers of compression. */
#ifndef IPS_PROTO_APP_CONFIG_H
#define IPS_PROTO_APP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct ips_app_config {
	uint32_t body_limit[2];    /* HTTP bodies, attachments: bytes kept and inspected: 100 kB */
	uint32_t decompress_max;   /* output of one body's decompression: 1 MiB, then an event */
	uint8_t decompress_layers; /* 2 */
	uint32_t headers_max;      /* header lines of a message: 1024 */
	uint32_t line_max;         /* longest line buffered: 16 KiB (HTTP 18 kB) */
	bool tls_bypass;           /* report TLS as opaque after the handshake */
};
void ips_app_config_default(struct ips_app_config *cfg);

#endif
