/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What listed.c (HTTP, TLS, QUIC, learned addresses) and listed_dns.c share. */
#ifndef IPS_ENGINE_LISTED_H
#define IPS_ENGINE_LISTED_H

#include "ips/engine/worker.h"

/* Something a parser found, and what the lists say of it. */
struct ips_listed {
	const char *kind; /* "dns", "http", "url", "tls", "cert", "ja3", "ja4", "quic", "learned" */
	struct ips_view name;
	enum ips_lists_verdict verdict;
	struct ips_lists_hit hit; /* unless the verdict is NONE */
};

/* What the lists say of a name. */
struct ips_listed ips_listed_look(struct ips_worker *w, const char *kind, struct ips_view name);
/* Every name that a client asks for or is led to, once a transaction: it is a contact as well. */
struct ips_listed ips_listed_name(
	struct ips_worker *w, struct ips_packet *p, const char *kind, struct ips_view name);
/* decision NULL: only told. */
void ips_listed_report(struct ips_worker *w, struct ips_packet *p, const struct ips_listed *x,
	const char *decision);
/* Act and tell as the verdict says. True: the flow ends here. */
bool ips_listed_act(struct ips_worker *w, struct ips_packet *p, const struct ips_listed *x,
	struct ips_verdict *v);

/* A connection of the gateway's own: it came from no interface, but goes out of one. */
static inline bool ips_listed_own(const struct ips_flow *f)
{
	return f && !f->in_dev && f->out_dev;
}

void ips_listed_dns(
	struct ips_worker *w, struct ips_packet *p, struct ips_tx *tx, struct ips_verdict *v);

#endif
