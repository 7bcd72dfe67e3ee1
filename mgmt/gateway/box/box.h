/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set-up on a real machine: its ports, the files that keep the settings, the configurations
 * made from them, people's Unix users, the services told. Used by sekisho-setup (as root) and, for
 * the ports, by the manager and the command line.
 */
#ifndef MG_GATEWAY_BOX_H
#define MG_GATEWAY_BOX_H

#include "lib/buf.h"
#include "mgmt/gateway/ports.h"

#define MG_BOX_GATEWAY SK_SYSCONFDIR "/gateway.json"
#define MG_BOX_PEOPLE SK_SYSCONFDIR "/people"
#define MG_BOX_PPPOE SK_SYSCONFDIR "/pppoe.secret"
#define MG_BOX_IFACES_MAX 64

/* Ethernet ports of this network namespace, by name; no bridges, no virtual ones but veth. */
int mg_box_ifaces(struct mg_gw_iface *v, size_t max, size_t *ret_n, struct sk_err *err);

/*
 * Loaded settings and this machine's cards: mg_gateway_fit() for each port. false: one of them does
 * not fit, or the cards cannot be listed.
 */
bool mg_box_fit(struct mg_gateway *g, enum mg_gw_fit fit[static MG_GW_PORTS_MAX]);
/* What does not fit, to the log, in both languages. */
void mg_box_fit_say(const struct mg_gateway *g, const enum mg_gw_fit fit[static MG_GW_PORTS_MAX]);

/* Where everything lies: root "" on the machine itself, a folder in tests. */
struct mg_box {
	const char *root;
};
/* root + path; dst at least 512 bytes; returns dst. */
const char *mg_box_path(const struct mg_box *b, const char *path, char *dst, size_t cap);

/* ---- settings ---------------------------------------------------------------------------------
 */
/* The settings in force, with the line's password. -ENOENT: never set up. *ret_doc may be NULL. */
int mg_box_load(
	const struct mg_box *b, struct mg_gateway **ret, json_t **ret_doc, struct sk_err *err);
/* gateway.json and the line's password, each replaced whole. */
int mg_box_save(
	const struct mg_box *b, const json_t *doc, const struct mg_gateway *g, struct sk_err *err);
/*
 * doc is on trial in this start, or NULL: nothing is. Not kept: a restart ends a trial.
 */
int mg_box_trial(
	const struct mg_box *b, const json_t *doc, const struct mg_gateway *g, struct sk_err *err);
/*
 * Before the settings on trial are kept: those of before, with the line's password, so that they
 * can still return until the registry has recorded it. id: of the trial; once for each.
 */
int mg_box_aside(const struct mg_box *b, const char *id, struct sk_err *err);
/* What was set aside by that trial is what is kept again; nothing was: 0. */
int mg_box_aside_restore(const struct mg_box *b, const char *id, struct sk_err *err);
int mg_box_aside_forget(const struct mg_box *b, struct sk_err *err);

/* One request at a time: waits; closing the descriptor that it returns lets the next one in. */
int mg_box_lock(const struct mg_box *b, struct sk_err *err);
/* How far the trial of this start came: whoever is late must neither begin it nor end another. */
enum mg_box_turn { MG_BOX_NONE, MG_BOX_ON, MG_BOX_KEPT, MG_BOX_BACK };
#define MG_BOX_TRIAL_ID 33
int mg_box_turn_set(
	const struct mg_box *b, const char *id, enum mg_box_turn turn, struct sk_err *err);
enum mg_box_turn mg_box_turn(const struct mg_box *b, char ret_id[static MG_BOX_TRIAL_ID]);

/* As mg_box_load(), but what is on trial where something is; without the line's password then. */
int mg_box_load_used(const struct mg_box *b, struct mg_gateway **ret, struct sk_err *err);
/* The configurations under /run, and away with those of before. */
int mg_box_generate(const struct mg_box *b, const struct mg_gateway *g, struct sk_err *err);
/* Is there such a time zone? -ENOENT "timezone". */
int mg_box_zone(const char *zone, struct sk_err *err);
/* /etc/localtime, /etc/hostname, /etc/hosts, /etc/resolv.conf. */
int mg_box_identity(const struct mg_box *b, const struct mg_gateway *g, struct sk_err *err);
/* Name servers that the line brought, for dnsmasq. */
int mg_box_upstream(const struct mg_box *b, const struct mg_gateway *g, struct sk_err *err);
/* … whenever they change. Returns only with an error. */
int mg_box_upstream_watch(const struct mg_box *b, struct sk_err *err);

/* ---- people -----------------------------------------------------------------------------------
 */
struct mg_box_person {
	char name[32], display[128], hash[256];
	unsigned uid;
};
/* By crypt(3), yescrypt. */
int mg_box_hash(const char *password, char *dst, size_t cap, struct sk_err *err);
/* Does the password open it? */
bool mg_box_verify(const char *password, const char *hash);
/*
 * May these be made, or get a password? Only who is nobody else on this machine: not another's name
 * or number, no user that is not in /etc/sekisho/people, no group's name or member. -EEXIST.
 */
int mg_box_people_check(
	const struct mg_box *b, const struct mg_box_person *v, size_t n, struct sk_err *err);
/* These people into /etc/sekisho/people (others stay), and as Unix users. */
int mg_box_people_set(
	const struct mg_box *b, const struct mg_box_person *v, size_t n, struct sk_err *err);
/* Out of the file, and no Unix user any more; 0 if nobody of that name is in the file. */
int mg_box_people_remove(const struct mg_box *b, const char *name, struct sk_err *err);
/*
 * Unix users for everybody in the file, at each start; who is somebody else on this machine, or has
 * no name for an account, is left out and named in the log. A missing file is no error.
 */
int mg_box_people_boot(const struct mg_box *b, struct sk_err *err);
/* A password that its owner changed: from /etc/shadow back into the file. */
int mg_box_people_save(const struct mg_box *b, struct sk_err *err);

/* ---- services ---------------------------------------------------------------------------------
 */
/* Have systemd take up what was generated. Without a system bus: -EHOSTDOWN. */
int mg_box_activate(const struct mg_gateway *g, struct sk_err *err);

/* The answer file of a stick, an ISO or the service manager's credentials into buf. -ENOENT. */
int mg_box_answers(struct sk_buf *buf, char *where, size_t cap, struct sk_err *err);

#endif
