/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is in by which managed switch, as the server's records tell: so that a revocation reaches the
 * switch that let the device in, also after a restart. One session a MAC: the last one counts.
 */
#ifndef MG_RADIUS_SESSIONS_H
#define MG_RADIUS_SESSIONS_H

#include "mgmt/radius/coa.h"

#define MG_RADIUS_SESSIONS_MAX 20000

struct mg_radius_sessions;

struct mg_radius_session {
	struct mg_coa_session at; /* at.mac is the key */
	char source[46];          /* the switch's address */
	int64_t number;           /* of the device */
	bool dot1x;               /* else by its MAC alone */
	char vlan[33];            /* as it was told */
	int64_t since, until;     /* seconds since 1970; until: then it must have asked again */
	int64_t tried;            /* when a request to end it was last given up, 0 never */
	char ip[46];              /* of the device, "" unknown */
};

int mg_radius_sessions_open(struct mg_radius_sessions **ret, const char *path, struct sk_err *err);
void mg_radius_sessions_close(struct mg_radius_sessions *s);

/* What one record changes. Between begin and end all of a batch is one transaction. */
int mg_radius_sessions_begin(struct mg_radius_sessions *s, struct sk_err *err);
int mg_radius_sessions_note(
	struct mg_radius_sessions *s, const struct mg_radius_record *r, struct sk_err *err);
int mg_radius_sessions_end(struct mg_radius_sessions *s, struct sk_err *err);

/* fn must not change them. number 0: of all devices. Not 0 of fn ends it. */
int mg_radius_sessions_each(struct mg_radius_sessions *s, int64_t number,
	int (*fn)(const struct mg_radius_session *v, void *arg), void *arg, struct sk_err *err);
/* -ENOENT */
int mg_radius_sessions_get(
	struct mg_radius_sessions *s, const char *mac, struct mg_radius_session *ret);
int mg_radius_sessions_drop(struct mg_radius_sessions *s, const char *mac, struct sk_err *err);
int mg_radius_sessions_tried(
	struct mg_radius_sessions *s, const char *mac, int64_t now, struct sk_err *err);
int mg_radius_sessions_moved(
	struct mg_radius_sessions *s, const char *mac, const char *vlan, struct sk_err *err);
/* Those whose time is up, and the oldest beyond MG_RADIUS_SESSIONS_MAX. */
int mg_radius_sessions_prune(struct mg_radius_sessions *s, int64_t now, struct sk_err *err);
int64_t mg_radius_sessions_count(struct mg_radius_sessions *s);

#endif
