/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon that acts (fwd, ipsd, nacd) as mgmtd sees it: its events are stored, it is called. For
 * the daemon's own parts; handlers have daemon.h.
 */
#ifndef MG_PEER_H
#define MG_PEER_H

#include "mgmt/mgmtd/private.h"

struct mg_peer_kind {
	const char *name; /* of the program */
	struct sk_text label;
	int status_ms;
	void (*connected)(struct mg_daemon *d, const json_t *status);
	void (*settle)(struct mg_daemon *d); /* mg_ingest_enrich asked for it; may be NULL */
};
extern const struct mg_peer_kind mg_peer_fwd, mg_peer_ips, mg_peer_nac;
int mg_peer_new(struct mg_peer **ret, struct mg_daemon *d, const struct mg_peer_kind *kind,
	const char *socket, struct sk_err *err);
/* In a forked reader. */
int mg_peer_calls_only(struct mg_peer **ret, struct mg_daemon *d, const struct mg_peer_kind *kind,
	const char *socket, struct sk_err *err);
void mg_peer_free(struct mg_peer *f);
bool mg_peer_connected(const struct mg_peer *f);
int mg_peer_call(struct mg_peer *f, const char *op, json_t *args, int memfd, int timeout_ms,
	int (*on_data)(json_t *body, void *arg), void *arg, json_t **ret_end, struct sk_err *err);

/* A call to fwd with a deadline of its own. */
int mg_fw_call_ms(struct mg_daemon *d, const char *op, json_t *args, int memfd, int timeout_ms,
	int (*on_data)(json_t *body, void *arg), void *arg, json_t **ret_end, struct sk_err *err);

#endif
