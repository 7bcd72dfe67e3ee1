/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host names a certificate is for: dNSName of subjectAltName, and the subject's CN (RFC 6125).
 */
#ifndef IPS_PROTO_TLS_NAMES_H
#define IPS_PROTO_TLS_NAMES_H

#include "ips/packet/packet.h"

#define IPS_CERT_NAMES_MAX 512

/*
 * Tell fn each name of the DER certificate, CN first, as it stands there ("*.example.com"), at most
 * IPS_CERT_NAMES_MAX; fn returning true ends it. Views into cert. Nothing is verified.
 */
void ips_cert_names(struct ips_view cert, bool (*fn)(struct ips_view name, void *arg), void *arg);
/* Does a name of a certificate stand for host (one label for "*")? */
bool ips_cert_name_covers(struct ips_view name, struct ips_view host);

#endif
