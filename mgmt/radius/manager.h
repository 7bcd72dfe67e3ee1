/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of struct mg_radius, for radius.c and enforce.c alone. */
#ifndef MG_RADIUS_MANAGER_H
#define MG_RADIUS_MANAGER_H

#include "lib/table.h"
#include "mgmt/radius/agent.h"
#include "mgmt/radius/radius.h"
#include "mgmt/radius/sessions.h"
#include "mgmt/radius/spool.h"

#define MG_RADIUS_PENDING 8192

/* A request on its way, by MAC. */
struct mg_radius_pending {
	int64_t id, number;
	bool change;   /* not: disconnect */
	bool cannot;   /* the switch takes no requests: said once, not again */
	char vlan[33]; /* of a change */
	char source[46];
};

struct mg_radius {
	struct mg_radius_export *x;
	struct mg_radius_sessions *sessions;
	struct mg_radius_spool *spool;
	struct mg_radius_ops ops;
	void *arg;
	sd_event_source *tick, *agent_io;
	int agent_fd;
	uint16_t status_port;
	enum { MG_SERVER_UNKNOWN, MG_SERVER_DOWN, MG_SERVER_UP } server;
	int64_t server_since;
	uint64_t minute;
	struct sk_table *pending; /* MAC → struct mg_radius_pending */
	int64_t next_id;
	/* of the batch being read */
	json_t *batch;
	bool noting, short_of_memory, spool_failed;
	int64_t accepted[MG_RADIUS_BATCH];
	size_t n_accepted;
};

/* enforce.c: compare sessions of a device (0: of all) with the export, and ask for what differs. */
void mg_radius_enforce(struct mg_radius *m, int64_t number);
/* Forget requests nobody answers any more. */
void mg_radius_enforce_tidy(struct mg_radius *m);
/* A new session of this MAC: what was said of the last one does not count. */
void mg_radius_enforce_again(struct mg_radius *m, const char *mac);
int mg_radius_request_cut(
	struct mg_radius *m, const struct mg_radius_session *s, struct sk_err *err);
void mg_radius_agent_config(struct mg_radius *m);
void mg_radius_agent_event(struct mg_radius *m, const json_t *body);

#endif
